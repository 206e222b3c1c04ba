"""The names that recipes import from `prodigy`."""

from __future__ import annotations

import importlib
from typing import Any

from bioactive.annotate.declare import Arg, get_labels
from bioactive.annotate.formats import get_stream
from bioactive.annotate.recipe_files import recipe
from bioactive.annotate.tasks import set_hashes

from ..finder import missing, names_in
from .components.db import connect
from .core import Controller, get_recipe, list_recipes, recipe_args, serve, set_recipe
from .util import get_config, log

# The version of the interface that recipes may ask for; the program has its own.
__version__ = "1.18.0"
__all__ = [
    "Arg",
    "Controller",
    "connect",
    "get_config",
    "get_labels",
    "get_recipe",
    "get_stream",
    "list_recipes",
    "log",
    "recipe",
    "recipe_args",
    "serve",
    "set_hashes",
    "set_recipe",
]


def __getattr__(name: str) -> Any:
    if not name.startswith("_") and name in names_in(__name__) and name not in __all__:
        return importlib.import_module(f"{__name__}.{name}")
    raise missing(__name__, name)
