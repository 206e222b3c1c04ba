"""How many expert rows cheap labels need beside them: k folds, a growing share of rows, and where the gain ends."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from spacy.tokens import Doc

from bioactive import __version__
from bioactive.active.journal import Journal, differences
from bioactive.errors import error
from bioactive.evaluation.bootstrap import Interval
from bioactive.evaluation.load import read_docs
from bioactive.fingerprint import sha256_of

from .in_memory import Schedule, Trainer
from .scoring import loss_on, scores_on
from .teacher import Teaching, taught

Row = dict[str, Any]
PERCENTS = (1.0, 2.0, 3.0, 5.0, 7.0, 10.0, 12.0, 15.0, 20.0)


@dataclass(frozen=True)
class ThresholdOptions:
    """A threshold experiment.

    cheap (Path | None): .spacy file of cheap rows; None for expert rows alone.
    expert (Path): .spacy file of expert rows, which are divided into folds.
    config (Path): A spaCy training config.
    overrides (Mapping[str, Any]): Its settings by dotted name.
    percents (tuple[float, ...]): Expert rows to add, in percent of those outside of the fold, rising; 0 for none.
    folds (int): Each is the test of one training a percentage.
    teaching (Teaching): How cheap rows are used.
    schedule (Schedule): How long to train.
    seed (int): Of the folds, of the order in which rows are added, and of the weights.
    gain (float): F1 that counts as a gain, see `summed_up`.
    """

    cheap: Path | None
    expert: Path
    config: Path
    overrides: Mapping[str, Any] = field(default_factory=dict)
    percents: tuple[float, ...] = PERCENTS
    folds: int = 5
    teaching: Teaching = field(default_factory=Teaching)
    schedule: Schedule = field(default_factory=Schedule)
    seed: int = 0
    gain: float = 0.005

    def facts(self) -> dict[str, Any]:
        """All that a row depends on, in JSON's types; files by their SHA-256."""
        own = {name: getattr(self, name) for name in ("percents", "folds", "seed")}
        sections = {
            "schedule": vars(self.schedule),
            "overrides": self.overrides,
            "teaching": {**vars(self.teaching), **vars(self.teaching.trust), "trust": None},
        }
        own |= {f"{section}.{key}": value for section, given in sections.items() for key, value in given.items()}
        files = {"cheap": self.cheap, "expert": self.expert, "config": self.config}
        prints = {name: sha256_of(path) if path else None for name, path in files.items()}
        return {**own, **prints, "version": __version__}


@dataclass(frozen=True)
class Point:
    """One percentage.

    percent (float): Of the expert rows.
    rows (float): How many these are, the mean over folds.
    f, accuracy, loss (Interval): Mean over folds, with its 95 % interval (Student's t); the loss is None where the
        pipeline knows none.
    """

    percent: float
    rows: float
    f: Interval
    accuracy: Interval
    loss: Interval | None


@dataclass(frozen=True)
class Threshold:
    """What came of it.

    points (list[Point]): By percentage.
    saturation (float | None): The percentage at which the gain ends; None when the last one still gains.
    gain (float): The F1 that counts as a gain.
    folds (int): Folds.
    """

    points: list[Point]
    saturation: float | None
    gain: float
    folds: int

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        points = [
            {name: value._asdict() if isinstance(value, Interval) else value for name, value in vars(one).items()}
            for one in self.points
        ]
        return {"points": points, "saturation": self.saturation, "gain": self.gain, "folds": self.folds}


def threshold(
    options: ThresholdOptions,
    output: Path,
    restart: bool = False,
    on_row: Callable[[Row], object] = lambda row: None,
) -> Threshold:
    """Run the experiment, or what is left of it.

    options (ThresholdOptions): The experiment.
    output (Path): Folder; `rows.jsonl` has a row for each fold and percentage, `threshold.json` the result. A run that
        was stopped goes on after its last row.
    restart (bool): Throw away what an earlier run left.
    on_row (Callable): Told each row, those of an earlier run included.
    RETURNS (Threshold): Means, intervals and the saturation point.
    RAISES (BioactiveError): B520 for rows of another experiment, B561 for folds or percentages that leave nothing.
    """
    _check(options)
    path = output / "rows.jsonl"
    if restart:
        path.unlink(missing_ok=True)
    rows = _finished(path, options)
    if rows is None:
        rows = _run(options, path, restart, on_row)
    result = summed_up(rows, options.gain)
    (output / "threshold.json").write_text(json.dumps(result.to_dict(), indent=1) + "\n", encoding="utf8")
    return result


