"""Pictures of learning curves; needs the extra [plots]."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .comparison import Compared, short_name
from .curves import POINTS, read_curve
from .experiment import FULL, Experiment
from .threshold import Threshold

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_curves(experiment: Experiment, output: Path, axis: str = "words") -> list[Path]:
    """Draw F1 over cost: the mean over seeds, and a band from the lowest seed to the highest.

    experiment (Experiment): The simulation.
    output (Path): Its folder.
    axis (str): One of `curves.AXES`.
    RETURNS (list[Path]): `curve-AXIS.png` and `curve-AXIS.svg`.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.0, 4.5), layout="constrained")
    axes = figure.subplots()
    for name in experiment.strategies:
        curve = read_curve(experiment, output, name, axis)
        if not curve.seeds:
            continue
        grid = np.linspace(*curve.domain, POINTS)
        f = curve.on(grid)
        (line,) = axes.plot(grid, f.mean(axis=0), label=f"{name} ({len(curve.seeds)} seeds)")
        axes.fill_between(grid, f.min(axis=0), f.max(axis=0), color=line.get_color(), alpha=0.15, linewidth=0)
    full = read_curve(experiment, output, FULL, axis)
    if full.seeds:
        reached = float(np.mean([f[-1] for f in full.f]))
        axes.axhline(reached, color="black", linewidth=0.8, linestyle="--", label="whole pool")
        axes.axhline(0.95 * reached, color="grey", linewidth=0.8, linestyle=":", label="95 % of it")
    axes.set(xlabel=f"{axis} labelled" if axis != "seconds" else "modelled seconds", ylabel="F1 (strict, test)")
    figure.legend(loc="outside lower center", ncols=2, frameon=False)  # beside the curves: they rise to any corner
    axes.grid(alpha=0.3)
    return _saved(figure, output / f"curve-{axis}")


def plot_comparison(found: Sequence[Compared], output: Path, scored: str) -> list[Path]:
    """Draw F1 over the share of the training set: the mean over seeds, and a band from the lowest seed to the highest.

    found (Sequence[Compared]): The encoders.
    output (Path): Folder.
    scored (str): The name of what was scored.
    RETURNS (list[Path]): `compare.png` and `compare.svg`.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.0, 4.5), layout="constrained")
    axes = figure.subplots()
    for each in found:
        shares = sorted(each.f)
        f = np.array([each.f[share] for share in shares])  # [shares, seeds]
        percents = [100 * share for share in shares]
        seeds = f.shape[1]
        label = f"{short_name(each.encoder)} ({seeds} seed{'s' * (seeds > 1)})"
        (line,) = axes.plot(percents, f.mean(axis=1), marker="o", label=label)
        axes.fill_between(percents, f.min(axis=1), f.max(axis=1), color=line.get_color(), alpha=0.15, linewidth=0)
    axes.set(xlabel="training documents, %", ylabel=f"F1 (strict, {scored})")
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    axes.grid(alpha=0.3)
    return _saved(figure, output / "compare")


def plot_threshold(found: Threshold, output: Path) -> list[Path]:
    """Draw F1 and loss over the percentage of expert rows, with 95 % intervals over folds.

    found (Threshold): The result.
    output (Path): Folder.
    RETURNS (list[Path]): `threshold.png` and `threshold.svg`.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.0, 4.5), layout="constrained")
    left = figure.subplots()
    right = left.twinx()
    percents = [point.percent for point in found.points]
    for axes, name, color in ((left, "f", "C0"), (right, "loss", "C1")):
        shown = [getattr(point, name) for point in found.points]
        if None in shown:
            continue
        half = [one.high - one.value for one in shown]
        label = "F1 (strict, held-out fold)" if name == "f" else "loss a word, in nats"
        axes.errorbar(
            percents, [one.value for one in shown], yerr=half, color=color, marker="o", capsize=3, label=label
        )
        axes.set_ylabel(label, color=color)
    if found.saturation is not None:
        told = f"saturation: {found.saturation:g} %"
        left.axvline(found.saturation, color="black", linewidth=0.8, linestyle="--", label=told)
    left.set_xlabel(f"expert rows added, % of those outside of the fold ({found.folds} folds)")
    figure.legend(loc="outside lower center", ncols=3, frameon=False)
    left.grid(alpha=0.3)
    return _saved(figure, output / "threshold")


def _saved(figure: Figure, stem: Path) -> list[Path]:
    paths = [stem.with_name(f"{stem.name}.{kind}") for kind in ("png", "svg")]
    for path in paths:
        figure.savefig(path, dpi=150)
    return paths
