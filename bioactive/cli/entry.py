"""The entry point of the `bioactive` command: errors become one line, `--debug` shows where they came from."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import entry_points
from pathlib import Path

import typer

from bioactive.errors import BioactiveError, error

# The packages that come with an extra, by the name that an import asks for.
EXTRAS = {
    "fastapi": "app",
    "sqlalchemy": "app",
    "starlette": "app",
    "uvicorn": "app",
    "psycopg": "postgres",
    "bioc": "bioc",
    "ray": "ray",
    "pyarrow": "ray",
    "upath": "ray",
    "matplotlib": "plots",
    "huggingface_hub": "hub",
    "natasha": "questions",
    "navec": "questions",
    "razdel": "questions",
    "slovnet": "questions",
}
# No room on the disk, over one's quota, over the size that a file may have.
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
# How torch says it, on a CPU and on a GPU: as an error of no kind of its own.
NO_MEMORY = ("can't allocate memory", "not enough memory", "out of memory")
DEBUG = "--debug"
QUIET = "--quiet"
FILES = "-F"


def main(args: Sequence[str] | None = None) -> None:
    """Run the command line; the target of the console script.

    args (Sequence[str] | None): Arguments after the program's name; those of the process by default.
    RAISES (SystemExit): Always.
    """
    words = list(sys.argv[1:] if args is None else args)
    files, rest = _recipe_files(words)
    if files or _is_recipe(rest):
        told(lambda: _run_recipe(files, [word for word in rest if word != DEBUG]), DEBUG in rest)
        return
    # Here, so that importing one command's module does not import all of them.
    from .app import app

    run(app, rest)


def run_one(command: Callable[..., None]) -> None:
    """Run one command as a program of its own, as the scripts do.

    command (Callable[..., None]): A function that typer can read.
    RAISES (SystemExit): Always.
    """
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(command)
    run(app)


def run(app: typer.Typer, args: Sequence[str] | None = None) -> None:
    """Parse the arguments, run the command and exit; what a user caused ends in one red line and exit code 1.

    app (typer.Typer): The commands.
    args (Sequence[str] | None): Arguments after the program's name; those of the process by default.
    RAISES (SystemExit): Always.
    """
    program = Path(sys.argv[0]).name.replace("__main__.py", "bioactive")
    words = list(sys.argv[1:] if args is None else args)
    # Taken out here, so that they may stand before the command or after it.
    rest = [word for word in words if word not in (DEBUG, QUIET)]
    with hushed() if QUIET in words else contextlib.nullcontext():
        told(lambda: app(args=rest, prog_name=program), DEBUG in words)


@contextlib.contextmanager
def hushed() -> Iterator[None]:
    """Print nothing but errors: no result, no table, no progress."""
    from . import progress

    with Path(os.devnull).open("w", encoding="utf8") as nowhere, contextlib.redirect_stdout(nowhere):
        progress.shown = False
        try:
            yield
        finally:
            progress.shown = True


def told(work: Callable[[], object], debug: bool = False) -> None:
    """Do something; what a user caused ends in one red line and exit code 1.

    work (Callable): What to do.
    debug (bool): Show the whole traceback instead.
    RAISES (SystemExit): After an error.
    """
    try:
        work()
    except (BioactiveError, ModuleNotFoundError, OSError, MemoryError, RuntimeError) as found:
        explained = _explained(found)
        if debug or explained is None:
            raise
        if trace := getattr(explained, "trace", ""):
            typer.echo(trace, err=True)
        typer.secho(" ".join(str(explained).split()), fg=typer.colors.RED, err=True)
        sys.exit(1)


def _recipe_files(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """The files after `-F`, and the other words. Only where `-F` stands for files: no command of ours has another."""
    files, rest = [], []
    waiting = iter(words)
    for word in waiting:
        if word == FILES:
            files += [name for name in next(waiting, "").split(",") if name]
        else:
            rest.append(word)
    return files, rest


def _is_recipe(words: Sequence[str]) -> bool:
    """Whether the first word is a recipe, of a package or of those that come along, and no command of ours."""
    from bioactive.compat import BUILT_IN

    name = next((word for word in words if not word.startswith("-")), "")
    groups = ("prodigy_recipes", "bioactive_recipes")
    if name not in BUILT_IN and not any(e.name == name for group in groups for e in entry_points(group=group)):
        return False
    from .app import app

    return name not in {command.name for command in app.registered_commands}


def _run_recipe(files: Sequence[str], words: Sequence[str]) -> None:
    from .recipes import run_recipe

    run_recipe(files, words)


def _explained(found: Exception) -> BioactiveError | None:
    """What to tell a user: a missing package is explained when an extra brings it, a disk when it is full, memory when
    it has run out; what else there is is a fault of ours."""
    if isinstance(found, BioactiveError):
        return found
    if isinstance(found, MemoryError | RuntimeError):
        return _out_of_memory(found)
    if isinstance(found, OSError):
        return error("B915", path=found.filename or "The disk", reason=found.strerror) if found.errno in FULL else None
    package = (getattr(found, "name", "") or "").partition(".")[0]
    if package not in EXTRAS:
        return None
    return error("B501", package=package, extra=EXTRAS[package])


def _out_of_memory(found: MemoryError | RuntimeError) -> BioactiveError | None:
    told = (str(found).strip() or "no more could be had").splitlines()[0]
    if isinstance(found, MemoryError) or any(words in told for words in NO_MEMORY):
        return error("B967", reason=told)
    # A pool of processes, one of which is gone; its class is known only where there is such a pool.
    return error("B968") if type(found).__name__ == "BrokenProcessPool" else None
