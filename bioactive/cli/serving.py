"""Commands that serve tasks on a page: the options that they share, and what they do with a recipe."""

from __future__ import annotations

import contextlib
import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from .db import DB

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from fastapi import FastAPI

    from bioactive.annotate.access import Access
    from bioactive.annotate.controller import Controller
    from bioactive.annotate.store import Store

# None: what the settings files, the environment and the recipe say, else the default of `annotate.config`.
HOST = typer.Option(None, "--host", help="Address to listen on (default: localhost)")
PORT = typer.Option(None, "--port", "-p", min=0, max=65535, help="Port; 0 for any that is free (default: 8080)")
BATCH = typer.Option(None, "--batch-size", min=1, help="Tasks that the page gets at a time (default: 10)")
TARGET = typer.Option(None, "--target", min=0, help="Number of answers to aim at, for the progress bar")
LEASE = typer.Option(
    None, "--lease", min=1, help="Seconds after which a task comes back from an absent annotator (default: 900)"
)
EXCLUDE = typer.Option("", "--exclude", help="Datasets whose answers are not asked for again, with commas between")
SET = typer.Option([], "--set", help="Any setting, as NAME=VALUE; may be repeated. docs/recipes.md lists them")


def serving(command: Callable[..., dict[str, Any]]) -> Callable[..., None]:
    """A command that serves a recipe: after its own options come those that all such commands share.

    command (Callable[..., dict]): Makes the recipe. Its first argument is the store, its others are its options. It is
        called when the page and the database are open, so that its imports keep nobody waiting for the page, and a
        wrong address is told before a pipeline takes seconds to load.
    RETURNS (Callable[..., None]): The command for typer, which reads the options off its signature.
    """
    _, *own = inspect.signature(command).parameters.values()
    shared = list(inspect.signature(_serve).parameters.values())[1:]

    def served(**given: Any) -> None:
        mine = {option.name: given.pop(option.name) for option in own}
        _serve(lambda store: command(store, **mine), **given)

    options = [*own, *shared]
    served.__name__, served.__doc__ = command.__name__, command.__doc__
    served.__annotations__ = {option.name: option.annotation for option in options}
    served.__signature__ = inspect.Signature(options)  # type: ignore[attr-defined]
    return served


def _serve(
    make_recipe: Callable[[Store], dict[str, Any]],
    db: str | None = DB,
    host: str | None = HOST,
    port: int | None = PORT,
    batch_size: int | None = BATCH,
    target: int | None = TARGET,
    lease: int | None = LEASE,
    exclude: str = EXCLUDE,
    settings: list[str] = SET,
) -> None:
    from bioactive.annotate.config import read_setting
    from bioactive.annotate.opening import serve_early

    named = {"host": host, "port": port, "batch_size": batch_size, "total_examples_target": target}
    given = {key: value for key, value in {**named, "lease_seconds": lease}.items() if value is not None}
    config = {**dict(map(read_setting, settings)), **given}
    made: list[Controller] = []

    def make(access: Access | None) -> FastAPI:
        # All that takes seconds, imports included, happens while the page is open.
        from bioactive.annotate.controller import Controller
        from bioactive.annotate.server import create_app
        from bioactive.annotate.store import Store

        store = Store(db)
        recipe = make_recipe(store)
        more = {"exclude": split_labels(exclude)} if exclude else {}
        made.append(Controller({**recipe, **more}, store, config))
        typer.echo(ready(made[0]))
        return create_app(made[0], access)

    with contextlib.suppress(KeyboardInterrupt):
        serve_early(make, config, say_where)
    if made:
        say_goodbye(made[0])
        made[0].db.close()


def say_goodbye(controller: Controller) -> None:
    """Print what was answered, and what was left out."""
    typer.echo(f"{controller.total_annotated} answers in dataset {controller.dataset!r}.")
    for reason, times in controller.stream.source.tally.counts.items():
        typer.echo(f"{times} {reason}")


def greet(controller: Controller, url: str) -> None:
    """Print where the page is, and what was answered before."""
    say_where(url, controller.config["host"])
    typer.echo(ready(controller))


def say_where(url: str, host: str) -> None:
    """Print where the page is, and who may open it."""
    from bioactive.annotate.guard import is_loopback

    typer.echo(f"Annotate at {url}")
    if not is_loopback(host) and "token=" in url:
        typer.secho("Whoever has this address can read and answer.", fg="yellow", err=True)


def ready(controller: Controller) -> str:
    """Where the answers go, and how many there are."""
    place = f"dataset {controller.dataset!r} in {controller.db.database.name}"
    return f"Answers go to {place}; {controller.total_annotated} are there. Ctrl+C ends."


def split_labels(labels: str | None) -> list[str]:
    """The labels of an option: "A, B" -> ["A", "B"], each once."""
    return list(dict.fromkeys(label.strip() for label in (labels or "").split(",") if label.strip()))


def task_source(source: str, loader: str | None = None) -> str | Path | Iterable[dict[str, Any]]:
    """The source of an argument: a path, or "-" for standard input; with a loader, the tasks that it reads there."""
    if loader is not None:
        from bioactive.annotate.formats import get_stream

        return get_stream(source, loader=loader)
    return source if source == "-" else Path(source)
