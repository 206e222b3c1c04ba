"""Simulated annotation: a gold corpus answers what a strategy asks, round by round, and every round is written down."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc

from bioactive.active.costs import Cost
from bioactive.active.journal import Journal, differences
from bioactive.engine.local import Engine
from bioactive.errors import error

from .bench import Bench
from .choose import Budget, Pool, Question, asks_pipeline, cold_questions, next_questions, seed_questions
from .experiment import FULL, Experiment, write_experiment
from .trust import Guesses, guess, training_docs

Row = dict[str, Any]
_EVERYTHING = 2**62
OnRow = Callable[[str, int, Row], object]


@dataclass(frozen=True)
class Options:
    """How a simulation is carried out; none of it changes a result.

    jobs (int): Processes.
    restart (bool): Throw away what an earlier run left.
    keep (bool): Keep the pipeline of each round.
    on_row (Callable): Told strategy, seed and row when a round is written, in the process that was asked.
    engine (Engine | None): Where the runs are carried out, by `jobs` workers; None for processes of this machine.
    """

    jobs: int = 1
    restart: bool = False
    keep: bool = False
    on_row: OnRow = field(default=lambda name, seed, row: None)
    engine: Engine | None = None


def simulate(experiment: Experiment, output: Path, options: Options | None = None) -> list[Path]:
    """Run what is not yet finished of a simulation.

    experiment (Experiment): The simulation.
    output (Path): Folder; `runs/STRATEGY-SEED.jsonl` has a row a round. A run that was stopped goes on after its last
        whole round, and finished ones are not repeated.
    options (Options | None): How it is carried out.
    RETURNS (list[Path]): The files of all runs.
    RAISES (BioactiveError): B520 and B532 when an earlier run was of other settings or data, with what differs; B533
        when the pool is too small.
    """
    return simulate_all({output: experiment}, options)[output]


def simulate_all(experiments: Mapping[Path, Experiment], options: Options | None = None) -> dict[Path, list[Path]]:
    """Run what is not yet finished of several simulations, so that no process waits for the end of one of them.

    experiments (Mapping[Path, Experiment]): The simulations by their folders.
    options (Options | None): How they are carried out.
    RETURNS (dict[Path, list[Path]]): The files of all runs, by folder.
    RAISES (BioactiveError): As `simulate`.
    """
    options = options or Options()
    pending = [run for output, experiment in experiments.items() for run in _pending(experiment, output, options)]
    for output, experiment in experiments.items():
        write_experiment(experiment, output)
    if options.engine is not None and pending:
        from .processes import on_engine

        on_engine(experiments, pending, options, options.engine)
    elif options.jobs > 1 and len(pending) > 1:
        from .processes import in_processes

        in_processes(experiments, pending, options)
    else:
        benches: dict[Path, Bench] = {}
        for output, name, seed in pending:
            if output not in benches:
                benches[output] = Bench(experiments[output])
            run_one(benches[output], name, seed, output, options)
    return {output: [run_path(output, *run) for run in experiment.runs()] for output, experiment in experiments.items()}


def _pending(experiment: Experiment, output: Path, options: Options) -> list[tuple[Path, str, int]]:
    """The runs that are not finished."""
    paths = {run: run_path(output, *run) for run in experiment.runs()}
    if options.restart:
        for path in paths.values():
            path.unlink(missing_ok=True)
    return [(output, *run) for run, path in paths.items() if not _is_finished(path, experiment.facts(*run))]


def run_path(output: Path, name: str, seed: int) -> Path:
    """Where the rounds of one run are written."""
    return output / "runs" / f"{name}-{seed}.jsonl"


def read_rows(path: Path) -> list[Row]:
    """The rounds of a finished run, or of one that was stopped."""
    part = path.with_name(f"{path.name}.part")
    lines = (path if path.is_file() else part).read_text(encoding="utf8").splitlines()
    return [row for line in lines[1:] if "round" in (row := json.loads(line))]


def run_one(bench: Bench, name: str, seed: int, output: Path, options: Options) -> None:
    """One strategy with one seed, from the round after the last that is written down.

    bench (Bench): Corpus and encoder.
    name (str): Name of the strategy, or "full" to train on the whole pool once.
    seed (int): Decides the first texts, the weights, random measures and ties.
    output (Path): The simulation's folder.
    options (Options): As given to `simulate`.
    """
    path, facts = run_path(output, name, seed), bench.experiment.facts(name, seed)
    with Journal(path, facts, options.restart) as journal:
        found = [row for _, row in journal.lines()]
        if not found:
            journal.append({"facts": journal.facts})
        for row in _rounds(bench, name, seed, found[1:], output if options.keep else None):
            journal.append(row)
            journal.commit({"rounds": row["round"] + 1})
            options.on_row(name, seed, row)
        journal.deliver(path)


def _rounds(bench: Bench, name: str, seed: int, done: Sequence[Row], keep: Path | None) -> Iterator[Row]:
    """The rounds that are not done; those that are, are answered again but not trained."""
    pool, rounds, cost = bench.pool(), bench.experiment.rounds, Cost()
    whole = name == FULL
    if not whole:
        _check_size(pool, bench.experiment)
    questions = _first(bench, pool, name, seed)
    guesses: Guesses = {}
    for number in range(1 if whole else rounds.count + 1):
        cost = sum((pool.oracle.ask(each.text, each.stretches) for each in questions), cost)
        if number < len(done):
            row = done[number]
        else:
            docs = training_docs(pool.oracle, guesses) + ([] if whole else bench.beside(pool))
            folder = (
                keep / "pipelines" / f"{name}-{seed}" / f"active_iter_{number}_added_{cost.sentences}" if keep else None
            )
            row = {
                "round": number,
                "asked": _written(questions),
                "cost": asdict(cost),
                **_round(bench, pool, docs, Turn(name, seed, number), folder),
            }
            yield row
        questions, guesses = _next_of(row)


def _first(bench: Bench, pool: Pool, name: str, seed: int) -> list[Question]:
    """What is asked before there is a pipeline."""
    rounds = bench.experiment.rounds
    if name == FULL:
        return seed_questions(pool, Budget(_EVERYTHING), seed)
    strategy, budget = bench.experiment.strategies[name], Budget(*rounds.budget(0))
    if not rounds.cold or not asks_pipeline(strategy):
        return seed_questions(pool, budget, seed)
    return cold_questions(bench.trainer.blank(), pool, strategy, budget, seed)


@dataclass(frozen=True)
class Turn:
    """One round of one run: strategy, seed, and number of the round."""

    name: str
    seed: int
    number: int

    @property
    def mixed(self) -> int:
        """A seed for each round, the same for all strategies."""
        return int(np.random.SeedSequence([self.seed, self.number]).generate_state(1)[0])


def _round(bench: Bench, pool: Pool, docs: list[Doc], turn: Turn, folder: Path | None) -> Row:
    """Train, score, and choose what is asked next."""
    began = time.perf_counter()
    # The strategies of one seed begin with the same pipeline.
    with bench.trainer.trained(docs, bench.labels, turn.mixed, remember=turn.number == 0) as nlp:
        row: Row = {"trained": time.perf_counter() - began, "test": bench.scored(nlp), "stop": bench.unlabelled(nlp)}
        if folder is not None:
            folder.parent.mkdir(parents=True, exist_ok=True)
            nlp.to_disk(folder)
        row |= _chosen(bench, pool, nlp, turn)
    return {**row, "seconds": time.perf_counter() - began}


def _chosen(bench: Bench, pool: Pool, nlp: Language, turn: Turn) -> Row:
    """The questions of the next round, and what is taken for granted beside their answers."""
    rounds, strategy = bench.experiment.rounds, bench.experiment.strategies.get(turn.name)
    if strategy is None or turn.number >= rounds.count:
        return {"next": [], "guesses": {}}
    asked = nlp if asks_pipeline(strategy) else None
    budget = Budget(*rounds.budget(turn.number + 1))
    questions = next_questions(asked, pool, strategy, budget, turn.mixed, bench.experiment.time)
    guesses, told = guess(nlp, pool, strategy.trust) if strategy.trust else ({}, {})
    return {"next": _written(questions), "guesses": {str(text): found for text, found in guesses.items()}, **told}


def _written(questions: Sequence[Question]) -> list[list[Any]]:
    return [[each.text, [list(stretch) for stretch in each.stretches]] for each in questions]


def _next_of(row: Row) -> tuple[list[Question], Guesses]:
    """What a written round had decided for the next."""
    questions = [Question(text, [(start, end) for start, end in stretches]) for text, stretches in row["next"]]
    return questions, {int(text): found for text, found in row["guesses"].items()}


def _check_size(pool: Pool, experiment: Experiment) -> None:
    rounds = experiment.rounds
    budgets = [Budget(*rounds.budget(number)) for number in range(rounds.count + 1)]
    if rounds.texts:
        found, needed = len(set(pool.oracle.documents)), sum(each.texts for each in budgets)
    else:
        found, needed = sum(int(free.sum()) for free in pool.oracle.free), sum(each.words for each in budgets)
    if needed > found:
        what = "documents" if rounds.texts else "words"
        raise error("B533", found=found, what=what, needed=needed, rounds=rounds.count)


def _is_finished(path: Path, facts: dict[str, Any]) -> bool:
    if not path.is_file():
        return False
    with path.open(encoding="utf8") as file:
        before = json.loads(file.readline())["facts"]
    differs = list(differences(before, json.loads(json.dumps(facts))))
    if differs:
        raise error("B532", path=path, differs="; ".join(differs))
    return True
