"""The results of a simulation as one HTML page that needs nothing but itself: no script, no font, no address."""

from __future__ import annotations

from html import escape
from math import inf, isnan
from pathlib import Path

import numpy as np

from bioactive.evaluation.bootstrap import Interval
from bioactive.report.drawing import Drawing, Line
from bioactive.report.page import legend, ranged, write_html
from bioactive.tables import table

from .curves import SHARES, Curve, Report, read_curve, report_on
from .experiment import FULL, Experiment

TITLES = {"words": "words labelled", "seconds": "modelled seconds", "sentences": "texts", "documents": "documents"}


def write_page(experiment: Experiment, output: Path, axis: str = "words", page: Path | None = None) -> Path:
    """Write the page of a simulation.

    experiment (Experiment): The simulation; runs that are not finished are left out.
    output (Path): Its folder.
    axis (str): What the tables count in; the curves are drawn over it and over modelled seconds.
    page (Path | None): The page; `report.html` in the folder by default.
    RETURNS (Path): The page.
    RAISES (BioactiveError): As `report_on`.
    """
    report = report_on(experiment, output, axis)
    axes = list(dict.fromkeys([axis, "seconds"]))
    parts = [
        f"<p>{escape(_summary(experiment, report))}</p>",
        '<div class="charts">',
        *(_figure(experiment, output, each, report.full) for each in axes),
        "</div>",
        _needed_table(report),
        _area_table(report, experiment.baseline),
        _pair_table(report),
        _point_table(experiment, output, axis),
        _settings(experiment),
    ]
    return write_html(page or output / "report.html", title_of(experiment), parts)


def title_of(experiment: Experiment) -> str:
    """What a simulation is about: the folder of its pool."""
    path = Path(experiment.data.pool)
    return f"Simulated annotation: {path.parent.name or path.stem}"


def _summary(experiment: Experiment, report: Report) -> str:
    seeds = max(len(each.seeds) for each in report.results)
    paired = f"up to {seeds} paired seeds" if seeds > 1 else "one seed, so that nothing says how far chance goes"
    return (
        f"With all {report.pool:,.0f} {report.axis} of the pool, F1 is {report.full:.3f} "
        f"({_seeds(len(report.full_seeds))}). {len(report.results)} strategies with {paired}; "
        f"scores on {Path(experiment.data.test).name} ({experiment.data.metric})."
    )


def _seeds(number: int) -> str:
    return "one seed" if number == 1 else f"{number} seeds"


def _figure(experiment: Experiment, output: Path, axis: str, full: float) -> str:
    curves = [read_curve(experiment, output, name, axis) for name in experiment.strategies]
    lines = [_line(number, curve) for number, curve in enumerate(curves) if curve.seeds]
    title = TITLES.get(axis, axis)
    levels = [(full, "all"), *((share * full, f"{share:.0%}") for share in SHARES)]
    drawn = Drawing(lines, levels, title, f"F1 over {title}").svg()
    several = any(len(curve.seeds) > 1 for curve in curves)
    told = "Mean over seeds; the band is from the lowest to the highest. " if several else ""
    told += "Dashes: shares of full F1."
    return f"<figure>{drawn}<figcaption>{legend(lines)}{told}</figcaption></figure>"


def _line(number: int, curve: Curve) -> Line:
    grid = np.unique(np.concatenate([curve.domain, *curve.x]).clip(*curve.domain))
    f = curve.on(grid)
    return Line(f"{curve.name} ({len(curve.seeds)})", f"var(--c{number % 8})", grid, f.mean(0), f.min(0), f.max(0))


def _needed_table(report: Report) -> str:
    head = ["strategy", "seeds", *(f"{share:.0%} of full F1" for share in SHARES)]
    rows = [
        [each.name, str(len(each.seeds)), *(_needed(found, report.pool) for found in each.needed.values())]
        for each in report.results
    ]
    several = any(len(each.seeds) > 1 for each in report.results)
    interval = "the 95 % interval over seeds and " if several else ""
    told = f"{report.axis.capitalize()} needed, with {interval}the share of the pool"
    return f"<h2>Labels needed</h2>{table(told, head, rows)}"


