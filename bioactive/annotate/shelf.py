"""The shelf: tasks that were drawn from the stream and are still open, and how far each session went along them."""

from __future__ import annotations

import json
import tempfile
import threading
import weakref
from bisect import bisect_left
from collections.abc import Iterable, Iterator, MutableMapping

from .tasks import Task, TaskKey, key_of, to_json

# Holes that do not matter.
TIDY = 1000


class Spool(MutableMapping[TaskKey, Task]):
    """A mapping whose tasks lie in a temporary file; only keys and places are in memory.

    For streams that every session goes through from the start: their tasks cannot be let go of.
    """

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="bioactive-")  # noqa: SIM115 (it lives as long as this object)
        weakref.finalize(self, self._file.close)
        self._places: dict[TaskKey, tuple[int, int]] = {}

    def __setitem__(self, key: TaskKey, task: Task) -> None:
        start = self._file.seek(0, 2)
        self._places[key] = (start, self._file.write(to_json(task).encode("ascii")))

    def __getitem__(self, key: TaskKey) -> Task:
        start, length = self._places[key]
        self._file.seek(start)
        task: Task = json.loads(self._file.read(length))
        return task

    def __delitem__(self, key: TaskKey) -> None:
        del self._places[key]

    def __contains__(self, key: object) -> bool:
        return key in self._places

    def __iter__(self) -> Iterator[TaskKey]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


class Shelf:
    """Open tasks in the order of the stream. All methods may be called from several threads.

    contents (MutableMapping[TaskKey, Task]): Where the tasks are kept: a dict, or a `Spool`.
    """

    def __init__(self, contents: MutableMapping[TaskKey, Task]) -> None:
        self._contents = contents
        # A task that nobody has to answer any more leaves a hole, so that places stay what they are for a while.
        self._order: list[TaskKey | None] = []
        self._place: dict[TaskKey, int] = {}
        self._reached: dict[str, int] = {}
        self._passed: dict[str, dict[TaskKey, None]] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._contents)

    def add(self, tasks: Iterable[Task]) -> None:
        """Put tasks with hashes at the end."""
        with self._lock:
            for task in tasks:
                key = key_of(task)
                self._place[key] = len(self._order)
                self._order.append(key)
                self._contents[key] = task

    def skip(self, session: str) -> bool:
        """Move a session to the end: all that is open and that it has not come by counts as passed.

        RETURNS (bool): Whether the session is new.
        """
        with self._lock:
            start = self._reached.get(session)
            self._passed.setdefault(session, {}).update(
                dict.fromkeys(key for key in self._order[start or 0 :] if key is not None)
            )
            self._reached[session] = len(self._order)
        return start is None

    def passed(self, session: str) -> list[TaskKey]:
        """The open tasks that a session came by and did not answer, in order."""
        with self._lock:
            mine = self._passed.setdefault(session, {})
            for key in [key for key in mine if key not in self._contents]:
                del mine[key]
            return list(mine)

    def advance(self, session: str, count: int) -> list[TaskKey]:
        """Move a session on by so many open tasks; fewer at the end.

        RETURNS (list[TaskKey]): The tasks that it passed.
        """
        found: list[TaskKey] = []
        with self._lock:
            position = self._reached.get(session, 0)
            while position < len(self._order) and len(found) < count:
                key = self._order[position]
                position += 1
                if key is not None:
                    found.append(key)
            self._reached[session] = position
            self._passed.setdefault(session, {}).update(dict.fromkeys(found))
        return found

    def get(self, keys: Iterable[TaskKey]) -> list[Task]:
        """The tasks of these keys, as far as they are here."""
        with self._lock:
            return [self._contents[key] for key in keys if key in self._contents]

    def remove(self, keys: Iterable[TaskKey]) -> None:
        """Take tasks away for all sessions."""
        with self._lock:
            for key in keys:
                if key in self._place:
                    self._order[self._place.pop(key)] = None
                    del self._contents[key]
            if len(self._order) > 2 * len(self._place) + TIDY:
                self._close_holes()

    def _close_holes(self) -> None:
        """Move what is left together; a million answered tasks would else be gone through for each new session."""
        kept = [place for place, key in enumerate(self._order) if key is not None]
        self._order = [self._order[place] for place in kept]
        self._place = {key: place for place, key in enumerate(self._order) if key is not None}
        self._reached = {session: bisect_left(kept, place) for session, place in self._reached.items()}

    def settle(self, session: str, keys: Iterable[TaskKey]) -> None:
        """Take tasks away for one session."""
        with self._lock:
            mine = self._passed.get(session, {})
            for key in keys:
                mine.pop(key, None)
