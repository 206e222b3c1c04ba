"""Yes-or-no answers about single spans, put together: what a text must hold, and what it must not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from .tasks import INPUT_HASH, TASK_HASH, Task, set_hashes

# Start, end (exclusive) and label; in characters, or in tokens where that is said.
Place = tuple[int, int, str]


@dataclass
class Judged:
    """What was answered about one text.

    task (Task): The first task about it.
    accepted, rejected (list[Place]): Spans, in characters; a span is in one of them, by the newest answer.
    """

    task: Task
    accepted: list[Place] = field(default_factory=list)
    rejected: list[Place] = field(default_factory=list)


def judged(answers: Iterable[Task]) -> list[Judged]:
    """Put answers together by text.

    answers (Iterable[Task]): Answered tasks, oldest first, each with the spans that were asked about. Ignored ones say
        nothing; a task without an answer counts as accepted.
    RETURNS (list[Judged]): One a text, in order.
    """
    texts: dict[int, Judged] = {}
    verdicts: dict[int, dict[Place, bool]] = {}
    for answer in answers:
        if answer.get("answer", "accept") not in ("accept", "reject"):
            continue
        key = set_hashes(answer)[INPUT_HASH]
        texts.setdefault(key, Judged(answer))
        mine = verdicts.setdefault(key, {})
        for span in answer.get("spans") or []:
            place = (span["start"], span["end"], str(span.get("label", "")))
            mine.pop(place, None)
            mine[place] = answer.get("answer", "accept") == "accept"
    for key, found in texts.items():
        found.accepted = [place for place, good in verdicts[key].items() if good]
        found.rejected = [place for place, good in verdicts[key].items() if not good]
    return list(texts.values())


def merge_spans(answers: Iterable[Task]) -> list[Task]:
    """One task a text, with all spans that were accepted about it."""
    merged = []
    for text in judged(answers):
        spans = [{"start": start, "end": end, "label": label} for start, end, label in sorted(text.accepted)]
        made = {key: value for key, value in text.task.items() if key != TASK_HASH}
        merged.append(set_hashes({**made, "spans": spans, "answer": "accept"}))
    return merged


def obeys(spans: Iterable[Place], accepted: Iterable[Place], rejected: Iterable[Place]) -> bool:
    """Whether a reading holds all accepted spans and none of the rejected."""
    have = set(spans)
    return have.issuperset(accepted) and not have.intersection(rejected)


def corrected(spans: Iterable[Place], accepted: Sequence[Place], rejected: Iterable[Place]) -> list[Place]:
    """A reading with the accepted spans put in, and what is rejected or in their way taken out.

    RETURNS (list[Place]): In order; of accepted spans that overlap, the later one stays.
    """
    kept: list[Place] = []
    for place in accepted:
        kept = [other for other in kept if not _overlap(place, other)] + [place]
    out = set(rejected)
    for place in spans:
        if place not in out and not any(_overlap(place, other) for other in kept):
            kept.append(place)
    return sorted(kept)


def _overlap(one: Place, other: Place) -> bool:
    return one[0] < other[1] and other[0] < one[1]
