"""`bioactive fit-time`: the seconds of a question, a word and an entity, from the time stamps of answers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from bioactive.active.costs import Fit


def fit_time_cli(
    answers: str = typer.Argument(..., help="Name of a dataset, or a .jsonl file of answers"),
    db: str | None = typer.Option(None, "--db", envvar="BIOACTIVE_DB", help="Database: a SQLite file or a URL"),
    longest: float = typer.Option(120.0, "--longest", min=1.0, help="A longer pause, in seconds, is a break"),
) -> None:
    """Fit the modelled seconds of a simulation to the time stamps of answers."""
    from bioactive.active.costs import fit_time
    from bioactive.annotate.loaders import read_examples

    if answers.endswith(".jsonl"):
        fit = fit_time(read_examples(Path(answers)), longest)
    else:
        from bioactive.annotate.store import Store

        with Store(db) as store:
            fit = fit_time(store.iter_examples(answers), longest)
    for line in told(fit):
        typer.echo(line)


def told(fit: Fit) -> list[str]:
    """The fit as a section of a simulation's config, with what it is made of as comments."""
    model = fit.model
    return [
        f"# Fitted to {fit.answers:,} answers; left out: {fit.breaks:,} after a break, {fit.first:,} first of a "
        f"session, {fit.unstamped:,} without a time stamp.",
        f"# Mean difference {fit.error:.2f} s; {fit.explained:.0%} of the variance is explained.",
        "[time]",
        *(f"{name} = {getattr(model, name):.3f}" for name in ("question", "word", "context", "entity")),
    ]
