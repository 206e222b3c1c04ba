"""`bioactive RECIPE -F file.py ...`: recipes of one's own, those written for Prodigy among them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import typer

from .serving import greet, say_goodbye


def run_recipe(files: Sequence[str], words: Sequence[str]) -> None:
    """Load files of recipes, and run one of them, or a command of ours when none has that name.

    files (Sequence[str]): The files.
    words (Sequence[str]): The recipe's name and its arguments; without a name the recipes are listed.
    RAISES (BioactiveError): B602 to B606 when it cannot be run.
    """
    import click

    from bioactive.annotate.recipe_files import find_recipe, load_file
    from bioactive.annotate.running import run_typed
    from bioactive.compat import install

    install()
    loaded = [recipe for path in files for recipe in load_file(path)]
    name = next((word for word in words if not word.startswith("-")), "")
    if not name:
        for recipe in loaded:
            typer.echo(f"{recipe.name:24} {recipe.help.strip().partition(chr(10))[0]}")
        return
    if find_recipe(name) is None and name in _commands():
        from .app import app
        from .entry import run

        run(app, words)
    if find_recipe(name) is None:
        from bioactive.compat.prodigy.recipes import load_all

        load_all()
    rest = [name, *(word for number, word in enumerate(words) if number != list(words).index(name))]
    program = Path(sys.argv[0]).name.replace("__main__.py", "bioactive")
    try:
        controller = run_typed(rest, on_ready=greet, program=program)
    except click.exceptions.Exit as end:
        sys.exit(end.exit_code)
    except click.ClickException as problem:
        problem.show()
        sys.exit(problem.exit_code)
    if controller is not None:
        say_goodbye(controller)


def _commands() -> set[str]:
    from .app import app

    return {str(command.name) for command in app.registered_commands}
