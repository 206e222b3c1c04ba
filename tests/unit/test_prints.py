from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bioactive.prints import Prints, print_of

NUMBERS = st.integers(0, 20) | st.integers(2**64 - 20, 2**64 - 1)


@given(blocks=st.lists(st.lists(NUMBERS, max_size=12), max_size=12))
def test_prints_tell_what_is_new_as_a_set_does(blocks):
    prints, known = Prints(), set()
    for block in blocks:
        expected = []
        for number in block:
            expected.append(number not in known)
            known.add(number)
        assert prints.add(block) == expected
        assert len(prints) == len(known)


def test_prints_keep_few_runs():
    prints = Prints()
    for start in range(0, 20_000, 10):
        prints.add(range(start, start + 10))
    assert len(prints) == 20_000
    assert len(prints.runs) <= 14  # log2 of the number of texts
    assert sum(run.nbytes for run in prints.runs) == 8 * 20_000


def test_print_of_any_text_fits_and_tells_texts_apart():
    texts = ["", "a", "СД-2", "\ud800", "a "]
    found = {print_of(text) for text in texts}
    assert len(found) == len(texts)
    assert all(0 <= number < 2**64 for number in found)
