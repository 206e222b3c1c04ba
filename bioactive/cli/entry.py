"""The entry point of the `bioactive` command: errors become one line, `--debug` shows where they came from."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
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
    "matplotlib": "plots",
}
DEBUG = "--debug"


def main(args: Sequence[str] | None = None) -> None:
    """Run the command line; the target of the console script.

    args (Sequence[str] | None): Arguments after the program's name; those of the process by default.
    RAISES (SystemExit): Always.
    """
    # Here, so that importing one command's module does not import all of them.
    from .app import app

    run(app, args)


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
    # Taken out here, so that it may stand before the command or after it.
    debug = DEBUG in words
    try:
        app(args=[word for word in words if word != DEBUG], prog_name=program)
    except (BioactiveError, ModuleNotFoundError) as found:
        told = _explained(found)
        if debug or told is None:
            raise
        typer.secho(" ".join(str(told).split()), fg=typer.colors.RED, err=True)
        sys.exit(1)


def _explained(found: BioactiveError | ModuleNotFoundError) -> BioactiveError | None:
    """What to tell a user: a missing package is explained when an extra brings it, and is a fault of ours otherwise."""
    if isinstance(found, BioactiveError):
        return found
    package = (found.name or "").partition(".")[0]
    if package not in EXTRAS:
        return None
    return error("B501", package=package, extra=EXTRAS[package])
