"""`bioactive stop-report`: which criterion would have stopped a simulation when, and what was lost by it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from bioactive.simulation.stopping import Stopped


def stop_report_cli(
    context: typer.Context,
    config: Path = typer.Argument(..., help="Config of the simulation"),
    output: Path = typer.Argument(..., help="Folder of the simulation"),
    gain: float = typer.Option(0.005, "--gain", help="Stop when F1 gains less than this in two rounds"),
    agreement: float = typer.Option(0.95, "--agreement", help="Stop when successive predictions agree so far, twice"),
    doubt: float = typer.Option(0.02, "--doubt", help="Stop when the mean token entropy is below this"),
    budget: int = typer.Option(10_000, "--budget", help="Stop when so many words are paid for"),
) -> None:
    """Say when each criterion for stopping would have ended the runs of a simulation; settings as in `simulate`."""
    from spacy.cli._util import parse_config_overrides

    from bioactive.simulation.experiment import read_experiment
    from bioactive.simulation.stopping import agreement_above, budget_spent, doubt_below, gain_below, stop_report

    criteria = {
        f"gain < {gain:g}": gain_below(gain),
        f"agreement >= {agreement:g}": agreement_above(agreement),
        f"doubt < {doubt:g}": doubt_below(doubt),
        f"budget {budget:,}": budget_spent(budget),
    }
    experiment = read_experiment(config, parse_config_overrides(list(context.args), env_var=None))
    for line in table(stop_report(experiment, output, criteria)):
        typer.echo(line)


def table(found: list[Stopped]) -> list[str]:
    """The decisions, a line each."""
    lines = [f"{'criterion':20} {'strategy':24} seed  after round   words      F1  of full  lost to the best round"]
    for each in found:
        after = "goes on" if each.round is None else str(each.round)
        lines.append(
            f"{each.criterion:20} {each.strategy:24} {each.seed:4}  {after:>11} {each.words:7,}  "
            f"{each.f:.4f}   {each.share:5.1%}  {each.lost:.4f}"
        )
    return lines
