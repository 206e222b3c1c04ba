"""Batches by padded word pieces: each Example once, bounded, of like length, in an order that the seed decides."""

from __future__ import annotations

import itertools

import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.training import Example
from spacy.util import registry
from transformers import AutoTokenizer

from bioactive.ner.batching import create_piece_batcher, cut


@settings(deadline=None)
@given(lengths=st.lists(st.integers(1, 60)), size=st.integers(1, 200))
def test_groups_hold_each_text_once_and_keep_the_bound(lengths, size):
    batches = cut(lengths, size)
    assert sorted(index for batch in batches for index in batch) == list(range(len(lengths)))
    for batch in batches:
        assert len(batch) == 1 or len(batch) * max(lengths[index] for index in batch) <= size
    # No two neighbours would have fitted into one.
    for first, second in itertools.pairwise(batches):
        assert lengths[second[0]] * (len(first) + 1) > size


@pytest.fixture(scope="module")
def examples():
    nlp = spacy.blank("en")
    texts = ["metformin " * (1 + number * 7 % 30) + f"x{number}" for number in range(60)]
    return [Example(nlp.make_doc(text), nlp.make_doc(text)) for text in texts]


def test_batches_count_the_encoders_pieces(tiny_bert, examples):
    tokenizer = AutoTokenizer.from_pretrained(tiny_bert)
    batcher = create_piece_batcher(str(tiny_bert), size=200, window=25)
    batches = list(batcher(iter(examples)))
    assert sorted(id(eg) for batch in batches for eg in batch) == sorted(map(id, examples))
    for batch in batches:
        pieces = [len(tokenizer(eg.predicted.text)["input_ids"]) for eg in batch]
        assert len(batch) == 1 or len(batch) * max(pieces) <= 200
    assert len(batches) < len(examples) / 2


def test_seed_decides_the_order_and_epochs_differ(tiny_bert, examples):
    make = registry.batchers.get("bioactive.batch_by_pieces.v1")
    one, other, third = (make(str(tiny_bert), 200, 60, seed) for seed in (0, 0, 1))
    first = [[eg.predicted.text for eg in batch] for batch in one(examples)]
    assert [[eg.predicted.text for eg in batch] for batch in other(examples)] == first
    assert [[eg.predicted.text for eg in batch] for batch in third(examples)] != first
    assert [[eg.predicted.text for eg in batch] for batch in one(examples)] != first
