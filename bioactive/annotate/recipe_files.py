"""Recipes of one's own: the decorator, the files that they are in, and what went wrong in them."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, TypeVar

from ..errors import BioactiveError, error
from .declare import Argument, read_arguments

F = TypeVar("F", bound=Callable[..., Any])
GROUPS = ("prodigy_recipes", "bioactive_recipes")
PACKAGE = str(Path(__file__).parents[1])


@dataclass(frozen=True)
class Recipe:
    """A recipe that can be started by its name.

    name (str): What is typed.
    function (Callable): Returns the dict.
    described (dict): What the decorator says about the arguments.
    """

    name: str
    function: Callable[..., Any]
    described: dict[str, Any] = field(default_factory=dict)

    @property
    def arguments(self) -> list[Argument]:
        """What may be typed after the name."""
        return read_arguments(self.function, self.described)

    @property
    def help(self) -> str:
        """The function's docstring."""
        return self.function.__doc__ or ""


class RecipeFailure(BioactiveError):
    """A recipe raised something; `trace` shows its own lines."""

    trace: str = ""

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.code, self.message), {"trace": self.trace}


class RecipeError(BioactiveError):
    """What a recipe raises to tell the user that something is wrong: shown as it is, without a traceback.

    title (str): What is wrong.
    text (str | None): More about it.
    """

    def __init__(self, title: str, text: str | None = None, *_more: Any) -> None:
        told = error("B605", text=" ".join(part for part in (str(title), text) if part))
        super().__init__(told.code, told.message)
        self.title, self.text = title, text

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.title, self.text)


_recipes: dict[str, Recipe] = {}
_built_in: dict[str, Recipe] = {}
_folders: set[str] = set()


def recipe(name: str, **described: Any) -> Callable[[F], F]:
    """Make a function a recipe; a recipe of the same name, also a built-in one, is replaced.

    name (str): What is typed to start it.
    described (Any): What its arguments are, by parameter; see `declare`.
    RETURNS (Callable): A decorator that gives the function back as it is, so that it can be called directly.
    """

    def register(function: F) -> F:
        set_recipe(name, function, **described)
        return function

    return register


def set_recipe(name: str, function: Callable[..., Any], **described: Any) -> None:
    """Register a function under a name."""
    _recipes[name] = Recipe(name, function, described)


def built_in(name: str, **described: Any) -> Callable[[F], F]:
    """As `recipe`, for a recipe that one of the same name replaces, whichever comes first."""

    def register(function: F) -> F:
        _built_in[name] = Recipe(name, function, described)
        return function

    return register


def find_recipe(name: str) -> Recipe | None:
    """The recipe of a name, also one that an installed package announces; None when there is none."""
    if name not in _recipes:
        for entry in _announced():
            if entry.name == name:
                found = entry.load()
                if name not in _recipes and callable(found):
                    set_recipe(name, found)
    return _recipes.get(name) or _built_in.get(name)


def recipe_names() -> list[str]:
    """The names of all recipes, those that packages announce among them, in alphabetical order."""
    return sorted({*_recipes, *_built_in, *(entry.name for entry in _announced())})


def load_file(path: str | Path) -> list[Recipe]:
    """Run a file of recipes, and register those that it defines.

    path (str | Path): The file, or the name of a module that can be imported.
    RETURNS (list[Recipe]): The recipes that it defined, in order.
    RAISES (BioactiveError): B602 when there is no such file; RecipeFailure when it raises.
    """
    before = dict(_recipes)
    path = Path(path).expanduser()
    if path.is_dir():
        path = path / "__init__.py"
    with own_frames(str(path)):
        if path.is_file():
            _run(path.resolve())
        elif path.suffix != ".py" and _importable(str(path)):
            importlib.import_module(str(path))
        else:
            raise error("B602", path=path)
    return [found for name, found in _recipes.items() if before.get(name) is not found]


def run_script(path: Path, run: Callable[[], Any]) -> None:
    """Run a script as if it were a file of recipes: its neighbours can be imported, and its errors are its own.

    path (Path): The script.
    run (Callable): Runs it.
    RAISES (BioactiveError): B602 when there is no such file; RecipeFailure when it raises.
    """
    if not path.is_file():
        raise error("B602", path=path)
    _folders.add(str(path.resolve().parent))
    with own_frames(str(path)):
        run()


@contextmanager
def own_frames(where: str) -> Iterator[None]:
    """A block that runs a recipe: what it raises becomes a RecipeFailure with the traceback of the recipe's own lines.

    where (str): What runs, for the message.
    """
    try:
        yield
    except BioactiveError:
        raise
    except Exception as problem:
        raise failure(problem, where) from problem


def failure(problem: Exception, where: str) -> RecipeFailure:
    """What a recipe raised, as an error with its own lines.

    problem (Exception): What was raised.
    where (str): What ran.
    RETURNS (RecipeFailure): The error.
    """
    reason = f"{type(problem).__name__}: {problem}".strip().rstrip(":")
    told = error("B603", where=where, reason=reason)
    made = RecipeFailure(told.code, told.message)
    made.trace = own_trace(problem)
    return made


def own_trace(problem: BaseException) -> str:
    """A traceback from the first line of a recipe file on, without the lines of this package in between."""
    frames = list(traceback.extract_tb(problem.__traceback__))
    own = [frame for frame in frames if _is_own(frame.filename)]
    first = frames.index(own[0]) if own else 0
    kept = [frame for frame in frames[first:] if not frame.filename.startswith(PACKAGE)]
    lines = ["Traceback (of the recipe):\n", *traceback.format_list(kept or frames)]
    return "".join([*lines, *traceback.format_exception_only(problem)])


def _is_own(filename: str) -> bool:
    return any(filename.startswith(folder) for folder in _folders) and "site-packages" not in filename


def _run(path: Path) -> None:
    folder = str(path.parent)
    _folders.add(folder)
    # Recipe files import their neighbours.
    if folder not in sys.path:
        sys.path.insert(0, folder)
    name = f"bioactive_recipes_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)


def _importable(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False


def _announced() -> Iterator[Any]:
    for group in GROUPS:
        yield from entry_points(group=group)
