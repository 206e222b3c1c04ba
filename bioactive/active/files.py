"""Ranking and predicting pool files of any length: in blocks, and so that a run that was stopped goes on."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from spacy.language import Language
from spacy.vocab import Vocab

from bioactive import __version__
from bioactive.annotate.tasks import Task
from bioactive.blocks import blocks
from bioactive.engine.local import Engine, Here
from bioactive.evaluation.blocks import TIDY_BLOCKS, UNWATCHED, Watch, tidy, uncached
from bioactive.evaluation.evaluate import predictable_labels
from bioactive.evaluation.load import load_pipeline
from bioactive.fingerprint import sha256_of

from .intake import taken_in
from .journal import Journal, write_lines
from .outputs import JSONL, format_of, write_tasks
from .pool import pool_print, read_pool
from .predict import Predicted, PredictOptions, Predictor
from .rank import Ranker
from .ranking import Ranking, RankOptions

# Of a pool, as `intake.taken_in` gives it, and what was found in it.
Block = dict[str, Any]


@dataclass(frozen=True)
class Run:
    """From where to where, and by what.

    nlp (Language): The pipeline, as it was loaded.
    pool (Path): A .jsonl, .parquet, .txt or .spacy file.
    output (Path): The file to make. Until it is whole, what is done lies in OUTPUT.part and OUTPUT.part.json beside it.
    code (Path | None): The file of own components that the pipeline was loaded with.
    restart (bool): Begin anew, whatever an earlier run left.
    watch (Watch): Is told how the run gets on.
    engine (Engine | None): Where a ranking is computed; None for this process, with `nlp`.
    model (str): What the workers of another engine load the pipeline by.
    """

    nlp: Language
    pool: Path
    output: Path
    code: Path | None = None
    restart: bool = False
    watch: Watch = UNWATCHED
    engine: Engine | None = None
    model: str = ""


def rank_file(run: Run, options: RankOptions) -> Ranking:
    """Rank a pool file; as `rank_pool`, but the tasks go to a file and never lie in memory together.

    run (Run): The output is .jsonl, the least certain first; of a pool without texts none is made.
    options (RankOptions): What to rank by.
    RETURNS (Ranking): The counts; `tasks` is empty.
    RAISES (BioactiveError): As `read_pool` and `rank_pool`; B520 for the part file of another run.
    """
    with Journal(run.output, _facts(run, "rank", asdict(options)), run.restart) as journal, uncached(run.nlp):
        ranker = Ranker(run.nlp, options, journal)
        ranking = ranker.ranking
        for place, ((score, tie, position), _) in journal.lines():
            ranker.keep((score, tie, position), place)
        ranking.add(journal.counts)
        for block in _ranked_blocks(run, ranker, journal.blocks):
            ranker.take(block)
            if block["is_new"]:
                journal.commit(ranking.tallied)
        if ranker.best:
            write_lines(ranker.ranked(), run.output)
        journal.finish()
    return ranking


def _ranked_blocks(run: Run, ranker: Ranker, finished: int) -> Iterator[Block]:
    """The blocks of the pool with what was found in them, in order; those that an earlier run finished are empty."""
    options = ranker.options
    reading = partial(taken_in, run.pool, options.text_key, options.block_size, run.nlp.max_length, finished)
    engine = run.engine
    made: Callable[[], Callable[[Block], Block]] = partial(_loaded, run.model, run.code, options)
    if engine is None:
        # What is found goes straight to the ranker's shelf.
        engine = Here()
        made = partial(partial, _score, ranker, run.watch.done)
        reading = partial(reading, on_size=run.watch.expect)
    else:
        run.watch.expect(None)
    for block in engine.each(made, reading):
        is_new = block["number"] >= finished
        (run.watch.done if is_new else run.watch.skip)(block["untold"])
        yield {**block, "is_new": is_new}


def _score(ranker: Ranker, on_done: Callable[[int], object], block: Block) -> Block:
    """Score the items of a block; without those, as they are many."""
    items = block.pop("items")
    ranker.score([(position, eg) for position, eg in items], on_done)
    if block["number"] % TIDY_BLOCKS == TIDY_BLOCKS - 1:
        tidy(ranker.nlp.vocab)
    return {**block, "untold": block["length"] - len(items)}


def _loaded(model: str, code: Path | None, options: RankOptions) -> Callable[[Block], Block]:
    """What a worker elsewhere does with each block, once it has loaded the pipeline: find the best tasks."""
    nlp = load_pipeline(model, code)

    def work(block: Block) -> Block:
        ranker = Ranker(nlp, options)
        with uncached(nlp):
            done = _score(ranker, lambda items: None, block)
        return {
            **done,
            **ranker.ranking.tallied,
            "untold": block["length"],
            "found": [place for _, place in ranker.best],
        }

    return work


def predict_file(
    run: Run, options: PredictOptions, docs_per_file: int = 100_000, format: str = "auto"
) -> tuple[Predicted, list[Path]]:
    """Predict the entities of a pool file, in its order.

    run (Run): The output is a file, or a folder for brat.
    options (PredictOptions): What to predict.
    docs_per_file (int): Of a longer pool, OUTPUT.spacy becomes OUTPUT-00001.spacy and so on, with so many Docs each:
        the format cannot be written piece by piece.
    format (str): Of the output, see `outputs.format_of`.
    RETURNS (tuple[Predicted, list[Path]]): The counts, and the files made.
    RAISES (BioactiveError): As `read_pool`; B124 for an unknown format, B307 when the pipeline predicts no entities,
        B520 for the part file of another run.
    """
    kind = format_of(run.output, format)
    predictable_labels(run.nlp, options.spans_key)
    with Journal(run.output, _facts(run, "predict", asdict(options)), run.restart) as journal, uncached(run.nlp):
        predicted = Predicted(**journal.counts)
        predictor = Predictor(run.nlp, options, journal.read, predicted)
        places = (place for place, _ in journal.lines())
        for block, is_new in _pool_blocks(run, journal, options):
            if is_new:
                tasks = predictor.predict(block, run.watch.done)
                predictor.remember(block, [journal.append(task) for task in tasks])
                journal.commit(asdict(predicted))
            else:
                predictor.remember(block, list(islice(places, len(block))))
        if kind == JSONL:
            journal.deliver(run.output)
            return predicted, [run.output]
        finished = (task for _, task in journal.lines())
        written = write_tasks(finished, run.output, kind, predicted.seen - predicted.too_long, docs_per_file)
        journal.finish()
    return predicted, written


def _pool_blocks(run: Run, journal: Journal, options: PredictOptions) -> Iterator[tuple[list[Task], bool]]:
    """The blocks of the pool, and whether each is new; what an earlier run has finished counts as skipped."""
    finished = journal.blocks
    # A vocabulary of its own: the pipeline's should not keep the words of a .spacy file.
    items = read_pool(run.pool, Vocab(), options.text_key, run.watch.expect)
    for number, block in enumerate(blocks(items, options.block_size)):
        if number < finished:
            run.watch.skip(len(block))
        elif number % TIDY_BLOCKS == TIDY_BLOCKS - 1:
            tidy(run.nlp.vocab)
        yield block, number >= finished


def _facts(run: Run, command: str, options: dict[str, Any]) -> dict[str, Any]:
    """What two runs must have in common for one to go on where the other stopped."""
    nlp = run.nlp
    return {
        "command": command,
        "version": __version__,
        "pool": pool_print(run.pool),
        "pipeline": sha256_of(nlp.path) if nlp.path else hashlib.sha256(nlp.to_bytes()).hexdigest(),
        "code": sha256_of(run.code) if run.code else None,
        **options,
    }
