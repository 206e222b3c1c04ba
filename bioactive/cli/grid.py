"""`bioactive grid`: one training for every combination of settings and shares of the data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence


def grid_cli(
    context: typer.Context,
    config: Path = typer.Argument(..., help="Training config"),
    train: Path = typer.Argument(..., help="Training data (.spacy)"),
    test: Path = typer.Argument(..., help="What to score on (.spacy): dev, where something is to be chosen"),
    output: Path = typer.Argument(..., help="Rows (.jsonl); combinations that it holds are not repeated"),
    tried: list[str] = typer.Option([], "--try", help="NAME=A,B,...; train.share is a share of the documents"),
    metrics: str = typer.Option("strict", "--metrics", help="strict, accuracy, seqeval_without_prefixes; with commas"),
    batch_words: int = typer.Option(300, "--batch-words", min=1, help="Words an update"),
    epochs: float = typer.Option(6.0, "--epochs", min=0.0, help="Updates are so many times the words by batch words"),
    max_updates: int = typer.Option(1200, "--max-updates", min=1, help="The most updates"),
    seed: int = typer.Option(0, "--seed", help="Decides weights and order"),
) -> None:
    """Train and score every combination of settings; others are given as --nlp.lang ru."""
    from spacy.cli._util import parse_config_overrides

    from bioactive.simulation.grid import Grid, combinations, run_grid
    from bioactive.simulation.in_memory import Schedule

    from .progress import progress_bar

    overrides = parse_config_overrides(list(context.args), env_var=None)
    schedule = Schedule(batch_words, epochs, 1, max_updates)
    names = metrics.split(",")
    grid = Grid(config, train, test, parse_tried(tried), overrides, schedule, names, seed)
    with progress_bar("Training", "trainings") as bar:
        bar.expect(sum(1 for _ in combinations(grid.settings)))

        def told(row: dict[str, Any]) -> None:
            bar.done(1)
            typer.echo(line_of(row, names))

        run_grid(grid, output, told)
    typer.echo(f"Written: {output}")


def parse_tried(tried: Sequence[str]) -> dict[str, list[Any]]:
    """Names and values of "NAME=A,B"; a value is JSON where it can be, else text.

    RAISES (BioactiveError): B545 for one that has no name or no value.
    """
    import json

    from bioactive.errors import error

    found: dict[str, list[Any]] = {}
    for each in tried:
        name, _, values = each.partition("=")
        if not name or not values:
            raise error("B545", text=each)
        found[name] = []
        for value in values.split(","):
            try:
                found[name].append(json.loads(value))
            except ValueError:
                found[name].append(value)
    return found


def line_of(row: dict[str, Any], metrics: Sequence[str]) -> str:
    """A combination and its scores, on one line."""
    settings = ", ".join(f"{name} {value}" for name, value in row["set"].items()) or "as the config says"
    scores = "; ".join(
        f"{name} P {row[name]['p']:.4f} R {row[name]['r']:.4f} F1 {row[name]['f']:.4f}"
        + (f" accuracy {row[name]['a']:.4f}" if "a" in row[name] else "")
        for name in metrics
    )
    return f"{settings} ({row['documents']:,} documents): {scores}"
