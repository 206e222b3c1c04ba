"""An evaluation as a small HTML table, as notebooks show it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bioactive.tables import table

from .bootstrap import Interval

if TYPE_CHECKING:
    from .evaluate import Evaluation, Score

HEAD = ("exact entities", "precision", "recall", "F1", "95 % interval", "gold", "predicted", "correct")
TOTALS = {"micro": "all, micro", "macro": "all, macro", "boundary": "edges, any type"}


def evaluation_html(result: Evaluation) -> str:
    """Scores by type and in all, in per cent.

    result (Evaluation): What was found.
    RETURNS (str): Markup; names of types are escaped.
    """
    told = f"{result.entities} on {result.mode}: {result.documents:,} documents, {result.words:,} annotated words"
    if result.calibration is not None:
        told += f"; calibration error {result.calibration.ece:.3f}"
    return table(told, HEAD, _rows(result))


def _rows(result: Evaluation) -> Iterator[list[str]]:
    for name, score in result.types.items():
        yield [name, *_cells(score)]
    for key, name in TOTALS.items():
        yield [name, *_cells(result.totals[key])]


def _cells(score: Score) -> list[str]:
    numbers = [_percent(part) for part in (score.precision, score.recall, score.f1)]
    interval = f"{100 * score.f1.low:.1f} to {100 * score.f1.high:.1f}"
    return [*numbers, interval, *(f"{number:,}" for number in (score.gold, score.predicted, score.correct))]


def _percent(found: Interval) -> str:
    return f"{100 * found.value:.1f}"
