"""`bioactive ner.active` and `bioactive learn`: tasks by a pipeline's doubt, and the worker beside them."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from .annotate import DATASET, MODEL, MODEL_LABEL, SOURCE
from .db import DB
from .serving import serving, split_labels, task_source

if TYPE_CHECKING:
    from bioactive.annotate.store import Store

# Tasks of a ranking, when nobody says how many. Of a cold start each stands for a part of the source.
RANKED = 2000
COLD_NUMBER = 200
MEASURE = typer.Option(
    None, "--measure", "-m", help="mnlp, entropy, margin, random, ...; by default mnlp, for stretches entropy"
)
UNIT = typer.Option("sentence", "--unit", help="sentence, or stretch: ask about the least certain words only")
STRETCH_WORDS = typer.Option(6, "--stretch-words", min=1, help="Words of a stretch")
LONGEST = typer.Option(None, "--stretch-longest", min=1, help="Let a stretch grow to so many words")
SHARE = typer.Option(0.5, "--stretch-share", min=0.0, help="... while the next word has this share of the worst")
COLD_START = typer.Option(
    False, "--cold", help="Nothing is trained yet: texts that stand for the source; MODEL may be a training config"
)
ENCODER = typer.Option(None, "--encoder", help="With --cold: hub name or folder of an encoder")
SEED = typer.Option(0, "--seed", help="Decides ties, the order of 'random', samples, and the training")
NUMBER = typer.Option(None, "--number", "-n", min=1, help="Tasks of a ranking of the source: 2000, with --cold 200")
POOL = typer.Option(10_000, "--pool", min=1, help="Texts that a ranking looks at; of a longer source a sample")
TRAIN = typer.Option(None, "--train", help="Training corpus, .spacy; with --dev the worker learns from the answers")
DEV = typer.Option(None, "--dev", help="Held-out corpus that chooses the best epoch and judges, .spacy")
EVERY = typer.Option(50, "--every", min=1, help="New answers before the worker trains again")
MODELS = typer.Option(Path("models"), "--models", help="Folder of the revisions")
REHEARSE = typer.Option(None, "--rehearse", min=0, help="Documents of --train to mix with the answers; all by default")
EPOCHS = typer.Option(None, "--max-epochs", help="Epochs; by default as in the pipeline's config")
FOLDER = typer.Option(None, "--folder", help="Where the worker reports (default: DATASET.learning)")


@serving
def ner_active_cli(
    store: Store,
    dataset: str = DATASET,
    model: str = MODEL,
    source: str = SOURCE,
    label: str | None = MODEL_LABEL,
    measure: str | None = MEASURE,
    unit: str = UNIT,
    stretch_words: int = STRETCH_WORDS,
    longest: int | None = LONGEST,
    share: float = SHARE,
    seed: int = SEED,
    window: int = typer.Option(32, "--window", min=1, help="Texts put in order before the first task"),
    rank_all: bool = typer.Option(True, "--worker/--no-worker", help="Rank the source, and learn, in another process"),
    number: int | None = NUMBER,
    pool: int = POOL,
    train: Path | None = TRAIN,
    dev: Path | None = DEV,
    every: int = EVERY,
    models: Path = MODELS,
    rehearse: int | None = REHEARSE,
    max_epochs: int | None = EPOCHS,
    folder: Path | None = FOLDER,
    cold: bool = COLD_START,
    encoder: str | None = ENCODER,
) -> dict[str, Any]:
    """Correct what a pipeline is least sure of, and let it learn from the answers meanwhile."""
    from bioactive.active.vectors import untrained
    from bioactive.annotate.learning import Worker
    from bioactive.annotate.recipes import load_pipeline, ner_active
    from bioactive.models.revisions import Revisions

    _check_learning(train, dev, source, cold)
    given: dict[str, Any] = {
        "--measure": measure,
        "--unit": unit,
        "--stretch-words": stretch_words,
        "--stretch-longest": longest,
        "--stretch-share": share,
        "--seed": seed,
        "--number": number,
        "--pool": pool,
        "--train": train,
        "--dev": dev,
        "--every": every,
        "--models": models,
        "--rehearse": rehearse,
        "--max-epochs": max_epochs,
        "--encoder": encoder,
    }
    options = ["--cold"] if cold else []
    options += [word for name, value in given.items() if value is not None for word in (name, str(value))]
    worker = None
    if rank_all and source != "-":
        place = folder or Path(f"{dataset}.learning")
        address = store.database.engine.url.render_as_string(hide_password=False)
        worker = Worker(["learn", dataset, model, source, "--folder", str(place), *options], place, address)
    if cold and model.endswith(".cfg"):
        nlp = untrained(Path(model), encoder)
    else:
        nlp = load_pipeline(str(Revisions(models).grown_from(model, dataset) or model))
    shape = {"stretch_words": stretch_words, "longest": longest, "share": share, "seed": seed}
    labels = split_labels(label)
    return ner_active(dataset, nlp, task_source(source), labels, measure, unit, window, worker, cold, **shape)


def learn_cli(
    dataset: str = typer.Argument(..., help="Dataset whose answers are learnt from"),
    model: str = MODEL,
    source: Path = typer.Argument(..., help="Texts to rank: a .jsonl, .txt or .spacy file"),
    measure: str | None = MEASURE,
    unit: str = UNIT,
    stretch_words: int = STRETCH_WORDS,
    longest: int | None = LONGEST,
    share: float = SHARE,
    seed: int = SEED,
    number: int | None = NUMBER,
    pool: int = POOL,
    train: Path | None = TRAIN,
    dev: Path | None = DEV,
    every: int = EVERY,
    models: Path = MODELS,
    rehearse: int | None = REHEARSE,
    max_epochs: int | None = EPOCHS,
    folder: Path | None = FOLDER,
    cold: bool = COLD_START,
    encoder: str | None = ENCODER,
    again: bool = typer.Option(False, "--again", help="Rank texts that were answered as well"),
    parent: int | None = typer.Option(None, "--parent", help="End when the process with this number has ended"),
    db: str | None = DB,
) -> None:
    """Train whenever enough answers have come, and rank what is left: the worker that ner.active starts."""
    from bioactive.active.ranking import RankOptions, cold_start
    from bioactive.annotate.recipes.ner_active import default_measure
    from bioactive.annotate.store import Store
    from bioactive.models.learner import Course, follow
    from bioactive.models.rounds import Plan

    _check_learning(train, dev, str(source), cold)
    shape: dict[str, Any] = {"stretch_words": stretch_words, "longest": longest, "share": share}
    number = number or (COLD_NUMBER if cold else RANKED)
    rank = RankOptions(measure or default_measure(unit), number, seed, unit=unit, **shape)
    if cold:
        rank = cold_start(rank)
    plan = None
    if train is not None and dev is not None:
        plan = Plan(train, dev, None, rehearse, seed, max_epochs, dataset=dataset)
    course = Course(
        dataset, model, source, folder or Path(f"{dataset}.learning"), models, rank, plan, every, pool, again, encoder
    )
    with Store(db) as store:
        store.add_dataset(dataset)
        follow(store, course, lambda: parent is not None and os.getppid() != parent)
    sys.exit(0)


def _check_learning(train: Path | None, dev: Path | None, source: str, cold: bool) -> None:
    """Refuse what the worker could not do.

    RAISES (BioactiveError): B420 for one of train and dev without the other, or a source that can be read but once;
        B101 for a file that is not there, B425 for a cold start that is to learn.
    """
    from bioactive.errors import error

    if (train is None) != (dev is None):
        raise error("B420", reason="--train and --dev go together: dev judges what was learnt")
    if train is not None and source == "-":
        raise error("B420", reason="standard input can be read but once; write the texts to a file")
    if train is not None and cold:
        raise error("B425")
    for path in (train, dev):
        if path is not None and not path.is_file():
            raise error("B101", path=path)
