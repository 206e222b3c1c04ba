"""Length groups against all ways to cut, and the number format by device."""

from __future__ import annotations

import itertools

import numpy
import pytest

from bioactive.ner.buckets import length_buckets


def cost(buckets, lengths, pass_pieces) -> int:
    return sum(pass_pieces + lengths[rows[0]] * len(rows) for rows in buckets)


@pytest.mark.parametrize("seed", range(20))
def test_groups_cost_the_least_there_is(seed):
    rng = numpy.random.default_rng(seed)
    lengths = rng.integers(1, 40, size=8).tolist()
    limit, pass_pieces = int(rng.integers(20, 200)), int(rng.integers(0, 60))
    buckets = length_buckets(lengths, limit, pass_pieces)
    assert sorted(index for rows in buckets for index in rows) == list(range(8))
    assert [max(lengths[index] for index in rows) for rows in buckets] == [lengths[rows[0]] for rows in buckets]
    order = sorted(range(8), key=lambda index: -lengths[index])
    costs = []
    for cuts in itertools.chain.from_iterable(itertools.combinations(range(1, 8), n) for n in range(8)):
        parts = [order[start:end] for start, end in itertools.pairwise((0, *cuts, 8))]
        if all(len(rows) == 1 or lengths[rows[0]] * len(rows) <= limit for rows in parts):
            costs.append(cost(parts, lengths, pass_pieces))
    assert cost(buckets, lengths, pass_pieces) == min(costs)
    assert all(len(rows) == 1 or lengths[rows[0]] * len(rows) <= limit for rows in buckets)


def test_no_texts_make_no_groups():
    assert length_buckets([], 64) == []
