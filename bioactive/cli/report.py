"""`bioactive report`: one HTML page on a pipeline, a simulation or a folder of revisions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from .db import DB

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bioactive.annotate.agreement import SpanAgreement
    from bioactive.report.curve import Point
    from bioactive.report.pipeline import Subject

SETTINGS = {"allow_extra_args": True, "ignore_unknown_options": True}


def report_cli(
    context: typer.Context,
    path: Path = typer.Argument(..., help="A pipeline's folder, a simulation's folder, or a folder of revisions"),
    data: Path | None = typer.Option(None, "--data", help="Of a pipeline: gold .spacy file to score it on"),
    train: Path | None = typer.Option(None, "--train", help="Of a pipeline: its training corpus, to tell what is new"),
    config: Path | None = typer.Option(None, "--config", help="Of a simulation of an older version: its config"),
    axis: str = typer.Option("words", "--axis", help="Of a simulation: what costs are counted in"),
    spans_key: str | None = typer.Option(
        None, "--spans-key", "-sc", help="Of a pipeline: look at doc.spans[KEY], which may nest, not doc.ents"
    ),
    models: Path | None = typer.Option(
        None,
        "--models",
        help="Of a pipeline that is no revision: the folder of revisions whose curve to draw",
    ),
    dataset: str | None = typer.Option(None, "--dataset", help="Dataset of the database: how far annotators agree"),
    db: str | None = DB,
    examples: int = typer.Option(3, "--examples", min=0, help="Sentences to show for each kind of error"),
    resamples: int = typer.Option(1000, "--resamples", min=1, help="Bootstrap resamples for the 95 % intervals"),
    seed: int = typer.Option(0, "--seed", help="Seed of the bootstrap"),
    output: Path | None = typer.Option(None, "--output", "-o", help="The page; report.html in PATH by default"),
) -> None:
    """Write one HTML page that needs no script and no network: scores, errors, examples, curves, costs."""
    from bioactive.errors import error

    page = output or path / "report.html"
    if context.args and not ((path / "runs").is_dir() and config is not None):
        raise typer.BadParameter(f"{' '.join(context.args)}: settings go with --config, of a simulation", context)
    if (path / "config.cfg").is_file():
        if data is None:
            raise error("B811", path=path, kind="a pipeline", option="--data FILE.spacy")
        subject = _subject(path, data, spans_key, examples, resamples, seed)
        written = _pipeline(path, data, train, page, subject, _agreement(dataset, db), _curve(path, models))
    elif (path / "runs").is_dir():
        written = _simulation(path, config, list(context.args), axis, page)
    else:
        written = _store(path, page)
    typer.echo(f"Written: {written}")


def _subject(path: Path, data: Path, spans_key: str | None, examples: int, resamples: int, seed: int) -> Subject:
    from bioactive.models.revisions import size_of
    from bioactive.report.pipeline import Subject

    folder = path.resolve()
    # spaCy calls every pipeline model-best: the folder of its run says more.
    name = f"{folder.parent.name}/{folder.name}" if folder.name.startswith("model-") else folder.name
    return Subject(name, data.stem, size_of(path), examples, resamples, seed, spans_key)


def _pipeline(
    path: Path,
    data: Path,
    train: Path | None,
    page: Path,
    subject: Subject,
    agreement: SpanAgreement | None,
    curve: Sequence[Point],
) -> Path:
    from bioactive.evaluation.load import load_pipeline, read_docs
    from bioactive.report.pipeline import write_pipeline_report

    from .progress import progress_bar

    nlp = load_pipeline(path)
    docs = read_docs(data, nlp.vocab)
    with progress_bar("Reading") as bar:
        learnt = read_docs(train, nlp.vocab) if train is not None else None
        write_pipeline_report(nlp, docs, page, subject, learnt, agreement, curve, bar)
    return page


def _curve(path: Path, models: Path | None) -> Sequence[Point]:
    """The learning curve that ends with a revision; of another pipeline, that of the store that is given."""
    from bioactive.errors import error
    from bioactive.models.lineage import lineage, store_of
    from bioactive.models.revisions import Revisions
    from bioactive.report.store import points_of

    store = store_of(path)
    if store is not None:
        return points_of(lineage(store, path.resolve().name), origin=True)
    if models is None:
        return ()
    revisions = Revisions(models)
    if not revisions.names():
        raise error("B810", path=models)
    current = revisions.current()
    return points_of(lineage(revisions, current.name if current else revisions.names()[-1]), origin=True)


def _simulation(path: Path, config: Path | None, words: list[str], axis: str, page: Path) -> Path:
    from spacy.cli._util import parse_config_overrides

    from bioactive.errors import error
    from bioactive.simulation.experiment import read_experiment, stored_experiment
    from bioactive.simulation.page import write_page

    if config is not None:
        experiment = read_experiment(config, parse_config_overrides(words, env_var=None))
    else:
        found = stored_experiment(path)
        if found is None:
            raise error("B811", path=path, kind="a simulation of an older version", option="--config FILE.cfg")
        experiment = found
    return write_page(experiment, path, axis, page)


def _store(path: Path, page: Path) -> Path:
    from bioactive.errors import error
    from bioactive.models.revisions import Revisions
    from bioactive.report.store import write_store_report

    revisions = Revisions(path)
    if not revisions.names():
        raise error("B810", path=path)
    return write_store_report(revisions, page)


def _agreement(dataset: str | None, db: str | None) -> SpanAgreement | None:
    if dataset is None:
        return None
    from bioactive.annotate.agreement import span_agreement
    from bioactive.annotate.store import Store

    with Store(db) as store:
        return span_agreement(store.iter_examples(dataset))
