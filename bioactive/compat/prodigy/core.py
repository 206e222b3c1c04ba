"""`prodigy.core`: recipes, the controller, and starting them."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from typing import Any

from bioactive.annotate.controller import Controller
from bioactive.annotate.declare import Arg, get_labels, split_string
from bioactive.annotate.recipe_files import find_recipe, load_file, recipe, recipe_names, set_recipe
from bioactive.annotate.running import run_called, run_typed

from .components.db import connect

__all__ = [
    "Arg",
    "Controller",
    "connect",
    "get_recipe",
    "list_recipes",
    "recipe",
    "recipe_args",
    "serve",
    "set_recipe",
]

# Arguments that many recipes share, as (help, kind, short flag, type).
recipe_args: dict[str, tuple[Any, ...]] = {
    "dataset": ("Dataset to save annotations to", "positional", None, str),
    "set_id": ("Dataset to save annotations to", "positional", None, str),
    "spacy_model": ("Loadable spaCy pipeline, or blank:en", "positional", None, str),
    "source": ("Data to annotate: a file, or '-' for standard input", "positional", None, str),
    "view": ("Annotation interface", "option", "v", str),
    "api": ("Not used", "option", "a", str),
    "loader": ("Loader; by default the file's ending decides", "option", "lo", str),
    "label": ("Labels, with commas between, or a text file with one a line", "option", "l", get_labels),
    "label_set": ("Labels, with commas between, or a text file with one a line", "option", "l", get_labels),
    "entity_label": ("Labels, with commas between, or a text file with one a line", "option", "l", get_labels),
    "patterns": ("Path to match patterns file", "option", "pt", str),
    "seeds": ("Seed terms, with commas between, or a file with one a line", "option", "se", str),
    "exclude": ("Datasets to exclude, with commas between", "option", "e", split_string),
    "unsegmented": ("Don't split sentences", "flag", "U", bool),
    "memorize": ("Memorize hashes to not ask about examples twice", "flag", "M", bool),
    "exclusive": ("Labels exclude each other", "flag", "E", bool),
    "batch_size": ("Batch size", "option", "b", int),
    "n_iter": ("Number of iterations", "option", "n", int),
    "dropout": ("Dropout", "option", "d", float),
    "eval_split": ("Share of examples held out for evaluation", "option", "es", float),
    "output": ("Output path", "option", "o", str),
    "silent": ("Don't print anything", "flag", "S", bool),
}


def get_recipe(name: str, path: str | None = None) -> Callable[..., Any] | None:
    """The function of a recipe, from a file where one is named; None when there is none."""
    _load_built_in()
    if path is not None:
        load_file(path)
    found = find_recipe(name)
    return None if found is None else found.function


def list_recipes() -> list[str]:
    """The names of all recipes."""
    _load_built_in()
    return recipe_names()


def serve(command: str, *args: Any, **config: Any) -> None:
    """Run a recipe from a script, and serve it until the process is told to stop.

    command (str): What would be typed, or the name of a recipe.
    args (Any): For a name: the values of its arguments, in their order.
    config (Any): Settings, such as `port`; for a name also values of its arguments.
    """
    _load_built_in()
    words = shlex.split(command)
    if args or len(words) == 1:
        run_called(words[0], args, config)
    else:
        run_typed(words[1:] if words[0] == "prodigy" else words, config)


def _load_built_in() -> None:
    """Register the recipes that come along, unless a script has others of their names."""
    from . import recipes

    recipes.load_all()
