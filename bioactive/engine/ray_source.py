"""A source of Ray Data that reads by a function of ours; imported only where Ray is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pyarrow
from ray.data import Datasource, ReadTask
from ray.data.block import BlockMetadata

from .local import Item
from .telling import VALUE, packed, told


class ItemSource(Datasource):
    """Items as rows of one task, each a block of its own: JSON of the item, and of what went wrong.

    items (Callable): Gives the items; called again when the task is lost.
    """

    def __init__(self, items: Callable[[], Iterable[Item]]) -> None:
        super().__init__()
        self.items = items

    def estimate_inmemory_data_size(self) -> None:
        """Nobody knows."""

    def get_read_tasks(self, parallelism: int, *rest: Any, **options: Any) -> list[ReadTask]:
        """One task, whatever the parallelism: it is the order that counts, and reading is quick."""
        items = self.items
        metadata = BlockMetadata(num_rows=None, size_bytes=None, input_files=None, exec_stats=None)
        return [ReadTask(lambda: _rows(items), metadata)]


def _rows(items: Callable[[], Iterable[Item]]) -> Iterator[pyarrow.Table]:
    try:
        for item in items():
            yield _row([item, None])
    except Exception as problem:  # a file that cannot be read is no fault of Ray's, and reading again mends nothing
        yield _row([None, told(problem)])


def _row(value: list[Any]) -> pyarrow.Table:
    return pyarrow.table({VALUE: [packed(value)]})
