"""Streams: tasks that come one at a time, without repeats, and remember how far they are."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Sized
from dataclasses import dataclass, field
from functools import wraps
from itertools import chain
from typing import TYPE_CHECKING, Any

from ..corpus.tally import Tally
from .tasks import Task, excerpt, key_of, set_hashes

if TYPE_CHECKING:
    from ..prints import Prints

DUPLICATES = "duplicate tasks left out"
# Numbers that `Met` holds in a set until they are moved over together.
BLOCK = 4096


@dataclass
class Source:
    """What is known about where tasks come from.

    total (int | None): How many records it has, when that is known.
    read (int): How many of them were read.
    known (int): How many of those are answered already, and were left out before any work was spent on them.
    split (bool): Whether a record may become several tasks, or none.
    tally (Tally): What else was left out, with places.
    """

    total: int | None = None
    read: int = 0
    known: int = 0
    split: bool = False
    tally: Tally = field(default_factory=Tally)


class Stream:
    """An iterator over tasks.

    tasks (Iterable[Task]): What to go through, once.
    total (int | None): How many there are, when it is known.
    tally (Tally | None): Counts what is left out on the way.
    """

    def __init__(self, tasks: Iterable[Task], total: int | None = None, tally: Tally | None = None) -> None:
        if total is None and isinstance(tasks, Sized):
            total = len(tasks)
        # A sorter counts what it passes over.
        tally = getattr(tasks, "tally", None) if tally is None else tally
        self.source = Source(total, tally=Tally() if tally is None else tally)
        self._applied: list[Callable[[Iterator[Task]], Iterable[Task]]] = []
        # Sorters, with how many of the functions applied come before or are theirs.
        self._sorters: list[tuple[Any, int]] = [(tasks, 0)] if hasattr(tasks, "second_pass") else []
        self._tasks: Iterator[Task] = self._counted(tasks)

    @classmethod
    def from_iterable(cls, tasks: Iterable[Task]) -> Stream:
        """A stream over tasks; a stream stays the same one."""
        return tasks if isinstance(tasks, Stream) else cls(tasks)

    def apply(self, function: Callable[..., Iterable[Task]], *args: Any, **kwargs: Any) -> Stream:
        """Pass all tasks that are still to come through a function, in place.

        function (Callable): Takes an iterable of tasks and gives one back. Where the stream itself is among the
            arguments, that is where the tasks go; otherwise they are the first argument.
        RETURNS (Stream): This stream.
        """
        named = any(value is self for value in (*args, *kwargs.values()))

        def wrapped(tasks: Iterator[Task]) -> Iterable[Task]:
            if not named:
                return function(tasks, *args, **kwargs)
            places = {key: tasks if value is self else value for key, value in kwargs.items()}
            return function(*(tasks if value is self else value for value in args), **places)

        self._applied.append(wrapped)
        self._tasks = self._through(self._tasks, len(self._applied) - 1)
        return self

    def _through(self, tasks: Iterator[Task], number: int) -> Iterator[Task]:
        """Tasks passed through one of the functions that were applied."""
        made: Any = self._applied[number](tasks)
        if isinstance(getattr(made, "tally", None), Tally):
            # A sorter goes on counting where this stream counts.
            self.source.tally.update(made.tally)
            made.tally = self.source.tally
        if hasattr(made, "second_pass"):
            self._sorters.append((made, number + 1))
        return iter(made)

    def apply_like(self, other: Stream) -> Stream:
        """Pass the tasks through all functions that were applied to another stream.

        RETURNS (Stream): This stream.
        """
        for wrapped in other._applied:
            self._applied.append(wrapped)
            self._tasks = self._through(self._tasks, len(self._applied) - 1)
        return self

    @property
    def passed_over(self) -> int:
        """How many tasks its sorters passed over and remember."""
        return sum(sorter.passed_over for sorter, _ in self._sorters)

    def second_pass(self) -> int:
        """Let the tasks that its sorters passed over come at the end, the best first.

        RETURNS (int): How many they are.
        """
        found = self.passed_over
        for sorter, place in list(self._sorters):
            tasks: Iterator[Task] = iter(sorter.second_pass())
            for number in range(place, len(self._applied)):
                tasks = self._through(tasks, number)
            self._tasks = chain(self._tasks, tasks)
        return found

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left; one task is read to find out."""
        first = next(self._tasks, None)
        if first is not None:
            self._tasks = chain([first], self._tasks)
        return first is None

    def skip_known(self, is_known: Callable[[Task], bool]) -> None:
        """Leave out records that are answered already, before they reach the functions that were applied.

        is_known (Callable): Says it of a task with hashes.
        """
        self._is_known = is_known

    _is_known: Callable[[Task], bool] | None = None

    def __iter__(self) -> Iterator[Task]:
        return self

    def __next__(self) -> Task:
        return next(self._tasks)

    def _counted(self, tasks: Iterable[Task]) -> Iterator[Task]:
        for task in tasks:
            self.source.read += 1
            if self._is_known is not None and self._is_known(set_hashes(task)):
                self.source.known += 1
            else:
                yield task


