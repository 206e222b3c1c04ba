"""Learning curves of a simulation: areas, the labels needed for a share of full F1, and paired differences."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np

from bioactive.active.costs import Cost, TimeModel
from bioactive.errors import error
from bioactive.evaluation.bootstrap import Interval, resample
from bioactive.tables import table

from .compare import Pair, compare_pairs
from .experiment import FULL, Experiment
from .simulate import Row, read_rows, run_path

AXES = ("words", "sentences", "documents", "seconds", "entities", "questions")
SHARES = (0.90, 0.95, 0.98, 0.99)
POINTS = 500


@dataclass(frozen=True)
class Curve:
    """F1 of one strategy over what was paid for it.

    name (str): The strategy.
    seeds (list[int]): Its S finished seeds.
    x, f (list[np.ndarray]): Cost and F1 of each round, an array a seed.
    """

    name: str
    seeds: list[int]
    x: list[np.ndarray]
    f: list[np.ndarray]

    @property
    def domain(self) -> tuple[float, float]:
        """The costs at which every seed has an F1, between its first round and its last."""
        return max(float(x[0]) for x in self.x), min(float(x[-1]) for x in self.x)

    def on(self, grid: np.ndarray) -> np.ndarray:
        """F1 of each seed at these costs, straight between rounds, [S, G]."""
        return np.stack([np.interp(grid, x, f) for x, f in zip(self.x, self.f, strict=True)])


@dataclass(frozen=True)
class Result:
    """One strategy against the baseline.

    name (str): The strategy.
    seeds (list[int]): Its finished seeds.
    area (Interval): Mean F1 over the costs that all strategies share.
    needed (dict[str, Interval]): Cost of the first point at which the mean curve has a share ("0.95") of full F1; inf
        where it is not reached.
    difference (Interval | None): Area less that of the baseline, over the seeds that both have; None for itself.
    better, worse (float): Share of the common costs at which the interval of the paired difference lies above or
        below zero.
    gain_ends (float): The highest cost at which it lies above; nan where it never does.
    """

    name: str
    seeds: list[int]
    area: Interval
    needed: dict[str, Interval]
    difference: Interval | None
    better: float
    worse: float
    gain_ends: float


@dataclass(frozen=True)
class Report:
    """What a simulation came to.

    axis (str): What costs are counted in.
    full (float): Mean F1 with the whole pool.
    full_seeds (list[int]): The seeds it was trained with.
    pool (float): Cost of the whole pool.
    results (list[Result]): One a strategy.
    pairs (list[Pair]): Every strategy against every other.
    """

    axis: str
    full: float
    full_seeds: list[int]
    pool: float
    results: list[Result]
    pairs: list[Pair] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; what is not reached, or not there, is null."""
        return dict(_finite(asdict(self)))

    def _repr_html_(self) -> str:
        """How a notebook shows it: what each strategy needs for shares of full F1."""
        told = f"{self.axis} needed for shares of F1 {self.full:.3f}, which all {self.pool:,.0f} give"
        head = ["strategy", "seeds", *(f"{share:.0%}" for share in SHARES), "area"]
        return table(told, head, map(_row, self.results))


def _row(result: Result) -> list[str]:
    needed = ["not reached" if math.isinf(each.value) else f"{each.value:,.0f}" for each in result.needed.values()]
    return [result.name, str(len(result.seeds)), *needed, f"{result.area.value:.4f}"]


def report_on(experiment: Experiment, output: Path, axis: str = "words", resamples: int = 1000) -> Report:
    """Compare the strategies of a simulation; runs that are not finished are left out.

    experiment (Experiment): The simulation.
    output (Path): Its folder.
    axis (str): One of `AXES`.
    resamples (int): Bootstrap resamples of the seeds.
    RETURNS (Report): The comparison. With few seeds the intervals are too narrow: 5 can differ in 126 ways.
    RAISES (BioactiveError): B534 when there is no finished run of the whole pool, or of the baseline.
    """
    found = {name: read_curve(experiment, output, name, axis) for name in experiment.strategies}
    curves = {name: curve for name, curve in found.items() if curve.seeds}
    full = read_curve(experiment, output, FULL, axis)
    if not full.seeds or experiment.baseline not in curves:
        raise error("B534", path=output)
    reached = float(np.mean([f[-1] for f in full.f]))
    edges = [curve.domain for curve in curves.values()]
    common = np.linspace(max(low for low, _ in edges), min(high for _, high in edges), POINTS)
    base = curves[experiment.baseline]
    results = [_result(curve, base, common, reached, resamples) for curve in curves.values()]
    areas = {name: _areas(curve, common) for name, curve in curves.items()}
    pool = float(np.mean([x[-1] for x in full.x]))
    return Report(axis, reached, full.seeds, pool, results, compare_pairs(areas, resamples))


