"""`bioactive transfer`: train another model on what the strategies of a simulation chose."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bioactive.simulation.transfer import Kept


def transfer_cli(
    context: typer.Context,
    config: Path = typer.Argument(..., help="Config of the simulation"),
    output: Path = typer.Argument(..., help="Folder of the simulation"),
    final: Path = typer.Argument(..., help="Training config of the final model"),
    settings: list[str] = typer.Option([], "--final", help="Setting of the final model, NAME=VALUE"),
    batch_words: int = typer.Option(300, "--batch-words", min=1, help="Words an update"),
    epochs: float = typer.Option(6.0, "--epochs", min=0.0, help="Updates are so many times the words by batch words"),
    min_updates: int = typer.Option(100, "--min-updates", min=1, help="The fewest updates"),
    max_updates: int = typer.Option(1200, "--max-updates", min=1, help="The most updates"),
) -> None:
    """Is the gain of a strategy kept, when the final model is another? Settings of the simulation as in `simulate`."""
    from spacy.cli._util import parse_config_overrides

    from bioactive.simulation.experiment import read_experiment
    from bioactive.simulation.in_memory import Schedule
    from bioactive.simulation.transfer import Final, finished, gains_kept, transfer

    from .progress import progress_bar

    made = read_experiment(config, parse_config_overrides(list(context.args), env_var=None))
    overrides = parse_config_overrides([f"--{each}" for each in settings], env_var=None)
    model = Final(final, overrides, Schedule(batch_words, epochs, min_updates, max_updates))
    file = output / f"transfer-{final.stem}.jsonl"

    with progress_bar("Training", "trainings") as bar:
        bar.expect(len(finished(made, output)))

        def told(row: dict[str, object]) -> None:
            bar.done(1)
            scores = f"chosen by F1 {row['chosen']:.4f}, final {row['final']:.4f}"
            typer.echo(f"{row['strategy']} seed {row['seed']}: {scores}")

        rows = transfer(made, output, model, file, told)
    for line in table(gains_kept(rows, made.baseline), made.baseline):
        typer.echo(line)
    typer.echo(f"Written: {file}")


def table(found: Sequence[Kept], baseline: str) -> list[str]:
    """The gains, a line a strategy."""
    return [
        f"{each.strategy}: {each.chosen:+.4f} over {baseline} with the pipeline that chose, {each.final:+.4f} with the "
        f"final one ({', '.join(f'{gain:+.4f}' for gain in each.each)}; {each.seeds} seeds)"
        for each in found
    ]
