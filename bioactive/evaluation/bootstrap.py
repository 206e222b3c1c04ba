"""Intervals by resampling documents, and the paired comparison of two systems.

Documents are drawn, never sentences or entities: the sentences of one abstract repeat its words, and drawing them
apart makes intervals too narrow.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from bioactive.errors import error

from .scores import GOLD, Counts, Metric, micro, prf


class Interval(NamedTuple):
    """A number and the bounds of its percentile interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


@dataclass(frozen=True)
class Paired:
    """How a system compares with another on the same documents.

    difference (Interval): Second minus first, on the data and over the resamples.
    share_worse (float): The share of resamples in which the second is worse than the first.
    share_equal (float): The share in which both are the same.
    """

    difference: Interval
    share_worse: float
    share_equal: float


def resample(documents: int, resamples: int = 1000, seed: int = 0) -> np.ndarray:
    """How often each document is drawn in each resample.

    documents (int): Number of documents, D.
    resamples (int): Number of resamples, R.
    seed (int): The same seed draws the same resamples.
    RETURNS (np.ndarray): [R, D]; each row sums to D.
    """
    if not documents:
        return np.zeros((resamples, 0))
    rng = np.random.default_rng(seed)
    return rng.multinomial(documents, np.full(documents, 1 / documents), size=resamples).astype(np.float64)


def distribution(counts: np.ndarray, metric: Metric, weights: np.ndarray) -> np.ndarray:
    """A metric on every resample.

    counts (np.ndarray): [D, T, 3].
    metric (Metric): A function of the module `scores` from [..., T, 3].
    weights (np.ndarray): [R, D], from `resample`.
    RETURNS (np.ndarray): [R, ...], what the metric gives for each resample.
    """
    # float64 holds these sums exactly up to 2 ** 53, and multiplies as BLAS does.
    totals = weights @ counts.reshape(len(counts), math.prod(counts.shape[1:])).astype(np.float64)
    return metric(totals.reshape(len(weights), *counts.shape[1:]))


def intervals(counts: np.ndarray, metric: Metric, weights: np.ndarray, level: float = 0.95) -> np.ndarray:
    """A metric on all documents with its percentile interval.

    counts (np.ndarray): [D, T, 3].
    metric (Metric): A function from [..., T, 3] to [..., *S].
    weights (np.ndarray): [R, D], from `resample`.
    level (float): Coverage of the interval.
    RETURNS (np.ndarray): [*S, 3], the last axis [value, low, high].
    Source: Efron 1979, Bootstrap methods: another look at the jackknife; percentile interval.
    """
    value = metric(counts.sum(axis=0))
    tail = (1 - level) / 2
    low, high = np.quantile(distribution(counts, metric, weights), [tail, 1 - tail], axis=0)
    return np.stack([value, low, high], axis=-1)


def interval(counts: np.ndarray, metric: Metric = micro, *, resamples: int = 1000, seed: int = 0) -> list[Interval]:
    """The 95 % intervals of precision, recall and F1, in this order, under one of the averages.

    counts (np.ndarray): [D, T, 3], such as `Counts.spans`.
    metric (Metric): `micro`, `macro` or `weighted`.
    resamples (int): Number of resamples.
    seed (int): Seed of the resampling.
    RETURNS (list[Interval]): Three intervals.
    """
    found = intervals(counts, metric, resample(len(counts), resamples, seed))
    return [Interval(*map(float, row)) for row in found]


def paired_f1(
    first: Counts, second: Counts, metric: Metric = micro, *, resamples: int = 1000, seed: int = 0, level: float = 0.95
) -> Paired:
    """Compare the span F1 of two systems on the same resamples of the same documents.

    first, second (Counts): The systems' counts; the same documents in the same order, types may differ.
    metric (Metric): `micro`, `macro` or `weighted`.
    resamples (int): Number of resamples.
    seed (int): Seed of the resampling.
    level (float): Coverage of the interval of the difference.
    RETURNS (Paired): Second minus first.
    RAISES (BioactiveError): B309 when the documents differ.
    Source: Efron & Tibshirani 1993; for NLP Berg-Kirkpatrick et al. 2012, An Empirical Investigation of Statistical
        Significance in NLP.
    """
    if first.documents != second.documents:
        raise error("B309", first=len(first.documents), second=len(second.documents))
    weights = resample(len(first.documents), resamples, seed)
    value = metric(second.spans.sum(axis=0))[-1] - metric(first.spans.sum(axis=0))[-1]
    drawn = distribution(second.spans, metric, weights)[:, -1] - distribution(first.spans, metric, weights)[:, -1]
    tail = (1 - level) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail])
    return Paired(
        difference=Interval(float(value), float(low), float(high)),
        share_worse=float((drawn < 0).mean()),
        share_equal=float((drawn == 0).mean()),
    )


def paired_types(
    first: Counts, second: Counts, *, resamples: int = 4000, seed: int = 0, level: float = 0.95
) -> dict[str, Interval]:
    """Compare the F1 of each type of two systems on the same resamples of the same documents.

    first, second (Counts): The systems' counts; the same documents in the same order, types may differ.
    resamples (int): Number of resamples; the bounds lie further out than those of one interval, and need more.
    seed (int): Seed of the resampling.
    level (float): The chance that all intervals hold together, at least.
    RETURNS (dict[str, Interval]): Second minus first, for each type that gold has.
    RAISES (BioactiveError): B309 when the documents differ.
    Source: the correction for several comparisons is Bonferroni's: each interval has level 1 - (1 - level) / types.
    """
    if first.documents != second.documents:
        raise error("B309", first=len(first.documents), second=len(second.documents))
    sides = [dict(zip(one.labels, np.moveaxis(one.spans, 1, 0), strict=True)) for one in (first, second)]
    none = np.zeros((len(first.documents), 3), dtype=np.int64)
    names = sorted(name for name in {*first.labels, *second.labels} if _gold(sides, name))
    weights, tail = resample(len(first.documents), resamples, seed), (1 - level) / 2 / max(1, len(names))
    found = {}
    for name in names:
        one, two = (side.get(name, none) for side in sides)
        value = prf(two.sum(axis=0))[-1] - prf(one.sum(axis=0))[-1]
        drawn = distribution(two, prf, weights)[:, -1] - distribution(one, prf, weights)[:, -1]
        found[name] = Interval(float(value), *map(float, np.quantile(drawn, [tail, 1 - tail])))
    return found


def _gold(sides: list[dict[str, np.ndarray]], name: str) -> bool:
    return any(side[name][:, GOLD].any() for side in sides if name in side)
