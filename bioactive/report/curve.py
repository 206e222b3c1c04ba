"""The learning curve of revisions: F1 on dev over the words or the answers that they learnt from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bioactive.evaluation.bootstrap import Interval
from bioactive.tables import table

from .drawing import Drawing, Line
from .page import figure, ranged, section, text


@dataclass(frozen=True)
class Point:
    """One pipeline of a learning curve.

    name (str): What it is called.
    number (int): Of the round that made it.
    words, answers (int): What it learnt from beside the corpus; words are 0 where they were not counted.
    f1 (Interval): On dev.
    gain (Interval | None): Its F1 less that of its parent, paired.
    dev (str): SHA-256 of the dev set; only points of one dev set can be compared.
    """

    name: str
    number: int
    words: int
    answers: int
    f1: Interval
    gain: Interval | None = None
    dev: str = ""


def learning_curve(points: Sequence[Point], told: bool = True) -> str:
    """The curve and its table.

    points (Sequence[Point]): Oldest first. Those of another dev set than the last one's are left out, and counted.
    told (bool): Put the table of the points below it.
    RETURNS (str): A section; nothing for fewer than two points.
    """
    kept = [one for one in points if one.dev == points[-1].dev]
    if len(kept) < 2:
        return ""
    title, places = _axis(kept)
    # Of two that learnt from as much, the newer counts.
    last = dict(sorted(zip(places, (one.f1 for one in kept), strict=True), key=lambda each: each[0]))
    x = np.array(list(last), dtype=float)
    low, mean, high = (np.array([getattr(f1, name) for f1 in last.values()]) for name in ("low", "value", "high"))
    caption = f"F1 on dev over {title}, with its 95 % interval over documents"
    line = Line("dev", "var(--c1)", x, mean, low, high, dots=True)
    chart = figure(Drawing([line], [], title, caption).svg(), caption)
    left = len(points) - len(kept)
    told_of = text(f"{left:,} earlier ones were scored on another dev set and are left out.", soft=True) if left else ""
    return section("Learning curve", chart, _table(kept) if told else "", told_of)


def _axis(points: Sequence[Point]) -> tuple[str, list[int]]:
    """What the curve is drawn over: words where all points beyond the first answers know them, else answers, else the
    number of the round."""
    words, answers = [one.words for one in points], [one.answers for one in points]
    if len(set(words)) > 1 and all(one.words or not one.answers for one in points):
        return "words labelled", words
    if len(set(answers)) > 1:
        return "answers learnt from", answers
    return "revision", [one.number for one in points]


def _table(points: Sequence[Point]) -> str:
    head = ["revision", "answers", "words", "F1 on dev", "less its parent's"]
    rows = [
        [
            one.name,
            f"{one.answers:,}",
            f"{one.words:,}" if one.words or not one.answers else "",
            ranged(one.f1),
            "" if one.gain is None else f"{'+' if one.gain.value >= 0 else ''}{ranged(one.gain)}",
        ]
        for one in points
    ]
    return table("Oldest first; each is retrained from the one before", head, rows)
