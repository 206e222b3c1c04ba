"""`bioactive simulate`: how many labels each strategy would have needed, on a corpus whose labels are known."""

from __future__ import annotations

from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from bioactive.evaluation.bootstrap import Interval
    from bioactive.simulation.curves import Report
    from bioactive.simulation.experiment import Experiment

SETTINGS = {"allow_extra_args": True, "ignore_unknown_options": True}


def simulate_cli(
    context: typer.Context,
    config: Path = typer.Argument(..., help="Config of the simulation, such as configs/simulate.cfg"),
    output: Path = typer.Argument(..., help="Folder for the rounds and the results"),
    jobs: int = typer.Option(1, "--jobs", "-j", min=1, help="Processes; strategies and seeds are divided among them"),
    engine: str = typer.Option("local", "--engine", help="local, or ray: --jobs workers of a Ray cluster"),
    timeout: float = typer.Option(
        7200.0, "--timeout", help="With ray: seconds without a finished run before it gives up"
    ),
    restart: bool = typer.Option(False, "--restart", help="Begin anew where a run that was stopped would go on"),
    keep: bool = typer.Option(False, "--keep-pipelines", help="Keep the pipeline of each round"),
    axis: str = typer.Option("words", "--axis", help="What costs are counted in: words, sentences, seconds, ..."),
    report_only: bool = typer.Option(False, "--report-only", help="Run nothing, report on the runs that are finished"),
) -> None:
    """Simulate annotation with a gold corpus as the annotator; settings can be overridden as --rounds.words 500."""
    from spacy.cli._util import parse_config_overrides

    from bioactive.engine import engine_named
    from bioactive.simulation.curves import report_on, write_report
    from bioactive.simulation.experiment import read_experiment
    from bioactive.simulation.page import write_page
    from bioactive.simulation.simulate import Options, Row, simulate

    from .progress import progress_bar

    elsewhere = engine_named(engine, jobs, timeout)
    experiment = read_experiment(config, parse_config_overrides(list(context.args), env_var=None))
    if not report_only:
        runs = experiment.runs()
        with progress_bar("Simulating", "rounds") as bar:
            bar.expect(sum(1 if name == "full" else experiment.rounds.count + 1 for name, _ in runs))

            def told(name: str, seed: int, row: Row) -> None:
                bar.done(1)
                typer.echo(line_of(name, seed, row), err=True)

            simulate(experiment, output, Options(jobs, restart, keep, told, elsewhere))
    for line in table(report_on(experiment, output, axis)):
        typer.echo(line)
    pictures = _plotted(experiment, output, axis)
    for path in [*write_report(experiment, output), write_page(experiment, output, axis), *pictures]:
        typer.echo(f"Written: {path}")


def line_of(name: str, seed: int, row: dict[str, Any]) -> str:
    """A round, in words."""
    cost = row["cost"]
    return (
        f"{name} seed {seed} round {row['round']}: {cost['words']:,} words of {cost['sentences']:,} sentences, "
        f"F1 {row['test']['f']:.4f}, {row['seconds']:.0f} s"
    )


def table(report: Report) -> list[str]:
    """The report, in lines for a terminal."""
    names = [f"{float(share):.0%}" for share in report.results[0].needed]
    lines = [
        f"F1 with the whole pool ({report.pool:,.0f} {report.axis}): {report.full:.4f}, "
        f"mean of {len(report.full_seeds)} seed(s)",
        f"{report.axis} needed for a share of it [95 % interval over seeds]; area is the mean F1 over common costs",
        "  ".join(["strategy".ljust(24), "seeds", *(name.center(24) for name in names), "area    less baseline"]),
    ]
    for result in report.results:
        cells = [_needed(each).center(24) for each in result.needed.values()]
        gap = result.difference
        told = "" if gap is None else f"{gap.value:+.4f}"
        if gap is not None and gap.low < gap.high:
            told += f" [{gap.low:+.4f}, {gap.high:+.4f}]"
        first = [result.name.ljust(24), str(len(result.seeds)).center(5)]
        lines.append("  ".join([*first, *cells, f"{result.area.value:.4f}", told]).rstrip())
    return lines


def _needed(found: Interval) -> str:
    if found.value == inf:
        return "not reached"
    if found.low == found.high:
        return f"{found.value:,.0f}"
    high = "-" if found.high == inf else f"{found.high:,.0f}"
    return f"{found.value:,.0f} [{found.low:,.0f}, {high}]"


def _plotted(experiment: Experiment, output: Path, axis: str) -> list[Path]:
    """The pictures, where matplotlib is there."""
    from bioactive.simulation.plots import plot_curves

    try:
        return plot_curves(experiment, output, axis)
    except ModuleNotFoundError:
        typer.echo("No pictures: they need matplotlib, pip install 'bioactive[plots]'", err=True)
        return []
