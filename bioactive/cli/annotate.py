"""The commands that serve tasks on a page and take the answers: `bioactive ner.manual` and its like."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

    from bioactive.annotate.store import Store

DATASET = typer.Argument(..., help="Dataset that the answers go to; made if need be")
SOURCE = typer.Argument(..., help="Texts or tasks: a .jsonl, .txt or .spacy file, or '-' for standard input")
DB = typer.Option(None, "--db", envvar="BIOACTIVE_DB", help="Database: a SQLite file or a URL [default: bioactive.db]")
HOST = typer.Option("localhost", "--host", help="Address to listen on")
PORT = typer.Option(8080, "--port", "-p", min=0, max=65535, help="Port to listen on; 0 for any that is free")
BATCH = typer.Option(10, "--batch-size", min=1, help="Tasks that the page gets at a time")
TARGET = typer.Option(0, "--target", min=0, help="Number of answers to aim at, for the progress bar")
LEASE = typer.Option(900, "--lease", min=1, help="Seconds after which a task comes back from an absent annotator")
SET = typer.Option([], "--set", help="Any setting, as NAME=VALUE; may be repeated. docs/recipes.md lists them")
LABEL = typer.Option(..., "--label", "-l", help="Labels to choose from, with commas between")
MODEL_LABEL = typer.Option(None, "--label", "-l", help="Labels to show, with commas between [default: the pipeline's]")
PIPELINE = typer.Argument(..., help="Language code (en, ru), or a pipeline whose tokenizer is used")
MODEL = typer.Argument(..., help="Pipeline that suggests: a folder, or the name of an installed one")


def ner_correct_cli(
    dataset: str = DATASET,
    model: str = MODEL,
    source: str = SOURCE,
    label: str | None = MODEL_LABEL,
    db: str | None = DB,
    host: str = HOST,
    port: int = PORT,
    batch_size: int = BATCH,
    target: int = TARGET,
    lease: int = LEASE,
    settings: list[str] = SET,
) -> None:
    """Correct the entities that a pipeline suggests, in the browser."""
    from bioactive.annotate.recipes import load_pipeline, ner_correct

    config = _config(host, port, batch_size, target, lease, settings)
    _serve(db, config, lambda store: ner_correct(dataset, load_pipeline(model), _source(source), split_labels(label)))


def ner_teach_cli(
    dataset: str = DATASET,
    model: str = MODEL,
    source: str = SOURCE,
    label: str | None = MODEL_LABEL,
    db: str | None = DB,
    host: str = HOST,
    port: int = PORT,
    batch_size: int = BATCH,
    target: int = TARGET,
    lease: int = LEASE,
    settings: list[str] = SET,
) -> None:
    """Accept or reject a pipeline's entities one at a time, the least certain first."""
    from bioactive.annotate.recipes import load_pipeline, ner_teach

    config = _config(host, port, batch_size, target, lease, settings)
    _serve(db, config, lambda store: ner_teach(dataset, load_pipeline(model), _source(source), split_labels(label)))


def ner_manual_cli(
    dataset: str = DATASET,
    pipeline: str = PIPELINE,
    source: str = SOURCE,
    label: str = LABEL,
    db: str | None = DB,
    host: str = HOST,
    port: int = PORT,
    batch_size: int = BATCH,
    target: int = TARGET,
    lease: int = LEASE,
    settings: list[str] = SET,
) -> None:
    """Mark entities by hand, in the browser."""
    from bioactive.annotate.recipes import load_pipeline, ner_manual

    config = _config(host, port, batch_size, target, lease, settings)
    _serve(db, config, lambda store: ner_manual(dataset, load_pipeline(pipeline), _source(source), split_labels(label)))


def spans_manual_cli(
    dataset: str = DATASET,
    pipeline: str = PIPELINE,
    source: str = SOURCE,
    label: str = LABEL,
    db: str | None = DB,
    host: str = HOST,
    port: int = PORT,
    batch_size: int = BATCH,
    target: int = TARGET,
    lease: int = LEASE,
    settings: list[str] = SET,
) -> None:
    """Mark spans that may overlap, in the browser."""
    from bioactive.annotate.recipes import load_pipeline, spans_manual

    config = _config(host, port, batch_size, target, lease, settings)
    _serve(
        db, config, lambda store: spans_manual(dataset, load_pipeline(pipeline), _source(source), split_labels(label))
    )


