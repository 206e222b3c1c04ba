"""Several encoders on one corpus: settings chosen on dev for each, then scores over shares of the training set."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .grid import SHARE, Grid, Row, combinations, run_grid
from .in_memory import Schedule

ENCODER = "vars.encoder"


@dataclass(frozen=True)
class Comparison:
    """What is compared.

    config (Path): A training config with `encoder` in its [vars].
    train, dev (Path): .spacy files; dev chooses the settings of each encoder.
    encoders (Sequence[str]): Hub names or folders.
    test (Path | None): What is scored in the end; dev where there is none.
    shares (Sequence[float]): Shares of the training documents, from the first, in (0, 1].
    settings (Mapping[str, Sequence]): Values to try, see `Grid`; without any nothing is chosen.
    overrides (Mapping[str, Any]): Settings that stay.
    schedule (Schedule): How long to train.
    seeds (Sequence[int]): The first chooses, all score.
    """

    config: Path
    train: Path
    dev: Path
    encoders: Sequence[str]
    test: Path | None = None
    shares: Sequence[float] = (1.0, 0.7, 0.5)
    settings: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    overrides: Mapping[str, Any] = field(default_factory=dict)
    schedule: Schedule = field(default_factory=Schedule)
    seeds: Sequence[int] = (0, 1, 2)

    @property
    def trainings(self) -> int:
        """How many there are in all: those that choose settings, and those that score."""
        chosen = sum(1 for _ in combinations(self.settings)) if self.settings else 0
        return len(self.encoders) * (chosen + len(self.seeds) * len(self.shares))


@dataclass(frozen=True)
class Compared:
    """What came of one encoder.

    encoder (str): Its name.
    chosen (dict[str, Any]): The settings that were best on dev.
    dev (float | None): F1 on dev with them, strict; None where nothing was tried.
    f (dict[float, list[float]]): By share, F1 of each seed.
    """

    encoder: str
    chosen: dict[str, Any]
    dev: float | None
    f: dict[float, list[float]]


def run_comparison(
    comparison: Comparison, output: Path, on_row: Callable[[Row], object] = lambda row: None
) -> list[Compared]:
    """Train and score all of it; what the folder holds already is not repeated.

    comparison (Comparison): What is compared.
    output (Path): Folder; gets `grid.jsonl` and `shares.jsonl`, a row a training.
    on_row (Callable): Told each row.
    RETURNS (list[Compared]): One an encoder, in order.
    RAISES (BioactiveError): As `run_grid`.
    """
    found = []
    for encoder in comparison.encoders:
        chosen, dev = _choose(comparison, encoder, output, on_row)
        fixed = {ENCODER: [encoder], **{name: [value] for name, value in chosen.items()}}
        f: dict[float, list[float]] = {share: [] for share in comparison.shares}
        for seed in comparison.seeds:
            grid = _grid(comparison, {**fixed, SHARE: comparison.shares}, seed, comparison.test or comparison.dev)
            for row in run_grid(grid, output / "shares.jsonl", on_row):
                f[row["set"][SHARE]].append(row["strict"]["f"])
        found.append(Compared(encoder, chosen, dev, f))
    return found


def _choose(
    comparison: Comparison, encoder: str, output: Path, on_row: Callable[[Row], object]
) -> tuple[dict[str, Any], float | None]:
    """The settings with the best F1 on dev, of equal ones the first; with that F1."""
    if not comparison.settings:
        return {}, None
    grid = _grid(comparison, {ENCODER: [encoder], **comparison.settings}, comparison.seeds[0], comparison.dev)
    best = max(run_grid(grid, output / "grid.jsonl", on_row), key=lambda row: row["strict"]["f"])
    return {name: value for name, value in best["set"].items() if name != ENCODER}, best["strict"]["f"]


def _grid(comparison: Comparison, settings: Mapping[str, Sequence[Any]], seed: int, scored: Path) -> Grid:
    return Grid(
        comparison.config,
        comparison.train,
        scored,
        settings,
        comparison.overrides,
        comparison.schedule,
        ("strict",),
        seed,
    )


def short_name(encoder: str) -> str:
    """A hub name as it is, of a folder the last two parts."""
    return "/".join(Path(encoder).parts[-2:])


def comparison_table(found: Sequence[Compared], scored: str) -> str:
    """The results as a Markdown table: F1 by share, the mean over seeds and, where there are several, the range.

    found (Sequence[Compared]): From `run_comparison`.
    scored (str): The name of what was scored.
    """
    shares = list(found[0].f)
    head = ["encoder", "chosen on dev", "dev F1", *(f"{scored} F1, {100 * share:g} %" for share in shares)]
    lines = [_line(head), _line(["---", "---", *["--:"] * (len(shares) + 1)])]
    for each in found:
        chosen = ", ".join(f"{name} {json.dumps(value)}" for name, value in each.chosen.items()) or "nothing tried"
        dev = "" if each.dev is None else f"{each.dev:.3f}"
        lines.append(_line([short_name(each.encoder), chosen, dev, *(_cell(each.f[share]) for share in shares)]))
    return "\n".join(lines) + "\n"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(values: Sequence[float]) -> str:
    mean = f"{sum(values) / len(values):.3f}"
    if len(values) == 1:
        return f"{mean} (1 seed)"
    return f"{mean} ({min(values):.3f} to {max(values):.3f}, {len(values)} seeds)"
