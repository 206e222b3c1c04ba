"""A progress bar on stderr: how much is done, how fast it goes, how long it will take."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

# Whether bars are shown; `--quiet` says no.
shown = True


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

    def expect(self, total: int | None) -> None:
        """The length of the bar; it only pulses while that is not known."""
        self.progress.update(self.task, total=total)

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
        self.progress.update(self.task, speed=f"{speed:,.0f} {self.unit}/s")


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
        TextColumn(what),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[speed]}"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    # On stderr, as it is no result.
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=not shown) as progress:
        yield Bar(progress, progress.add_task("", total=None, speed=""), unit)