def read_curve(experiment: Experiment, output: Path, name: str, axis: str) -> Curve:
    """The finished runs of one strategy.

    experiment (Experiment): The simulation; says what a question, a word and an entity take in seconds.
    output (Path): Its folder.
    name (str): The strategy, or "full".
    axis (str): One of `AXES`.
    RETURNS (Curve): Of the seeds that are there.
    """
    there = [seed for seed in experiment.seeds_of(name) if run_path(output, name, seed).is_file()]
    rows = [read_rows(run_path(output, name, seed)) for seed in there]
    x = [np.array([_paid(row, axis, experiment.time) for row in run], dtype=float) for run in rows]
    return Curve(name, there, x, [np.array([row["test"]["f"] for row in run]) for run in rows])


def write_report(experiment: Experiment, output: Path) -> list[Path]:
    """Write the comparison, on each axis, and all points.

    experiment (Experiment): The simulation.
    output (Path): Its folder.
    RETURNS (list[Path]): `report.json` and `curves.csv`.
    RAISES (BioactiveError): As `report_on`.
    """
    reports = {axis: report_on(experiment, output, axis).to_dict() for axis in AXES}
    report, points = output / "report.json", output / "curves.csv"
    report.write_text(json.dumps(reports, indent=1) + "\n", encoding="utf8")
    with points.open("w", encoding="utf8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["strategy", "seed", "round", *AXES, "p", "r", "f"])
        for name, seed in experiment.runs():
            if run_path(output, name, seed).is_file():
                rows = read_rows(run_path(output, name, seed))
                writer.writerows([name, seed, *_cells(row, experiment.time)] for row in rows)
    return [report, points]


def first_reached(grid: np.ndarray, f: np.ndarray, target: np.ndarray | float) -> np.ndarray:
    """The first cost at which curves have a target.

    grid (np.ndarray): Costs, rising, [G].
    f (np.ndarray): F1, [..., G].
    target (np.ndarray | float): [...] or one for all.
    RETURNS (np.ndarray): [...]; inf where it is not reached.
    """
    hit = f >= np.asarray(target)[..., None]
    return np.where(hit.any(axis=-1), grid[hit.argmax(axis=-1)], np.inf)


def _areas(curve: Curve, common: np.ndarray) -> dict[int, float]:
    """Mean F1 over the common costs, by seed."""
    return dict(zip(curve.seeds, curve.on(common).mean(axis=1).tolist(), strict=True))


def _result(curve: Curve, base: Curve, common: np.ndarray, full: float, resamples: int) -> Result:
    own = np.linspace(*curve.domain, POINTS)
    weights = resample(len(curve.seeds), resamples) / len(curve.seeds)  # [R, S]
    f, mean_f = curve.on(own), curve.on(own).mean(axis=0)
    needed = {
        f"{share:.2f}": _interval(
            float(first_reached(own, mean_f, share * full)), first_reached(own, weights @ f, share * full)
        )
        for share in SHARES
    }
    shared = curve.on(common).mean(axis=1)  # [S]
    area = _interval(float(shared.mean()), weights @ shared)
    if curve.name == base.name:
        return Result(curve.name, curve.seeds, area, needed, None, 0.0, 0.0, math.nan)
    return Result(curve.name, curve.seeds, area, needed, *_paired(curve, base, common, resamples))


def _paired(
    curve: Curve, base: Curve, common: np.ndarray, resamples: int
) -> tuple[Interval | None, float, float, float]:
    """Difference of the areas, and where the curves are apart, over the seeds that both have."""
    both = [seed for seed in curve.seeds if seed in base.seeds]
    if not both:
        return None, 0.0, 0.0, math.nan
    mine = curve.on(common)[[curve.seeds.index(seed) for seed in both]]
    gap = mine - base.on(common)[[base.seeds.index(seed) for seed in both]]  # [S, G]
    drawn = (resample(len(both), resamples) / len(both)) @ gap  # [R, G]
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    above = common[low > 0]
    difference = _interval(float(gap.mean()), drawn.mean(axis=1))
    return difference, float((low > 0).mean()), float((high < 0).mean()), float(above[-1]) if len(above) else math.nan


def _interval(value: float, drawn: np.ndarray) -> Interval:
    # By order and not by interpolation: between a number and inf there is nothing.
    low, high = np.quantile(drawn, [0.025, 0.975], method="inverted_cdf")
    return Interval(value, float(low), float(high))


def _paid(row: Row, axis: str, time: TimeModel) -> float:
    """What a run has cost by the end of a round."""
    cost = row["cost"]
    if axis == "seconds":
        return time.seconds(Cost(**{each.name: cost[each.name] for each in fields(Cost)}))
    paid: float = cost[axis]
    return paid


def _cells(row: Row, time: TimeModel) -> list[Any]:
    return [row["round"], *(_paid(row, axis, time) for axis in AXES), *(row["test"][name] for name in "prf")]


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _finite(inner) for name, inner in value.items()}
    if isinstance(value, Interval):
        return {name: _finite(inner) for name, inner in value._asdict().items()}
    if isinstance(value, (list, tuple)):
        return [_finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
