"""`bioactive db-in`, `db-out`, `db-merge`, `stats`, `progress`, `print-dataset`, `migrate` and `drop`."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from bioactive.annotate.exchange import DatasetStats

DATASET = typer.Argument(..., help="Name of the dataset")
DB = typer.Option(None, "--db", envvar="BIOACTIVE_DB", help="Database: a SQLite file or a URL (default: bioactive.db)")


def db_in_cli(
    dataset: str = DATASET,
    path: Path = typer.Argument(..., help="JSONL file of answers, for example from db-out or from Prodigy"),
    db: str | None = DB,
) -> None:
    """Read answers from a file into a dataset. Reading the same file again adds nothing."""
    from bioactive.annotate.exchange import db_in
    from bioactive.annotate.loaders import count_lines
    from bioactive.annotate.store import Store

    from .progress import progress_bar

    with Store(db) as store, progress_bar("Reading", "answers") as bar:
        bar.expect(count_lines(path) if path.is_file() else None)
        summary = db_in(store, dataset, path, on_done=bar.done)
    typer.echo(f"{summary.added} answers added to {dataset!r}, {summary.known} were there already.")


def db_out_cli(
    dataset: str = DATASET,
    output: Path | None = typer.Option(None, "--output", "-o", help="File to write (default: standard output)"),
    db: str | None = DB,
) -> None:
    """Write the answers of a dataset as JSONL, oldest first."""
    from bioactive.annotate.exchange import db_out
    from bioactive.annotate.rows import CHUNK
    from bioactive.annotate.store import Store
    from bioactive.blocks import blocks

    from .progress import progress_bar

    with Store(db) as store, contextlib.ExitStack() as stack:
        lines = db_out(store, dataset)
        if output is None:
            for line in lines:
                typer.echo(line)
            return
        store.get_meta(dataset)  # an unknown dataset must not empty the file
        bar = stack.enter_context(progress_bar("Writing", "answers"))
        bar.expect(store.count_dataset(dataset))
        file = stack.enter_context(output.open("w", encoding="utf-8"))
        count = 0
        for batch in blocks(lines, CHUNK):
            file.writelines(line + "\n" for line in batch)
            count += len(batch)
            bar.done(len(batch))
    typer.echo(f"{count} answers written to {output}.")


def stats_cli(
    dataset: str | None = typer.Argument(None, help="Name of the dataset (default: all)"), db: str | None = DB
) -> None:
    """Show what the datasets hold."""
    from rich.console import Console
    from rich.table import Table

    from bioactive.annotate.exchange import dataset_stats
    from bioactive.annotate.store import Store

    with Store(db) as store:
        found = [dataset_stats(store, name) for name in ([dataset] if dataset else store.datasets)]
        name = store.database.name
    table = Table("dataset", "answers", "accept", "reject", "ignore", "spans", "sessions", title=name)
    for stats in found:
        table.add_row(*_cells(stats))
    Console().print(table)


def db_merge_cli(
    names: str = typer.Argument(..., help="Datasets to read, with commas between"),
    dataset: str = typer.Argument(..., help="Dataset to add them to; made if need be"),
    db: str | None = DB,
) -> None:
    """Add the answers of several datasets to another one. The same command again adds nothing."""
    from bioactive.annotate.exchange import db_merge
    from bioactive.annotate.store import Store

    from .progress import progress_bar

    sources = [name.strip() for name in names.split(",") if name.strip()]
    with Store(db) as store, progress_bar("Merging", "answers") as bar:
        bar.expect(sum(store.count_dataset(name) for name in sources))
        added = db_merge(store, sources, dataset, bar.done)
    typer.echo(f"{added} answers added to {dataset!r}.")


def progress_cli(dataset: str = DATASET, db: str | None = DB) -> None:
    """Show how many answers each session gave, when, and how long one takes."""
    from rich.console import Console
    from rich.table import Table

    from bioactive.annotate.exchange import throughput
    from bioactive.annotate.store import Store

    with Store(db) as store:
        found = throughput(store, dataset)
    table = Table("session", "answers", "median seconds", "first", "last", title=dataset)
    for row in found:
        seconds = "" if row.seconds is None else f"{row.seconds:.1f}"
        table.add_row(row.session, str(row.answers), seconds, _when(row.first), _when(row.last))
    Console().print(table)


def print_dataset_cli(dataset: str = DATASET, db: str | None = DB) -> None:
    """Print the answers of a dataset, a line each, with the spans in brackets."""
    from bioactive.annotate.exchange import written
    from bioactive.annotate.store import Store

    with Store(db) as store:
        for example in store.iter_examples(dataset):
            typer.echo(written(example))


def migrate_cli(
    target: str | None = typer.Option(None, "--to", help="Empty database to copy everything to: a file or a URL"),
    source: Path | None = typer.Option(None, "--from", help="Prodigy's SQLite database, to take over into --db"),
    db: str | None = DB,
) -> None:
    """Bring a database up to date, copy it to another place, as from SQLite to PostgreSQL, or take over Prodigy's."""
    from bioactive.annotate.migrate import copy_database
    from bioactive.annotate.schema import SCHEMA_VERSION
    from bioactive.annotate.store import Store

    from .progress import progress_bar

    if source is not None:
        _take_over(source, target or db)
        return
    if target is not None:
        with progress_bar("Copying", "rows") as bar:
            copied = copy_database(db, target, lambda name, count: bar.stage(f"Copying {name}", count), bar.done)
        for name, count in copied.items():
            typer.echo(f"{count} rows of {name} copied")
        return
    with Store(db) as store:
        typer.echo(f"{store.database.name} has schema version {SCHEMA_VERSION}.")


def _take_over(source: Path, db: str | None) -> None:
    from bioactive.annotate.prodigy_db import take_over
    from bioactive.annotate.store import Store

    with Store(db) as store:
        found = take_over(source, store)
        place = store.db_name
    typer.echo(f"{found.examples} examples of {found.datasets} datasets and {found.sessions} sessions are in {place}.")


def drop_cli(dataset: str = DATASET, db: str | None = DB) -> None:
    """Delete a dataset and its answers. This cannot be undone: write them out with db-out first."""
    from bioactive.annotate.store import Store

    with Store(db) as store:
        count = store.drop_dataset(dataset)
    typer.echo(f"Dataset {dataset!r} deleted, with {count} answers.")


def _cells(stats: DatasetStats) -> list[str]:
    answers = [str(stats.answers.get(answer, 0)) for answer in ("accept", "reject", "ignore")]
    return [stats.name, str(stats.total), *answers, str(stats.spans), str(len(stats.sessions))]


def _when(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))
