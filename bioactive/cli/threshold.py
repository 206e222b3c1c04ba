"""`bioactive threshold`: how many expert rows cheap labels need beside them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from bioactive.evaluation.bootstrap import Interval
    from bioactive.simulation.threshold import Threshold

SETTINGS = {"allow_extra_args": True, "ignore_unknown_options": True}


def threshold_cli(
    context: typer.Context,
    expert: Path = typer.Argument(..., help="Expert rows (.spacy); each fold of them is the test once"),
    output: Path = typer.Argument(..., help="Folder for the rows, the result and the picture"),
    cheap: Path | None = typer.Option(None, "--cheap", help="Cheap rows (.spacy); without them, expert rows alone"),
    config: Path = typer.Option(Path("configs/crf_frozen.cfg"), "--config", help="Training config"),
    percents: str = typer.Option("1,2,3,5,7,10,12,15,20", "--percents", help="Percent of expert rows to add, rising"),
    folds: int = typer.Option(5, "--folds", min=2, help="Folds"),
    trust: str = typer.Option("words", "--trust", help="What is believed of cheap rows: all, entities or words"),
    weight: float = typer.Option(
        1.0, "--weight", min=0.0, help="How often a cheap row counts; an expert row counts once"
    ),
    outside: float = typer.Option(
        0.5, "--outside", min=0.0, max=1.0, help="Words a teacher is so sure of count as outside; 0 for no teacher"
    ),
    gain: float = typer.Option(0.005, "--gain", min=0.0, help="F1 that counts as a gain"),
    updates: int = typer.Option(400, "--updates", min=1, help="Updates of each training"),
    batch_words: int = typer.Option(300, "--batch-words", min=1, help="Words an update, padding included"),
    seed: int = typer.Option(0, "--seed", help="Of the folds, the order of the rows and the weights"),
    restart: bool = typer.Option(False, "--restart", help="Begin anew where a run that was stopped would go on"),
) -> None:
    """Add growing shares of expert rows to cheap ones, fold by fold; settings of the config as --vars.encoder NAME."""
    from spacy.cli._util import parse_config_overrides

    from bioactive.cheap.merge import Trust
    from bioactive.simulation.in_memory import Schedule
    from bioactive.simulation.teacher import Teaching
    from bioactive.simulation.threshold import ThresholdOptions, threshold

    from .progress import progress_bar

    options = ThresholdOptions(
        cheap=cheap,
        expert=expert,
        config=config,
        overrides=parse_config_overrides(list(context.args), env_var=None),
        percents=_numbers(percents),
        folds=folds,
        teaching=Teaching(Trust(trust, weight), outside if trust != "all" else 0.0),
        # The same for all shares: what more rows bring should not come of longer training.
        schedule=Schedule(batch_words, min_updates=updates, max_updates=updates),
        seed=seed,
        gain=gain,
    )
    with progress_bar("Training", "trainings") as bar:
        bar.expect(folds * len(options.percents))

        def told(row: dict[str, Any]) -> None:
            bar.done(1)
            typer.echo(f"fold {row['fold']}, {row['percent']:g} %, {row['rows']:,} rows: F1 {row['f']:.4f}", err=True)

        found = threshold(options, output, restart, told)
    for line in table(found):
        typer.echo(line)
    for path in [output / "threshold.json", *_plotted(found, output)]:
        typer.echo(f"Written: {path}")


def table(found: Threshold) -> list[str]:
    """The result, in lines for a terminal."""
    heads = ["F1".center(22), "accuracy".center(22), "loss a word".center(22)]
    lines = ["  ".join(["percent", "rows".rjust(8), *heads]).rstrip()]
    for one in found.points:
        cells = [_shown(each).center(22) for each in (one.f, one.accuracy, one.loss)]
        lines.append("  ".join([f"{one.percent:g}".rjust(7), f"{one.rows:,.0f}".rjust(8), *cells]).rstrip())
    told = "not reached: the last share still gains" if found.saturation is None else f"at {found.saturation:g} %"
    lines.append(f"Saturation (no larger share has a mean F1 that is {found.gain:g} or more above): {told}")
    return lines


def _numbers(given: str) -> tuple[float, ...]:
    from bioactive.errors import error

    try:
        return tuple(float(each) for each in given.split(","))
    except ValueError:
        raise error("B561", folds="These", percents=given) from None


def _shown(found: Interval | None) -> str:
    return "-" if found is None else f"{found.value:.4f} ± {found.high - found.value:.4f}"


def _plotted(found: Threshold, output: Path) -> list[Path]:
    """The pictures, where matplotlib is there."""
    from bioactive.simulation.plots import plot_threshold

    try:
        return plot_threshold(found, output)
    except ModuleNotFoundError:
        typer.echo("No pictures: they need matplotlib, pip install 'bioactive[plots]'", err=True)
        return []
