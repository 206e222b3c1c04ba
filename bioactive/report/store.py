"""The report of a folder of revisions: how good each one is, which is in use, and who decided it."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from bioactive.evaluation.bootstrap import Interval
from bioactive.models.promotions import Entry, history
from bioactive.models.revisions import Manifest, Revisions, round_of
from bioactive.tables import table

from .curve import Point, learning_curve
from .page import ranged, section, text, words, write_html

TYPES_SHOWN = 6


def write_store_report(revisions: Revisions, path: Path) -> Path:
    """Write the page of a folder of revisions.

    revisions (Revisions): The store.
    path (Path): The page.
    RETURNS (Path): The same path.
    RAISES (BioactiveError): B800 for a manifest that cannot be read, B805 for a line of the log.
    """
    found = [revisions.manifest(name) for name in revisions.names()]
    current = revisions.current()
    in_use = current.name if current is not None else ""
    told = f"{len(found):,} revisions; {f'{in_use} is in use' if in_use else 'none is in use'}."
    parts = [
        text(told),
        learning_curve(points_of(found), told=False),
        section("Revisions", _revisions(found, in_use)),
        _types(found[-TYPES_SHOWN:]),
        _log(history(revisions.root)),
    ]
    return write_html(path, f"Revisions in {revisions.root.name or revisions.root}", parts)


def points_of(found: Sequence[Manifest], origin: bool = False) -> list[Point]:
    """What manifests say for a learning curve; those without a score on dev are left out.

    found (Sequence[Manifest]): Oldest first.
    origin (bool): Begin with the pipeline that the first one was retrained from.
    RETURNS (list[Point]): The points.
    """
    points: list[Point] = []
    for one in found:
        f1, dev = _interval(one, "dev_after"), one.data.get("dev", "")
        before = _interval(one, "dev_before") if origin and not points else None
        if before is not None:
            points.append(Point(Path(one.parent).name, 0, 0, 0, before, dev=dev))
        if f1 is not None:
            answers = sum(one.answers.values())
            points.append(
                Point(one.name, round_of(one.name), one.words, answers, f1, _interval(one, "dev_difference"), dev)
            )
    return points


def _revisions(found: Sequence[Manifest], in_use: str) -> str:
    head = ["revision", "made", "answers", "F1 on dev", "against its parent", "F1 on test", "words a second", "MB"]
    rows = []
    for one in found:
        speed = one.metrics.get("words_per_second")
        rows.append(
            [
                f"{one.name}{' (in use)' if one.name == in_use else ''}",
                escape(one.created[:16].replace("T", " ")),
                f"{sum(one.answers.values()):,}",
                *(_score(one, key) for key in ("dev_after", "dev_difference", "test_after")),
                "" if speed is None else f"{speed:,.0f}",
                f"{one.size / 1e6:,.1f}" if one.size else "",
            ]
        )
    return table("Oldest first; 95 % intervals over documents", head, rows)


def _types(found: Sequence[Manifest]) -> str:
    scores = {one.name: one.metrics.get("dev_types", {}) for one in found}
    labels = sorted({label for each in scores.values() for label in each})
    rows = [
        [label, *("" if label not in each else ranged(Interval(*each[label])) for each in scores.values())]
        for label in labels
    ]
    told = f"F1 of each type on dev, the last {len(found)} revisions"
    return section("By type", table(told, ["type", *scores], rows)) if rows else ""


def _log(entries: Sequence[Entry]) -> str:
    rows = [
        [one.when[:16].replace("T", " "), *map(escape, (one.who, one.action, one.name, one.before)), words(one.why)]
        for one in reversed(entries)
    ]
    head = ["when", "who", "what", "to", "from", "why"]
    return section("What was put to use", table("Newest first", head, rows)) if rows else ""


def _score(found: Manifest, key: str) -> str:
    interval = _interval(found, key)
    if interval is None:
        return ""
    sign = "+" if key.endswith("difference") and interval.value >= 0 else ""
    return f"{sign}{ranged(interval)}"


def _interval(found: Manifest, key: str) -> Interval | None:
    value: Any = found.metrics.get(key)
    return None if value is None else Interval(*value)
