"""`bioactive ner.correct` and `bioactive ner.manual`: serve tasks on a page, and take the answers."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

DATASET = typer.Argument(..., help="Dataset that the answers go to; made if need be")
SOURCE = typer.Argument(..., help="Texts or tasks: a .jsonl, .txt or .spacy file, or '-' for standard input")
DB = typer.Option(None, "--db", envvar="BIOACTIVE_DB", help="Database: a SQLite file or a URL [default: bioactive.db]")
HOST = typer.Option("localhost", "--host", help="Address to listen on")
PORT = typer.Option(8080, "--port", "-p", min=0, max=65535, help="Port to listen on; 0 for any that is free")
BATCH = typer.Option(10, "--batch-size", min=1, help="Tasks that the page gets at a time")
TARGET = typer.Option(0, "--target", min=0, help="Number of answers to aim at, for the progress bar")
LEASE = typer.Option(900, "--lease", min=1, help="Seconds after which a task comes back from an absent annotator")


def ner_correct_cli(
    dataset: str = DATASET,
    model: str = typer.Argument(..., help="Pipeline that suggests: a folder, or the name of an installed one"),
    source: str = SOURCE,
    label: str | None = typer.Option(
        None, "--label", "-l", help="Labels to show, with commas between [default: all of the pipeline's]"
    ),
    db: str | None = DB,
    host: str = HOST,
    port: int = PORT,
    batch_size: int = BATCH,
    target: int = TARGET,
    lease: int = LEASE,
) -> None:
    """Correct the entities that a pipeline suggests, in the browser."""
    from bioactive.annotate.recipes import load_pipeline, ner_correct

    config = _config(host, port, batch_size, target, lease)
    _serve(db, config, lambda: ner_correct(dataset, load_pipeline(model), _source(source), split_labels(label)))


def ner_manual_cli(
    dataset: str = DATASET,
    pipeline: str = typer.Argument(..., help="Language code (en, ru), or a pipeline whose tokenizer is used"),
    source: str = SOURCE,
    label: str = typer.Option(..., "--label", "-l", help="Labels to choose from, with commas between"),
    db: str | None = DB,
    host: str = HOST,
    port: int = PORT,
    batch_size: int = BATCH,
    target: int = TARGET,
    lease: int = LEASE,
) -> None:
    """Mark entities by hand, in the browser."""
    from bioactive.annotate.recipes import load_pipeline, ner_manual

    config = _config(host, port, batch_size, target, lease)
    _serve(db, config, lambda: ner_manual(dataset, load_pipeline(pipeline), _source(source), split_labels(label)))


def split_labels(labels: str | None) -> list[str]:
    """The labels of an option: "A, B" -> ["A", "B"], each once."""
    return list(dict.fromkeys(label.strip() for label in (labels or "").split(",") if label.strip()))


def _source(source: str) -> str | Path:
    return source if source == "-" else Path(source)


def _config(host: str, port: int, batch_size: int, target: int, lease: int) -> dict[str, Any]:
    return {
        "host": host,
        "port": port,
        "batch_size": batch_size,
        "total_examples_target": target,
        "lease_seconds": lease,
    }


def _serve(db: str | None, config: dict[str, Any], make_recipe: Callable[[], dict[str, Any]]) -> None:
    from bioactive.annotate.controller import Controller
    from bioactive.annotate.guard import is_loopback
    from bioactive.annotate.server import serve
    from bioactive.annotate.store import Store

    # The database first: a wrong address is told before a pipeline takes seconds to load.
    with Store(db) as store:
        controller = Controller(make_recipe(), store, config)

        def on_ready(url: str) -> None:
            typer.echo(f"Annotate at {url}   (answers: dataset {controller.dataset!r} in {store.database.name})")
            typer.echo(f"{controller.total_annotated} answered before. Ctrl+C ends.")
            if not is_loopback(config["host"]):
                typer.secho("Anyone who reaches this address can read and answer.", fg="yellow", err=True)

        with contextlib.suppress(KeyboardInterrupt):
            serve(controller, on_ready)
        typer.echo(f"{controller.total_annotated} answers in dataset {controller.dataset!r}.")
        for reason, times in controller.stream.source.tally.counts.items():
            typer.echo(f"{times} {reason}")
