"""Which texts or tasks were seen before: eight bytes each, where a set of numbers takes sixty and more."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray


def print_of(text: str) -> int:
    """A 64-bit fingerprint of a text: among a million texts, two share one with a chance of 3 in 100 million."""
    return int.from_bytes(blake2b(text.encode("utf8", "surrogatepass"), digest_size=8).digest(), "big")


class Prints:
    """A set of 64-bit numbers that grows by blocks.

    It is held as sorted runs, each more than twice as long as the next: few enough to look a block up in all of them,
    and each number is moved but log2(n) times.
    """

    def __init__(self) -> None:
        self.runs: list[NDArray[np.uint64]] = []

    def __len__(self) -> int:
        return sum(map(len, self.runs))

    def add(self, numbers: Sequence[int]) -> list[bool]:
        """Add numbers.

        numbers (Sequence[int]): In [0, 2 ** 64).
        RETURNS (list[bool]): Of each, whether it is new: neither in the set before, nor earlier in `numbers`.
        """
        given = np.array(numbers, dtype=np.uint64)
        distinct, first = np.unique(given, return_index=True)
        fresh = np.ones(len(distinct), dtype=bool)
        for run in self.runs:
            places = np.searchsorted(run, distinct).clip(max=len(run) - 1)
            fresh &= run[places] != distinct
        new = np.zeros(len(given), dtype=bool)
        new[first[fresh]] = True
        self._push(distinct[fresh])
        return [bool(one) for one in new]

    def __contains__(self, number: int) -> bool:
        for run in self.runs:
            place = int(np.searchsorted(run, np.uint64(number)))
            if place < len(run) and int(run[place]) == number:
                return True
        return False

    def _push(self, run: NDArray[np.uint64]) -> None:
        while self.runs and len(self.runs[-1]) <= 2 * len(run):
            run = np.concatenate([self.runs.pop(), run])
            run.sort()
        if len(run):
            self.runs.append(run)
