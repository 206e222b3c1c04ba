"""The tasks that came before: as a set tells them, in few bytes."""

from __future__ import annotations

import tracemalloc
from unittest import mock

from hypothesis import given
from hypothesis import strategies as st

from bioactive.annotate.stream import Met

NUMBERS = st.integers(0, 20) | st.integers(2**64 - 20, 2**64 - 1)


@given(numbers=st.lists(NUMBERS, max_size=60), block=st.integers(1, 7))
def test_met_tells_one_by_one_what_is_new_as_a_set_does(numbers: list[int], block: int) -> None:
    with mock.patch("bioactive.annotate.stream.BLOCK", block):
        met, known = Met(), set[int]()
        for number in numbers:
            assert met.add(number) == (number not in known)
            known.add(number)
            assert len(met) == len(known)


def test_met_takes_few_bytes_each() -> None:
    tracemalloc.start()
    met = Met()
    for number in range(0, 2**40, 2**24):
        met.add(number)
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert len(met) == 2**16 and held < 12 * 2**16
