"""Paired tests between the strategies of a simulation: the seeds that both have are the pairs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from bioactive.evaluation.bootstrap import Interval, resample


@dataclass(frozen=True)
class Pair:
    """One strategy against another.

    first, second (str): Which.
    seeds (int): Seeds that both have.
    difference (Interval): Mean F1 of the second over the common costs, less that of the first; 95 % over seeds.
    p_flip (float): Exact sign-flip test of no difference, two-sided; with S seeds it is 2 ** (1 - S) at the least.
    p_t (float): Student's paired t test, two-sided, which assumes normal differences; nan with fewer than two seeds.
    """

    first: str
    second: str
    seeds: int
    difference: Interval
    p_flip: float
    p_t: float


def compare_pairs(areas: dict[str, dict[int, float]], resamples: int = 1000) -> list[Pair]:
    """Every strategy against every other.

    areas (dict[str, dict[int, float]]): Mean F1 over the common costs, by strategy and seed.
    resamples (int): Bootstrap resamples of the seeds.
    RETURNS (list[Pair]): Of strategies that have a seed in common. No correction for how many there are.
    """
    found = []
    for first, second in combinations(areas, 2):
        both = sorted(set(areas[first]) & set(areas[second]))
        if both:
            gaps = np.array([areas[second][seed] - areas[first][seed] for seed in both])
            drawn = (resample(len(both), resamples) / len(both)) @ gaps
            low, high = np.quantile(drawn, [0.025, 0.975])
            interval = Interval(float(gaps.mean()), float(low), float(high))
            found.append(Pair(first, second, len(both), interval, sign_flip(gaps), paired_t(gaps)))
    return found


def sign_flip(gaps: Sequence[float] | np.ndarray) -> float:
    """Exact two-sided test that paired differences are as likely of either sign.

    gaps (Sequence[float]): A difference a pair, [S].
    RETURNS (float): Share of the 2 ** S ways to set the signs whose mean is as far from 0; beyond 16 pairs, of 65,536
        ways that are drawn.
    Source: Fisher 1935, The design of experiments; for systems Smucker et al. 2007.
    """
    gaps = np.asarray(gaps, dtype=np.float64)
    if len(gaps) <= 16:
        signs = 1.0 - 2.0 * ((np.arange(2 ** len(gaps))[:, None] >> np.arange(len(gaps))) & 1)
    else:
        signs = np.random.default_rng(0).choice([-1.0, 1.0], size=(2**16, len(gaps)))
    # A hair of tolerance: the same sum in another order may differ in its last digit.
    return float((np.abs(signs @ gaps) >= abs(gaps.sum()) * (1 - 1e-9) - 1e-15).mean())


def paired_t(gaps: Sequence[float] | np.ndarray) -> float:
    """Student's t test of a mean difference of 0, two-sided; nan where it has no meaning."""
    from scipy.stats import t

    gaps = np.asarray(gaps, dtype=np.float64)
    spread = float(gaps.std(ddof=1)) if len(gaps) > 1 else 0.0
    if not spread:
        return math.nan
    return float(2 * t.sf(abs(gaps.mean()) / (spread / math.sqrt(len(gaps))), len(gaps) - 1))
