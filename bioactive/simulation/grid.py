"""The same training under every combination of some settings, and on parts of the data."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

from spacy.tokens import Doc

from bioactive.evaluation.blocks import pipe_block
from bioactive.evaluation.load import read_docs
from bioactive.evaluation.pairs import unlabelled_copy
from bioactive.fingerprint import sha256_of

from .in_memory import Schedule, Trainer
from .metrics import METRICS, get_metric

Row = dict[str, Any]


@dataclass(frozen=True)
class Grid:
    """What is trained and scored.

    config (Path): A spaCy training config.
    train, test (Path): .spacy files; the test file is a dev set where something is to be chosen.
    settings (Mapping[str, Sequence]): Values to try, by dotted name; "train.share" is the share of the training
        documents, from the first, in (0, 1].
    overrides (Mapping[str, Any]): Settings that stay.
    schedule (Schedule): How long to train.
    metrics (Sequence[str]): Of `METRICS`.
    seed (int): Of the weights and the order.
    """

    config: Path
    train: Path
    test: Path
    settings: Mapping[str, Sequence[Any]]
    overrides: Mapping[str, Any] = field(default_factory=dict)
    schedule: Schedule = field(default_factory=Schedule)
    metrics: Sequence[str] = tuple(METRICS)
    seed: int = 0


SHARE = "train.share"


def run_grid(grid: Grid, output: Path, on_row: Callable[[Row], object] = lambda row: None) -> list[Row]:
    """Train and score every combination; what the file holds already is not repeated.

    grid (Grid): The combinations.
    output (Path): .jsonl file with a row a combination.
    on_row (Callable): Told each row.
    RETURNS (list[Row]): `set` (the settings), `documents`, `words` of the training set, and the scores by metric.
    RAISES (BioactiveError): B543 for an unknown metric.
    """
    for name in grid.metrics:
        get_metric(name)
    output.parent.mkdir(parents=True, exist_ok=True)
    done = {row["key"]: row for row in _rows_of(output)}
    facts = _facts(grid)
    found = []
    trainer = None
    for chosen in combinations(grid.settings):
        key = json.dumps({**facts, **chosen}, sort_keys=True)
        if key not in done:
            trainer = _trainer(grid, chosen, trainer)
            done[key] = {"key": key, "set": chosen, **_one(grid, chosen, trainer)}
            with output.open("a", encoding="utf8") as file:
                file.write(json.dumps(done[key]) + "\n")
        on_row(done[key])
        found.append(done[key])
    return found


def combinations(settings: Mapping[str, Sequence[Any]]) -> Iterator[dict[str, Any]]:
    """Every combination of the values of some settings; one without any where there are none."""
    for values in product(*settings.values()):
        yield dict(zip(settings, values, strict=True))


def _trainer(grid: Grid, chosen: Mapping[str, Any], before: Trainer | None) -> Trainer:
    """A trainer of these settings, which goes on with the vocabulary and the frozen encoders of the one before."""
    own = {name: value for name, value in chosen.items() if name != SHARE}
    trainer = Trainer(grid.config, {**grid.overrides, **own}, grid.schedule)
    if before is not None:
        trainer.vocab, trainer.encoders = before.vocab, before.encoders
    return trainer


def _one(grid: Grid, chosen: Mapping[str, Any], trainer: Trainer) -> Row:
    vocab = trainer.blank().vocab
    train, test = list(read_docs(grid.train, vocab)), list(read_docs(grid.test, vocab))
    labels = sorted({ent.label_ for doc in train for ent in doc.ents})
    kept = train[: max(1, round(chosen.get(SHARE, 1.0) * len(train)))]
    with trainer.trained(kept, labels, grid.seed) as nlp:
        predicted: list[Doc] = list(pipe_block(nlp, [unlabelled_copy(doc, nlp.vocab) for doc in test], 256))
    scores = {name: get_metric(name)(test, predicted) for name in grid.metrics}
    return {"documents": len(kept), "words": sum(map(len, kept)), **scores}


def _facts(grid: Grid) -> dict[str, Any]:
    files = {
        name: sha256_of(path) for name, path in (("config", grid.config), ("train", grid.train), ("test", grid.test))
    }
    return {**files, "overrides": dict(grid.overrides), "schedule": vars(grid.schedule), "seed": grid.seed}


def _rows_of(path: Path) -> list[Row]:
    return [json.loads(line) for line in path.read_text("utf8").splitlines()] if path.is_file() else []