def textcat_manual_cli(
    dataset: str = DATASET,
    source: str = SOURCE,
    label: str = LABEL,
    exclusive: bool = typer.Option(False, "--exclusive", help="One label at most fits a text"),
    db: str | None = DB,
    host: str = HOST,
    port: int = PORT,
    batch_size: int = BATCH,
    target: int = TARGET,
    lease: int = LEASE,
    settings: list[str] = SET,
) -> None:
    """Give labels to whole texts, in the browser."""
    from bioactive.annotate.recipes import textcat_manual

    config = _config(host, port, batch_size, target, lease, settings)
    _serve(db, config, lambda store: textcat_manual(dataset, _source(source), split_labels(label), exclusive))


def mark_cli(
    dataset: str = DATASET,
    source: str = SOURCE,
    view_id: str = typer.Option("ner_manual", "--view-id", help="View that shows the tasks"),
    label: str = typer.Option("", "--label", "-l", help="Labels to choose from, with commas between"),
    db: str | None = DB,
    host: str = HOST,
    port: int = PORT,
    batch_size: int = BATCH,
    target: int = TARGET,
    lease: int = LEASE,
    settings: list[str] = SET,
) -> None:
    """Go through tasks as they are, and accept or reject each, in the browser."""
    from bioactive.annotate.recipes import mark

    config = _config(host, port, batch_size, target, lease, settings)
    _serve(db, config, lambda store: mark(dataset, _source(source), view_id, split_labels(label)))


def review_cli(
    dataset: str = DATASET,
    names: str = typer.Argument(..., help="Datasets to compare, with commas between"),
    label: str = typer.Option("", "--label", "-l", help="Labels to choose from [default: those in the answers]"),
    auto_accept: bool = typer.Option(False, "--auto-accept", help="Store at once what all agree on"),
    singles: bool = typer.Option(False, "--singles", help="Show texts with one answer as well"),
    db: str | None = DB,
    host: str = HOST,
    port: int = PORT,
    batch_size: int = BATCH,
    target: int = TARGET,
    lease: int = LEASE,
    settings: list[str] = SET,
) -> None:
    """Decide between the answers of several people, in the browser."""
    from bioactive.annotate.recipes import review

    config = _config(host, port, batch_size, target, lease, settings)
    _serve(
        db, config, lambda store: review(dataset, store, split_labels(names), split_labels(label), auto_accept, singles)
    )


def split_labels(labels: str | None) -> list[str]:
    """The labels of an option: "A, B" -> ["A", "B"], each once."""
    return list(dict.fromkeys(label.strip() for label in (labels or "").split(",") if label.strip()))


def read_setting(text: str) -> tuple[str, Any]:
    """A setting of the command line: "feed_overlap=true" -> ("feed_overlap", True).

    RAISES (BioactiveError): B418 when there is no name.
    """
    from bioactive.errors import error

    name, equals, value = text.partition("=")
    if not equals or not name:
        raise error("B418", text=text)
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def _source(source: str) -> str | Path:
    return source if source == "-" else Path(source)


def _config(host: str, port: int, batch_size: int, target: int, lease: int, settings: list[str]) -> dict[str, Any]:
    return {
        **dict(map(read_setting, settings)),
        "host": host,
        "port": port,
        "batch_size": batch_size,
        "total_examples_target": target,
        "lease_seconds": lease,
    }


def _serve(db: str | None, config: dict[str, Any], make_recipe: Callable[[Store], dict[str, Any]]) -> None:
    from bioactive.annotate.controller import Controller
    from bioactive.annotate.guard import is_loopback
    from bioactive.annotate.server import serve
    from bioactive.annotate.store import Store

    # The database first: a wrong address is told before a pipeline takes seconds to load.
    with Store(db) as store:
        controller = Controller(make_recipe(store), store, config)

        def on_ready(url: str) -> None:
            typer.echo(f"Annotate at {url}   (answers: dataset {controller.dataset!r} in {store.database.name})")
            typer.echo(f"{controller.total_annotated} answered before. Ctrl+C ends.")
            if not is_loopback(config["host"]) and "token=" in url:
                typer.secho("Whoever has this address can read and answer.", fg="yellow", err=True)

        with contextlib.suppress(KeyboardInterrupt):
            serve(controller, on_ready)
        typer.echo(f"{controller.total_annotated} answers in dataset {controller.dataset!r}.")
        for reason, times in controller.stream.source.tally.counts.items():
            typer.echo(f"{times} {reason}")