class Met:
    """A set of 64-bit numbers that grows one by one; but for the newest few thousand it takes eight bytes each."""

    def __init__(self) -> None:
        self._newest: set[int] = set()
        self._others: Prints | None = None

    def __len__(self) -> int:
        return len(self._newest) + len(self._others or ())

    def add(self, number: int) -> bool:
        """Add a number in [0, 2 ** 64).

        RETURNS (bool): Whether it is new.
        """
        if number in self._newest or (self._others is not None and number in self._others):
            return False
        self._newest.add(number)
        if len(self._newest) >= BLOCK:
            if self._others is None:
                from ..prints import Prints  # with numpy, which a short source does without

                self._others = Prints()
            self._others.add(list(self._newest))
            self._newest.clear()
        return True


def without_duplicates(tasks: Iterable[Task], tally: Tally, by: str = "task", met: Met | None = None) -> Iterator[Task]:
    """Hash tasks and leave out those that came before.

    tasks (Iterable[Task]): Tasks.
    tally (Tally): Counts what is left out.
    by (str): "task": the same question; "input": any question about the same input.
    met (Met | None): The hashes of tasks that came before; it is added to.
    YIELDS (Task): Tasks with both hashes. Only the hashes of what came before are kept in memory.
    """
    met = Met() if met is None else met
    for task in tasks:
        task = set_hashes(task)
        # Hashes are signed 32-bit numbers: side by side they are one of 64.
        of_input, of_task = (number % 2**32 for number in key_of(task))
        if met.add(of_input if by == "input" else of_input << 32 | of_task):
            yield task
        else:
            tally.add(DUPLICATES, excerpt(str(task.get("text", ""))))


def support_both_streams(stream_arg: str = "stream") -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A decorator: a function on iterables of tasks also takes a `Stream`, which it changes in place and gives back.

    stream_arg (str): The name of the argument that the tasks are.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        signature = inspect.signature(function)

        @wraps(function)
        def called(*args: Any, **kwargs: Any) -> Any:
            bound = signature.bind(*args, **kwargs)
            given = bound.arguments.get(stream_arg)
            if not isinstance(given, Stream):
                return function(*args, **kwargs)
            # Not through the bound arguments: a function may collect its keyword arguments.
            named = {key: value for key, value in kwargs.items() if value is not given}
            plain = [value for value in args if value is not given]
            place = next((number for number, value in enumerate(args) if value is given), None)

            def on(tasks: Iterable[Task]) -> Any:
                if place is None:
                    return function(*args, **named, **{stream_arg: tasks})
                return function(*plain[:place], tasks, *plain[place:], **named)

            return given.apply(on)

        return called

    return decorate
