"""When to stop asking: what each criterion would have decided in a simulation, and what that would have cost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from bioactive.errors import error

from .experiment import FULL, Experiment
from .simulate import Row, read_rows, run_path

# From all rounds so far: whether to stop after the last of them.
Criterion = Callable[[Sequence[Row]], bool]


@dataclass(frozen=True)
class Stopped:
    """Where a criterion would have stopped one run.

    criterion, strategy (str): Which.
    seed (int): Of the run.
    round (int | None): After which round; None where it would have gone on.
    words (int): Paid for by then; of a run that would have gone on, by the end.
    f (float): F1 then.
    share (float): That F1 by the full F1.
    lost (float): The highest F1 of the run, less F1 then.
    """

    criterion: str
    strategy: str
    seed: int
    round: int | None
    words: int
    f: float
    share: float
    lost: float


def gain_below(threshold: float = 0.005, window: int = 2) -> Criterion:
    """Stop when F1 on labelled test Docs has gained less than a threshold in the last rounds.

    threshold (float): Of F1, in [0, 1].
    window (int): Rounds looked back.
    RETURNS (Criterion): Never true within the first `window` rounds. It needs labels that the other criteria do not.
    """
    return lambda rows: len(rows) > window and rows[-1]["test"]["f"] - rows[-1 - window]["test"]["f"] < threshold


def agreement_above(threshold: float = 0.95, window: int = 2) -> Criterion:
    """Stop when successive pipelines predict the same on texts that nobody labels.

    threshold (float): F1 of the predictions of a round, with those of the round before as gold; the least of `window`.
    window (int): Rounds in a row.
    RETURNS (Criterion): Never true within the first `window` rounds.
    Source: after Bloodgood & Vijay-Shanker 2009, A method for stopping active learning based on stabilizing
        predictions, who take the kappa of single decisions.
    """

    def stops(rows: Sequence[Row]) -> bool:
        last = rows[-window - 1 :]
        agreed = [agreement(a["stop"], b["stop"]) for a, b in pairwise(last)]
        return len(last) > window and min(agreed) >= threshold

    return stops


def doubt_below(threshold: float = 0.02) -> Criterion:
    """Stop when the pipeline is sure about texts that nobody labels.

    threshold (float): Mean token entropy, in nats.
    RETURNS (Criterion): True from the first such round.
    Source: after Vlachos 2008, A stopping criterion for active learning, who looks for the peak of confidence.
    """
    return lambda rows: bool(rows[-1]["stop"]["doubt"] < threshold)


def budget_spent(words: int) -> Criterion:
    """Stop when so many words are paid for.

    words (int): The budget.
    RETURNS (Criterion): True from the first such round.
    """
    return lambda rows: bool(rows[-1]["cost"]["words"] >= words)


def agreement(before: dict[str, Any], after: dict[str, Any]) -> float:
    """F1 of the predictions of one round against those of another; 1.0 where neither predicts anything.

    before, after (dict): What a row has under "stop".
    RETURNS (float): In [0, 1].
    """
    first, second = ({tuple(entity) for entity in each["entities"]} for each in (before, after))
    return 2 * len(first & second) / (len(first) + len(second)) if first or second else 1.0


def stop_report(experiment: Experiment, output: Path, criteria: dict[str, Criterion]) -> list[Stopped]:
    """What each criterion would have decided in each finished run.

    experiment (Experiment): The simulation.
    output (Path): Its folder.
    criteria (dict[str, Criterion]): By name.
    RETURNS (list[Stopped]): By criterion, strategy and seed.
    RAISES (BioactiveError): B534 when there is no finished run, or none of the whole pool.
    """
    paths = {run: run_path(output, *run) for run in experiment.runs()}
    rows = {run: read_rows(path) for run, path in paths.items() if path.is_file()}
    full = [own[-1]["test"]["f"] for (name, _), own in rows.items() if name == FULL]
    runs = {run: own for run, own in rows.items() if run[0] != FULL}
    if not full or not runs:
        raise error("B534", path=output)
    reached = float(np.mean(full))
    return [
        _stopped(criterion, name, seed, own, stops, reached)
        for criterion, stops in criteria.items()
        for (name, seed), own in sorted(runs.items())
    ]


def _stopped(criterion: str, name: str, seed: int, rows: Sequence[Row], stops: Criterion, full: float) -> Stopped:
    at = next((number for number in range(len(rows)) if stops(rows[: number + 1])), None)
    row = rows[-1 if at is None else at]
    f = row["test"]["f"]
    lost = max(each["test"]["f"] for each in rows) - f
    return Stopped(criterion, name, seed, at, row["cost"]["words"], f, f / full if full else 0.0, lost)
