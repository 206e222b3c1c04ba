"""The same training under every combination of some settings, and on parts of the data."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

from spacy.tokens import Doc
from spacy.util import load_config
from spacy.vocab import Vocab

from bioactive.errors import error
from bioactive.evaluation.blocks import pipe_block
from bioactive.evaluation.load import read_docs
from bioactive.evaluation.pairs import unlabelled_copy
from bioactive.fingerprint import sha256_of

from .in_memory import Schedule, Trainer, labelled_words
from .metrics import METRICS, get_metric

Row = dict[str, Any]


@dataclass(frozen=True)
class Grid:
    """What is trained and scored.

    config (Path): A spaCy training config.
    train, test (Path): .spacy files; the test file is a dev set where something is to be chosen.
    settings (Mapping[str, Sequence]): Values to try, by dotted name; "train.share" is the share of the training
        documents, from the first, in (0, 1]; "train.warmup" the share of the updates in which the learning rate rises,
        before it falls to zero at the last one, for configs with `warmup_steps` and `max_steps` in [vars].
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


SHARE, WARMUP = "train.share", "train.warmup"
FROZEN = "bioactive.FrozenTransformer.v1"


def run_grid(grid: Grid, output: Path, on_row: Callable[[Row], object] = lambda row: None) -> list[Row]:
    """Train and score every combination; what the file holds already is not repeated.

    grid (Grid): The combinations.
    output (Path): .jsonl file with a row a combination.
    on_row (Callable): Told each row.
    RETURNS (list[Row]): `set` (the settings), `documents`, `words` of the training set, and the scores by metric.
    RAISES (BioactiveError): B543 for an unknown metric, B705 where a warm-up cannot be tried.
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
    """A trainer of these settings, which goes on with the vocabulary of the one before, and with its frozen encoders
    where the settings name the same."""
    own = {name: value for name, value in chosen.items() if name not in (SHARE, WARMUP)}
    if WARMUP in chosen:
        own |= _warmup(grid, chosen)
    trainer = Trainer(grid.config, {**grid.overrides, **own}, grid.schedule)
    if before is not None:
        trainer.vocab = before.vocab
        if list(_frozen(before.config)) == list(_frozen(trainer.config)):
            trainer.encoders = before.encoders
    return trainer


def _frozen(section: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The blocks of a config that describe frozen encoders."""
    if section.get("@architectures") == FROZEN:
        yield section
    for part in section.values():
        if isinstance(part, Mapping):
            yield from _frozen(part)


def _warmup(grid: Grid, chosen: Mapping[str, Any]) -> dict[str, int]:
    """Settings with which the learning rate rises for a share of the updates and falls to zero at the last."""
    known = load_config(grid.config, interpolate=False).get("vars", {})
    for name in ("warmup_steps", "max_steps"):
        if name not in known:
            raise error("B705", config=grid.config, name=name)
    kept = _kept(read_docs(grid.train, Vocab()), chosen)
    updates = grid.schedule.updates(sum(map(len, kept)), sum(map(labelled_words, kept)))
    return {"vars.warmup_steps": round(chosen[WARMUP] * updates), "vars.max_steps": updates}


def _kept(docs: Sequence[Doc], chosen: Mapping[str, Any]) -> list[Doc]:
    """The share of the training documents that is trained on."""
    return list(docs[: max(1, round(chosen.get(SHARE, 1.0) * len(docs)))])


def _one(grid: Grid, chosen: Mapping[str, Any], trainer: Trainer) -> Row:
    vocab = trainer.blank().vocab
    train, test = list(read_docs(grid.train, vocab)), list(read_docs(grid.test, vocab))
    labels = sorted({ent.label_ for doc in train for ent in doc.ents})
    kept = _kept(train, chosen)
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
