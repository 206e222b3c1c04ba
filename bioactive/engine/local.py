"""What an engine is, and the one that needs nothing: a loop in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol

Item = Any
Work = Callable[[Item], Any]


class Engine(Protocol):
    """Applies a function to items, wherever that may be."""

    def each(self, make: Callable[[], Work], items: Callable[[], Iterable[Item]]) -> Iterator[Any]:
        """Results in the order of the items, each as soon as those before it are there.

        make (Callable): Called once by each worker, so that a model is loaded once; gives the function.
        items (Callable): Gives the items, of JSON's types; it may be called again when a worker is lost, and has to
            give the same then. Both are functions of modules, or partials of such, as they travel.
        YIELDS (Any): What the function gave, of JSON's types.
        """
        ...


class Here:
    """The engine that is this process."""

    def each(self, make: Callable[[], Work], items: Callable[[], Iterable[Item]]) -> Iterator[Any]:
        """As `Engine.each`; here nothing has to travel, so functions and items may be of any kind."""
        work = make()
        for item in items():
            yield work(item)
