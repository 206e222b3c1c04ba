"""Whether confidences mean what they say: of the entities given .8, four in five should be right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class ReliabilityBin:
    """One row of the reliability table.

    low, high (float): The bin's bounds: confidences c with low < c <= high; the first bin holds 0 as well.
    count (int): Predictions in the bin.
    confidence (float): Their mean confidence; 0.0 where there are none.
    accuracy (float): The share of them that is right; 0.0 where there are none.
    """

    low: float
    high: float
    count: int
    confidence: float
    accuracy: float


def reliability_table(confidences: Sequence[float], right: Sequence[bool], bins: int = 10) -> list[ReliabilityBin]:
    """Confidence beside accuracy in bins of equal width.

    confidences (Sequence[float]): Confidence of each predicted entity, in [0, 1].
    right (Sequence[bool]): Whether that entity is in gold with the same edges and the same type.
    bins (int): Number of bins; 10 and 15 are usual.
    RETURNS (list[ReliabilityBin]): A row a bin, empty bins too.
    """
    sure, hit = _arrays(confidences, right)
    index = np.clip(np.ceil(sure * bins).astype(int) - 1, 0, bins - 1)
    rows = []
    for i in range(bins):
        inside = index == i
        rows.append(_bin(i / bins, (i + 1) / bins, sure[inside], hit[inside]))
    return rows


def ece(confidences: Sequence[float], right: Sequence[bool], bins: int = 10) -> float:
    """Expected calibration error: the mean distance of confidence and accuracy over equal-width bins.

    confidences (Sequence[float]): Confidence of each predicted entity, in [0, 1].
    right (Sequence[bool]): Whether that entity is in gold.
    bins (int): Number of bins.
    RETURNS (float): sum over bins of (predictions in the bin / all predictions) * |accuracy - mean confidence|;
        in [0, 1], 0.0 without predictions.
    Source: Naeini et al. 2015, Obtaining well calibrated probabilities using Bayesian binning; Guo et al. 2017.
    """
    return _expected_error(reliability_table(confidences, right, bins))


def adaptive_ece(confidences: Sequence[float], right: Sequence[bool], bins: int = 10) -> float:
    """Expected calibration error over bins of equal count, which crowded ends do not distort.

    confidences (Sequence[float]): Confidence of each predicted entity, in [0, 1].
    right (Sequence[bool]): Whether that entity is in gold.
    bins (int): Number of bins; the first ones get one prediction more where the count does not divide.
    RETURNS (float): As in `ece`.
    Source: Nguyen & O'Connor 2015, Posterior calibration and exploratory analysis for NLP models.
    """
    sure, hit = _arrays(confidences, right)
    order = np.argsort(sure, kind="stable")
    parts = zip(np.array_split(sure[order], bins), np.array_split(hit[order], bins), strict=True)
    return _expected_error([_bin(0.0, 1.0, c, y) for c, y in parts])


def brier(confidences: Sequence[float], right: Sequence[bool]) -> float:
    """Brier score of the predicted entities: the mean squared distance of confidence and outcome.

    confidences (Sequence[float]): Confidence of each predicted entity, in [0, 1].
    right (Sequence[bool]): Whether that entity is in gold; counts as 1 or 0.
    RETURNS (float): In [0, 1]; 0.0 without predictions.
    Source: Brier 1950, Verification of forecasts expressed in terms of probability (the form for one event).
    """
    sure, hit = _arrays(confidences, right)
    return float(((sure - hit) ** 2).mean()) if len(sure) else 0.0


def _arrays(confidences: Sequence[float], right: Sequence[bool]) -> tuple[np.ndarray, np.ndarray]:
    return np.asarray(confidences, dtype=np.float64), np.asarray(right, dtype=np.float64)


def _bin(low: float, high: float, sure: np.ndarray, hit: np.ndarray) -> ReliabilityBin:
    if not len(sure):
        return ReliabilityBin(low, high, 0, 0.0, 0.0)
    return ReliabilityBin(low, high, len(sure), float(sure.mean()), float(hit.mean()))


def _expected_error(rows: Sequence[ReliabilityBin]) -> float:
    total = sum(row.count for row in rows)
    return sum(row.count * abs(row.accuracy - row.confidence) for row in rows) / total if total else 0.0
