"""A progress bar on stderr: how much is done, how fast it goes, how long it will take."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

# Whether bars are shown; `--quiet` says no.
shown = True
# Time left goes by the speed of so many seconds: there are trainings that take minutes.
RECENT = 1800.0
T = TypeVar("T")


class Bar:
    """Shows what a run tells; made by `progress_bar`.

    progress (Progress): rich's display.
    task (TaskID): The bar in it.
    unit (str): What is counted.
    """

    def __init__(self, progress: Progress, task: TaskID, unit: str) -> None:
        self.progress = progress
        self.task = task
        self.unit = unit
        self.skipped = 0

    def stage(self, what: str, total: int | None = None, unit: str = "") -> None:
        """What comes next; counts and speed begin anew.

        what (str): What is being done.
        total (int | None): How many items it has.
        unit (str): What is counted; as before without it.
        """
        self.unit, self.skipped = unit or self.unit, 0
        self.progress.reset(self.task, description=what, speed="")
        self.expect(total)

    def expect(self, total: int | None) -> None:
        """The length of the bar; it only pulses while that is not known."""
        self.progress.tasks[0].total = total  # `update` takes None for no change

    def skip(self, items: int) -> None:
        """Done by an earlier run: they count as done, and not as fast."""
        self.skipped += items
        bar = self.progress.tasks[0]
        self.progress.reset(self.task, total=bar.total, completed=self.skipped)

    def done(self, items: int) -> None:
        """So many more are done."""
        self.progress.advance(self.task, items)
        bar = self.progress.tasks[0]
        speed = (bar.completed - self.skipped) / bar.elapsed if bar.elapsed else 0.0
        self.progress.update(self.task, speed=rate(speed, self.unit))


def rate(speed: float, unit: str) -> str:
    """Items a second, or the seconds of one where it takes long."""
    return f"{speed:,.0f} {unit}/s" if speed >= 1 or not speed else f"{1 / speed:,.1f} s each"


def counted(items: Iterable[T], bar: Bar) -> Iterator[T]:
    """Items as they come, each told to a bar when the next is asked for."""
    for item in items:
        yield item
        bar.done(1)


@contextmanager
def progress_bar(what: str, unit: str = "texts") -> Iterator[Bar]:
    """Show a bar while the block runs.

    what (str): What is being done.
    unit (str): What is counted.
    YIELDS (Bar): To be told.
    """
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[speed]}"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    progress = Progress(
        *columns,
        console=Console(stderr=True),  # as it is no result
        transient=True,
        disable=not shown,
        speed_estimate_period=RECENT,
        # What is printed meanwhile goes above the bar on a terminal; in a file or a pipe it stays what it is.
        redirect_stdout=sys.stdout.isatty(),
    )
    with progress:
        yield Bar(progress, progress.add_task(what, total=None, speed=""), unit)
