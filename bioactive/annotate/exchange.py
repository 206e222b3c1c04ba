"""Answers into and out of the store, as JSON lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from ..blocks import OnDone
from .loaders import read_examples
from .store import Store
from .tasks import SESSION_ID, Task, set_hashes, to_json


@dataclass(frozen=True)
class Imported:
    """What `db_in` did: rows added, and rows that were there already."""

    added: int
    known: int


@dataclass
class DatasetStats:
    """What a dataset holds.

    name (str): Its name.
    total (int): Answers, without those that a newer one replaced.
    answers (Counter[str]): How many of each kind.
    spans (int): Spans in accepted answers.
    sessions (Counter[str]): Answers of each session.
    """

    name: str
    total: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    spans: int = 0
    sessions: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Throughput:
    """How fast a session answers.

    session (str): The session.
    answers (int): Answers taken, with those that a newer one replaced.
    seconds (float | None): The median time from a task's appearance to its answer.
    first, last (float): When the first and the last answer were given, in seconds since 1970.
    """

    session: str
    answers: int
    seconds: float | None
    first: float
    last: float


def db_in(store: Store, name: str, path: Path, rehash: bool = False, on_done: OnDone = lambda items: None) -> Imported:
    """Read answers from a JSONL file into a dataset, all or none.

    The file is read as it is written, in one transaction: other writers wait until the end.

    store (Store): The store.
    name (str): The dataset; it is made if need be.
    path (Path): The file. A line without `answer` counts as accepted.
    rehash (bool): Compute the hashes anew even where the lines have them.
    on_done (Callable): Told how many answers are done since it was told last.
    RETURNS (Imported): How many were new.
    RAISES (BioactiveError): B408 without a file, B409 for the first line that is no task.
    """
    read = 0

    def count(items: int) -> None:
        nonlocal read
        read += items
        on_done(items)

    examples: Iterator[Task] = (
        example if "answer" in example else {**example, "answer": "accept"} for example in read_examples(path)
    )
    if rehash:
        examples = (set_hashes(example, overwrite=True) for example in examples)
    added = store.add_examples(examples, [name], count)
    return Imported(added, read - added)


def db_out(store: Store, name: str) -> Iterator[str]:
    """The answers of a dataset as JSON, one at a time, oldest first.

    RAISES (BioactiveError): B407 when there is no such dataset.
    """
    return map(to_json, store.iter_examples(name))


def db_merge(store: Store, names: Sequence[str], name: str, on_done: OnDone = lambda items: None) -> int:
    """Add the answers of several datasets to another one; those that it has already count once.

    store (Store): The store.
    names (Sequence[str]): The datasets to read.
    name (str): The dataset to add to; it is made if need be.
    on_done (Callable): Told how many answers are done since it was told last.
    RETURNS (int): How many were new.
    RAISES (BioactiveError): B407 when there is no such dataset.
    """
    for source in names:
        store.get_meta(source)  # before anything is added
    return sum(store.add_examples(store.iter_examples(source), [name], on_done) for source in names)


def throughput(store: Store, name: str) -> list[Throughput]:
    """How fast each session answers, from the times that the page reported.

    RAISES (BioactiveError): B407 when there is no such dataset.
    """
    store.get_meta(name)
    times: dict[str, list[tuple[float, float | None]]] = {}
    for session, shown, answered, received in store.times(name):
        taken = None if shown is None or answered is None else answered - shown
        times.setdefault(session, []).append((received if answered is None else answered, taken))
    return [_throughput(session, found) for session, found in sorted(times.items())]


def _throughput(session: str, times: Sequence[tuple[float, float | None]]) -> Throughput:
    taken = [seconds for _, seconds in times if seconds is not None]
    ends = [end for end, _ in times]
    return Throughput(session, len(times), median(taken) if taken else None, min(ends), max(ends))


def dataset_stats(store: Store, name: str) -> DatasetStats:
    """Count what a dataset holds.

    RAISES (BioactiveError): B407 when there is no such dataset.
    """
    stats = DatasetStats(name)
    for example in store.iter_examples(name):
        stats.total += 1
        stats.answers[example.get("answer", "")] += 1
        stats.sessions[example.get(SESSION_ID) or ""] += 1
        if example.get("answer") == "accept":
            stats.spans += len(example.get("spans") or [])
    return stats


def written(example: Task) -> str:
    """An answer on one line: its kind, and the text with its spans in brackets."""
    text = str(example.get("text", example.get("html", "")))
    edges = [(span["end"], 0, f"|{span.get('label', '')}]") for span in example.get("spans") or []]
    edges += [(span["start"], 1, "[") for span in example.get("spans") or []]
    # From the end, so that places stay what they are; where two spans meet, the first closes before the next opens.
    for place, _, mark in sorted(edges, reverse=True):
        text = text[:place] + mark + text[place:]
    chosen = " ".join(f"({name})" for name in [example.get("label"), *(example.get("accept") or [])] if name)
    return " ".join(f"{example.get('answer', ''):7} {text} {chosen}".split("\n")).rstrip()
