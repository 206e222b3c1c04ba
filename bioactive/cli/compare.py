"""`bioactive compare`: several encoders on one corpus, with settings chosen on dev and growing shares of the data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Callable


def compare_cli(
    context: typer.Context,
    config: Path = typer.Argument(..., help="Training config with an encoder in its [vars]"),
    train: Path = typer.Argument(..., help="Training data (.spacy)"),
    dev: Path = typer.Argument(..., help="What settings are chosen on (.spacy)"),
    output: Path = typer.Argument(..., help="Folder for rows, table and picture; trainings it holds are not repeated"),
    encoders: str = typer.Option(..., "--encoders", help="Hub names or folders, with commas"),
    test: Path | None = typer.Option(None, "--test", help="What is scored in the end (.spacy); dev without it"),
    shares: str = typer.Option("1.0,0.7,0.5", "--shares", help="Shares of the training documents, with commas"),
    tried: list[str] = typer.Option([], "--try", help="NAME=A,B,...; train.warmup is a share of the updates"),
    seeds: str = typer.Option("0,1,2", "--seeds", help="Of the scores, with commas; the first one chooses"),
    batch_words: int = typer.Option(300, "--batch-words", min=1, help="Words an update"),
    epochs: float = typer.Option(6.0, "--epochs", min=0.0, help="Updates are so many times the words by batch words"),
    max_updates: int = typer.Option(1200, "--max-updates", min=1, help="The most updates"),
) -> None:
    """Compare encoders: settings chosen on dev, then F1 over shares of the training set; others as --nlp.lang ru."""
    from spacy.cli._util import parse_config_overrides

    from bioactive.simulation.comparison import Comparison, comparison_table, run_comparison
    from bioactive.simulation.in_memory import Schedule
    from bioactive.simulation.plots import plot_comparison

    from .grid import line_of, parse_tried
    from .progress import progress_bar

    comparison = Comparison(
        config,
        train,
        dev,
        _listed("--encoders", encoders, str),
        test,
        _listed("--shares", shares, _share),
        parse_tried(tried),
        parse_config_overrides(list(context.args), env_var=None),
        Schedule(batch_words, epochs, 1, max_updates),
        _listed("--seeds", seeds, int),
    )
    with progress_bar("Training", "trainings") as bar:
        bar.expect(comparison.trainings)

        def told(row: dict[str, Any]) -> None:
            bar.done(1)
            typer.echo(line_of(row, ["strict"]))

        found = run_comparison(comparison, output, told)
    scored = "test" if test else "dev"
    table = comparison_table(found, scored)
    typer.echo(table)
    (output / "table.md").write_text(table, encoding="utf8")
    for path in [output / "table.md", *plot_comparison(found, output, scored)]:
        typer.echo(f"Written: {path}")


def _share(text: str) -> float:
    if not 0 < (share := float(text)) <= 1:
        raise ValueError(text)
    return share


def _listed(option: str, text: str, kind: Callable[[str], Any]) -> list[Any]:
    from bioactive.errors import error

    try:
        found = [kind(part.strip()) for part in text.split(",") if part.strip()]
    except ValueError:
        found = []
    if not found:
        raise error("B704", option=option, text=text)
    return found
