"""Sessions: who annotates, as recipes see them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Session:
    """One annotator's work on a dataset.

    id (str): `{dataset}-{name}`, or the time of the start with some random digits for an unnamed session.
    dataset (str): The dataset.
    count (Callable[[str], int]): Counts the answers of a session.
    """

    id: str
    dataset: str
    count: Callable[[str], int] = field(repr=False)

    @property
    def name(self) -> str:
        """The name from the address; the whole id of an unnamed session."""
        return self.id.removeprefix(f"{self.dataset}-")

    @property
    def total_annotated(self) -> int:
        """How many answers the session gave."""
        return self.count(self.id)

    def __str__(self) -> str:
        return self.id


class Sessions:
    """The sessions that are known, in the order in which they came.

    dataset (str): The dataset.
    names (list[str]): Those that are expected, before anybody came.
    count (Callable[[str], int]): Counts the answers of a session.
    """

    def __init__(self, dataset: str, names: list[str], count: Callable[[str], int]) -> None:
        self._dataset, self._count = dataset, count
        self._lock = threading.Lock()
        self._known: dict[str, Session] = {}
        for name in names:
            self.get(f"{dataset}-{name}")

    def get(self, session_id: str) -> Session:
        """The session of an id; a new one is remembered."""
        with self._lock:
            return self._known.setdefault(session_id, Session(session_id, self._dataset, self._count))

    @property
    def ids(self) -> list[str]:
        """The ids of all that are known: a new list, which a recipe may change."""
        with self._lock:
            return list(self._known)

    def resolve(self, name: Any) -> str:
        """The id that a recipe means: an id, a name without its dataset, or a `Session`."""
        name = str(name)
        full = f"{self._dataset}-{name}"
        return full if name not in self._known and full in self._known else name
