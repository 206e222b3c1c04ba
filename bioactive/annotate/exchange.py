"""Answers into and out of the store, as JSON lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from .loaders import read_examples
from .store import Store
from .tasks import SESSION_ID, to_json


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


def db_in(store: Store, name: str, path: Path) -> Imported:
    """Read answers from a JSONL file into a dataset, all or none.

    store (Store): The store.
    name (str): The dataset; it is made if need be.
    path (Path): The file. A line without `answer` counts as accepted.
    RETURNS (Imported): How many were new.
    RAISES (BioactiveError): B408 without a file, B409 for the first line that is no task.
    """
    examples = [example if "answer" in example else {**example, "answer": "accept"} for example in read_examples(path)]
    added = store.add_examples(examples, [name])
    return Imported(added, len(examples) - added)


def db_out(store: Store, name: str) -> Iterator[str]:
    """The answers of a dataset as JSON, one at a time, oldest first.

    RAISES (BioactiveError): B407 when there is no such dataset.
    """
    return map(to_json, store.iter_examples(name))


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
