"""Whether labels that one pipeline chose serve another: the final model need not be the one that asked."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from spacy.tokens import Doc
from spacy.vocab import Vocab

from bioactive.errors import error
from bioactive.evaluation.blocks import pipe_block
from bioactive.evaluation.load import read_docs
from bioactive.evaluation.pairs import unlabelled_copy

from .experiment import Experiment
from .in_memory import Schedule, Trainer
from .metrics import get_metric
from .oracle import Oracle
from .simulate import Row, read_rows, run_path
from .trust import training_docs


@dataclass(frozen=True)
class Final:
    """The model that is trained on what was chosen.

    config (Path): A spaCy training config.
    overrides (Mapping[str, Any]): Its settings by dotted name.
    schedule (Schedule): How long to train.
    """

    config: Path
    overrides: Mapping[str, Any] = field(default_factory=dict)
    schedule: Schedule = field(default_factory=Schedule)


@dataclass(frozen=True)
class Kept:
    """How much of a strategy's gain over the baseline is left with the final model.

    strategy (str): Its name.
    seeds (int): Paired seeds.
    chosen (float): Mean gain in F1 of the pipeline that chose, at the last round.
    final (float): Mean gain of the final model on the same words.
    each (list[float]): That gain by seed.
    """

    strategy: str
    seeds: int
    chosen: float
    final: float
    each: list[float]


def transfer(
    experiment: Experiment,
    output: Path,
    final: Final,
    file: Path,
    on_row: Callable[[Row], object] = lambda row: None,
) -> list[Row]:
    """Train the final model on what each finished run of a simulation had asked by its end.

    experiment (Experiment): The simulation.
    output (Path): Its folder.
    final (Final): The other model.
    file (Path): .jsonl file with a row a run; those that it holds are not repeated.
    on_row (Callable): Told each row.
    RETURNS (list[Row]): `strategy`, `seed`, `words`, F1 of the pipeline that chose (`chosen`) and of the final model.
    RAISES (BioactiveError): B534 when no run is finished, B546 when the file has rows of another final model.
    """
    runs = finished(experiment, output)
    if not runs:
        raise error("B534", path=output)
    facts = {"config": str(final.config), "overrides": dict(final.overrides), "schedule": vars(final.schedule)}
    done = _done(file, facts)
    file.parent.mkdir(parents=True, exist_ok=True)
    trainer = Trainer(final.config, final.overrides, final.schedule)
    vocab = trainer.blank().vocab
    for name, seed in runs:
        if (name, seed) not in done:
            rows = read_rows(run_path(output, name, seed))
            oracle = replayed(experiment, rows, vocab)
            scored = _scored(experiment, trainer, oracle, seed)
            told = {"strategy": name, "seed": seed, "words": oracle.words_known, "chosen": rows[-1]["test"]["f"]}
            done[name, seed] = {**told, "final": scored["f"], "facts": facts}
            with file.open("a", encoding="utf8") as stream:
                stream.write(json.dumps(done[name, seed]) + "\n")
        on_row(done[name, seed])
    return [done[run] for run in runs]


def finished(experiment: Experiment, output: Path) -> list[tuple[str, int]]:
    """Strategy and seed of each finished run of a simulation, but for the whole pool."""
    runs = [(name, seed) for seed in experiment.seeds for name in experiment.strategies]
    return [run for run in runs if run_path(output, *run).is_file()]


def gains_kept(rows: Sequence[Row], baseline: str) -> list[Kept]:
    """The gain of each strategy over the baseline, by the pipeline that chose and by the final model.

    rows (Sequence[Row]): From `transfer`.
    baseline (str): The strategy to compare with.
    RETURNS (list[Kept]): Over the seeds that both have.
    """
    by_run = {(row["strategy"], row["seed"]): row for row in rows}
    found = []
    for name in dict.fromkeys(row["strategy"] for row in rows if row["strategy"] != baseline):
        seeds = [seed for strategy, seed in by_run if strategy == name and (baseline, seed) in by_run]
        if seeds:
            pairs = [(by_run[name, seed], by_run[baseline, seed]) for seed in seeds]
            chosen, final = ([mine[key] - other[key] for mine, other in pairs] for key in ("chosen", "final"))
            found.append(Kept(name, len(seeds), float(np.mean(chosen)), float(np.mean(final)), final))
    return found


def replayed(experiment: Experiment, rows: Sequence[Row], vocab: Vocab) -> Oracle:
    """What was known at the end of a run.

    experiment (Experiment): The simulation.
    rows (Sequence[Row]): Of the run.
    vocab (Vocab): Of the Docs.
    RETURNS (Oracle): With the answers.
    """
    golds = list(read_docs(Path(experiment.data.pool), vocab))
    oracle = Oracle(golds[: experiment.data.pool_limit or None])
    for row in rows:
        for text, stretches in row["asked"]:
            oracle.ask(text, [(start, end) for start, end in stretches])
    return oracle


def _scored(experiment: Experiment, trainer: Trainer, oracle: Oracle, seed: int) -> dict[str, float]:
    data = experiment.data
    labels = sorted({ent.label_ for doc in oracle.golds for ent in doc.ents})
    with trainer.trained(training_docs(oracle, {}), labels, seed) as nlp:
        test: list[Doc] = list(read_docs(Path(data.test), nlp.vocab))[: data.test_limit or None]
        predicted = list(pipe_block(nlp, [unlabelled_copy(doc, nlp.vocab) for doc in test], 64))
    return get_metric(data.metric)(test, predicted)


def _done(file: Path, facts: dict[str, Any]) -> dict[tuple[str, int], Row]:
    rows = [json.loads(line) for line in file.read_text("utf8").splitlines()] if file.is_file() else []
    if any(row["facts"] != json.loads(json.dumps(facts)) for row in rows):
        raise error("B546", path=file)
    return {(row["strategy"], row["seed"]): row for row in rows}