def fold_numbers(docs: Sequence[Doc], folds: int, seed: int) -> np.ndarray:
    """Which fold each Doc is in; Docs of one document, or of one text, are in the same.

    docs (Sequence[Doc]): Docs; `user_data["doc_id"]` tells the document.
    folds (int): K.
    seed (int): The same gives the same folds.
    RETURNS (np.ndarray): [len(docs)], in [0, K).
    RAISES (BioactiveError): B561 when there are fewer documents than folds.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    first: dict[tuple[str, object], int] = {}
    keys = [(("id", doc.user_data.get("doc_id", i)), ("text", doc.text)) for i, doc in enumerate(docs)]
    links = [(i, first.setdefault(key, i)) for i, pair in enumerate(keys) for key in pair]
    edges = coo_array((np.ones(len(links)), tuple(np.array(links).T)), shape=(len(docs), len(docs)))
    _, group = connected_components(edges, directed=False)
    members = np.bincount(group)
    if len(members) < folds:
        raise error("B561", folds=folds, percents=f"of {len(members)} texts")
    order = np.random.default_rng([seed, 0]).permutation(len(members))
    # The largest first, each to the smallest fold: folds of like size, also where documents differ.
    sizes, home = np.zeros(folds, dtype=int), np.zeros(len(members), dtype=int)
    for one in order[np.argsort(-members[order], kind="stable")]:
        home[one] = sizes.argmin()
        sizes[home[one]] += members[one]
    return np.asarray(home[group])


def summed_up(rows: Sequence[Row], gain: float) -> Threshold:
    """Means over folds, and the saturation point.

    The rule: the smallest percentage p such that no larger one has a mean F1 that is `gain` or more above that of p.

    rows (Sequence[Row]): One a fold and percentage.
    gain (float): F1.
    RETURNS (Threshold): The result.
    """
    percents = sorted({row["percent"] for row in rows})
    points = []
    for percent in percents:
        mine = [row for row in rows if row["percent"] == percent]
        f, accuracy = (_mean([row[name] for row in mine]) for name in ("f", "accuracy"))
        losses = [row["loss"] for row in mine]
        loss = None if None in losses else _mean(losses)
        points.append(Point(percent, float(np.mean([row["rows"] for row in mine])), f, accuracy, loss))
    means = [point.f.value for point in points]
    ended = (i for i, mean in enumerate(means[:-1]) if max(means[i + 1 :]) - mean < gain)
    found = next(ended, None)
    folds = len({row["fold"] for row in rows})
    return Threshold(points, None if found is None else percents[found], gain, folds)


def _run(options: ThresholdOptions, path: Path, restart: bool, on_row: Callable[[Row], object]) -> list[Row]:
    """All rows: those that an earlier run has written, then the others."""
    with Journal(path, options.facts(), restart) as journal:
        rows = [row for _, row in journal.lines()][1:]
        if not journal.blocks:
            journal.append({"facts": journal.facts})
        for row in rows:
            on_row(row)
        for row in _rows(options, len(rows)):
            journal.append(row)
            journal.commit({"rows": len(rows) + 1})
            rows.append(row)
            on_row(row)
        journal.deliver(path)
    return rows


def _rows(options: ThresholdOptions, done: int) -> Iterator[Row]:
    """Fold by fold, percentage by percentage, without the first `done`."""
    trainer = Trainer(options.config, options.overrides, options.schedule)
    vocab = trainer.blank().vocab
    expert = read_docs(options.expert, vocab)
    cheap = read_docs(options.cheap, vocab) if options.cheap else []
    labels = sorted({ent.label_ for doc in [*expert, *cheap] for ent in doc.ents})
    home = fold_numbers(expert, options.folds, options.seed)
    for number, (fold, percent) in enumerate((f, p) for f in range(options.folds) for p in options.percents):
        if number < done:
            continue
        began = time.perf_counter()
        test = [doc for doc, its in zip(expert, home, strict=True) if its == fold]
        held_out = {doc.text for doc in test}
        rest = [doc for doc, its in zip(expert, home, strict=True) if its != fold]
        order = np.random.default_rng([options.seed, 1, fold]).permutation(len(rest))
        # Rising shares of one order: each holds the one before.
        added = [rest[int(i)] for i in order[: max(1, round(len(rest) * percent / 100)) if percent else 0]]
        open_rows = [doc for doc in cheap if doc.text not in held_out]
        made = taught(trainer, open_rows, added, labels, options.teaching, options.seed + fold)
        with trainer.trained(made.docs, labels, options.seed + fold) as nlp:
            row = {**scores_on(nlp, test), "loss": loss_on(nlp, test)}
        told = {"fold": fold, "percent": percent, "rows": len(added), "cheap": made.cheap}
        yield {**told, **row, "seconds": time.perf_counter() - began}


def _check(options: ThresholdOptions) -> None:
    percents = list(options.percents)
    rising = percents == sorted(set(percents)) and percents and percents[0] >= 0 and percents[-1] <= 100
    if options.folds < 2 or not rising or (percents[0] == 0 and options.cheap is None):
        raise error("B561", folds=options.folds, percents=percents)


def _finished(path: Path, options: ThresholdOptions) -> list[Row] | None:
    """The rows of a finished run of the same experiment."""
    if not path.is_file():
        return None
    first, *rows = (json.loads(line) for line in path.read_text(encoding="utf8").splitlines())
    differs = list(differences(first["facts"], json.loads(json.dumps(options.facts()))))
    if differs:
        raise error("B532", path=path, differs="; ".join(differs))
    return rows


def _mean(values: Sequence[float]) -> Interval:
    """Mean of folds with its 95 % interval by Student's t."""
    from scipy.stats import t

    found = np.asarray(values, dtype=float)
    mean = float(found.mean())
    half = float(t.ppf(0.975, len(found) - 1) * found.std(ddof=1) / math.sqrt(len(found)))
    return Interval(mean, mean - half, mean + half)