def _needed(found: Interval, pool: float) -> str:
    if found.value == inf:
        return "not reached"
    high = "not reached" if found.high == inf else f"{found.high:,.0f}"
    interval = f"<small>{found.low:,.0f} to {high}</small>" if found.low < found.high else ""
    return f"{found.value:,.0f} ({found.value / pool:.0%}){interval}"


def _area_table(report: Report, baseline: str) -> str:
    several = any(len(each.seeds) > 1 for each in report.results)  # one seed has no interval
    head = ["strategy", "mean F1", f"less {baseline}", *(["better", "worse", "gain ends at"] if several else [])]
    rows = []
    for each in report.results:
        row = [each.name, ranged(each.area, 4), *[""] * (len(head) - 2)]
        if each.difference is not None:
            row[2] = _signed(each.difference)
        if each.difference is not None and len(each.seeds) > 1:
            row[3:5] = f"{each.better:.0%}", f"{each.worse:.0%}"
            row[5] = "" if isnan(each.gain_ends) else f"{each.gain_ends:,.0f}"
        rows.append(row)
    told = f"Mean F1 over the {report.axis} that all strategies share"
    if several:
        told += (
            "; better and worse: the share of these at which the interval of the paired difference lies above or below"
        )
    return f"<h2>Over all budgets</h2>{table(told + (' zero' if several else ''), head, rows)}"


def _pair_table(report: Report) -> str:
    if all(pair.seeds < 2 for pair in report.pairs):
        return ""  # one seed: nothing to test
    head = ["pair", "seeds", "difference", "sign flip p", "t test p"]
    rows = [
        [
            f"{pair.second} less {pair.first}",
            str(pair.seeds),
            _signed(pair.difference),
            f"{pair.p_flip:.3f}",
            "" if isnan(pair.p_t) else f"{pair.p_t:.3f}" if pair.p_t >= 0.001 else "&lt; 0.001",
        ]
        for pair in report.pairs
    ]
    told = "Paired by seed, on mean F1; p values are not corrected. The sign-flip test of 5 seeds cannot go below .0625"
    return f"<h2>Paired tests</h2>{table(told, head, rows)}"


def _point_table(experiment: Experiment, output: Path, axis: str) -> str:
    rows, several = [], False
    for name in [*experiment.strategies, FULL]:
        curve = read_curve(experiment, output, name, axis)
        several |= len(curve.seeds) > 1
        for number in range(min((len(x) for x in curve.x), default=0)):
            f = [found[number] for found in curve.f]
            cost = float(np.mean([x[number] for x in curve.x]))
            rows.append([name, str(number), f"{cost:,.0f}", f"{np.mean(f):.4f}", f"{min(f):.4f} to {max(f):.4f}"])
    head = ["strategy", "round", axis, "F1", "lowest to highest"]
    if several:
        return f"<h2>All points</h2>{table('Means over seeds', head, rows)}"
    return f"<h2>All points</h2>{table('Of one seed', head[:-1], [row[:-1] for row in rows])}"


def _settings(experiment: Experiment) -> str:
    time, rounds, schedule = experiment.time, experiment.rounds, experiment.schedule
    lines = [
        f"{rounds.count} rounds after the first training; {schedule.epochs:g} epochs over words {schedule.by}, "
        f"{schedule.min_updates:,} to {schedule.max_updates:,} updates of {schedule.batch_words} words.",
        f"A modelled annotator takes {time.question:g} s a question, {time.word:g} s a word, {time.context:g} s a word "
        f"of context, {time.entity:g} s an entity.",
    ]
    return f'<h2>Settings</h2><p class="soft">{escape(" ".join(lines))}</p>'


def _signed(found: Interval) -> str:
    interval = f"<small>{found.low:+.4f} to {found.high:+.4f}</small>" if found.low < found.high else ""
    return f"{found.value:+.4f}{interval}"
