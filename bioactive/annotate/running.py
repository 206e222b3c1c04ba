"""Running a recipe by its name: its function is called, and what it returns is served."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..errors import error
from .config import make_config
from .controller import Controller
from .database import ENVIRONMENT
from .recipe_files import Recipe, find_recipe, own_frames, recipe_names
from .server import extra_routes, serve
from .settings_files import default_database, set_up_logging
from .store import Store
from .typed import parse, read_shared, unknown

Ready = Callable[[Controller, str], None]


def named(name: str) -> Recipe:
    """The recipe of a name.

    RAISES (BioactiveError): B604 when there is none.
    """
    found = find_recipe(name)
    if found is None:
        raise unknown(name, recipe_names())
    return found


def run_typed(
    words: Sequence[str],
    config: Mapping[str, Any] | None = None,
    on_ready: Ready | None = None,
    program: str = "bioactive",
) -> Controller | None:
    """Run a recipe as it is typed, and serve what it returns until the process is told to stop.

    words (Sequence[str]): Its name, and its arguments.
    config (Mapping | None): Settings that win over all others.
    on_ready (Callable | None): Told the controller and the page's address.
    program (str): The name of the program, for the help.
    RETURNS (Controller | None): What was served; None for a recipe that serves nothing.
    RAISES (BioactiveError): B604 to B606 when it cannot be run; click.UsageError for wrong arguments.
    """
    recipe = named(words[0])
    arguments, shared = parse(recipe, words[1:], program)
    database, typed = read_shared(shared)
    if database is not None:
        # A recipe that opens the database itself is to find the same one.
        os.environ[ENVIRONMENT] = database
    set_up_logging()
    with own_frames(f"Recipe {recipe.name!r}"):
        made = recipe.function(**arguments)
    return serve_made(recipe.name, made, {**typed, **(config or {})}, database, on_ready)


def run_called(
    name: str, values: Sequence[Any], config: Mapping[str, Any], on_ready: Ready | None = None
) -> Controller | None:
    """Run a recipe with the values of its arguments, as old scripts do.

    name (str): Its name.
    values (Sequence): The values of its arguments, in the order of its signature; texts are converted as if typed.
    config (Mapping): Settings; what is named like an argument is its value.
    RETURNS (Controller | None): As in `run_typed`.
    """
    recipe = named(name)
    arguments = recipe.arguments
    given = {argument.name: value for argument, value in zip(arguments, values, strict=False) if value is not None}
    given |= {argument.name: config[argument.name] for argument in arguments if argument.name in config}
    made_of = {
        a.name: a.value(given[a.name]) if isinstance(given[a.name], str) else given[a.name]
        for a in arguments
        if a.name in given
    }
    with own_frames(f"Recipe {recipe.name!r}"):
        made = recipe.function(**made_of)
    return serve_made(recipe.name, made, {k: v for k, v in config.items() if k not in given}, None, on_ready)


def serve_made(
    name: str, made: Any, config: Mapping[str, Any], database: str | None = None, on_ready: Ready | None = None
) -> Controller | None:
    """Serve what a recipe returned.

    name (str): The recipe's name.
    made (Any): Its dict, or a Controller; anything else is the result of a recipe that serves nothing.
    config (Mapping): Settings that win over the recipe's.
    database (str | None): The database of a recipe that returned a dict.
    on_ready (Callable | None): Told the controller and the page's address.
    RETURNS (Controller | None): What was served.
    RAISES (BioactiveError): B606 for something that is neither.
    """
    if isinstance(made, Controller):
        made.config = make_config(made.config, config)
        serve_controller(made, on_ready)
        return made
    if isinstance(made, dict):
        with Store(database or default_database()) as store:
            with own_frames(f"Recipe {name!r}"):
                controller = Controller.from_components(name, made, store, config)
            serve_controller(controller, on_ready)
        return controller
    if made is None or isinstance(made, (bool, int)):
        return None
    raise error("B606", name=name, found=type(made).__name__)


def serve_controller(controller: Controller, on_ready: Ready | None = None) -> None:
    """Serve a controller, with the routes that recipes added, until the process is told to stop."""
    with contextlib.suppress(KeyboardInterrupt):
        serve(controller, lambda url: (on_ready or _say)(controller, url), extra_routes)


def _say(controller: Controller, url: str) -> None:
    print(f"Annotate at {url}   (answers: dataset {controller.dataset!r} in {controller.db.database.name})", flush=True)
