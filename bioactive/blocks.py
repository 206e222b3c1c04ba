"""Any number of items, a block at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")
# Told how many items are done since it was told last.
OnDone = Callable[[int], object]


def blocks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Items by the `size`; the last block may be shorter.

    items (Iterable[T]): Read once, no further ahead than one block.
    size (int): Items a block.
    YIELDS (list[T]): The blocks, in order.
    """
    stream = iter(items)
    while block := list(islice(stream, size)):
        yield block
