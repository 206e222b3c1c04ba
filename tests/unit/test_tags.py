"""The BIO scheme: legal moves, tags to spans and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bioactive.errors import BioactiveError
from bioactive.tags import begin, can_follow, inside, label_of, spans_from_tags, split_tag, tags_for, tags_from_spans


def test_tags_stand_in_pairs_after_o():
    tags = tags_for(["DNA", "RNA"])
    assert tags == ["O", "B-DNA", "I-DNA", "B-RNA", "I-RNA"]
    assert [tags[begin(1)], tags[inside(1)]] == ["B-RNA", "I-RNA"]
    assert [label_of(number) for number in range(5)] == [-1, 0, 0, 1, 1]


@pytest.mark.parametrize("label", ["", "cell type", "a\tb"])
def test_label_with_white_space_is_refused(label):
    with pytest.raises(BioactiveError, match="B003"):
        tags_for([label])


def test_only_inside_tags_need_a_predecessor():
    names = [None, "O", "B-a", "I-a", "B-b", "I-b"]
    numbers = [None, 0, 1, 2, 3, 4]
    allowed = {names[i]: [names[j] for j in range(1, 6) if can_follow(numbers[i], j - 1)] for i in range(6)}
    outside = ["O", "B-a", "B-b"]
    within_a, within_b = ["O", "B-a", "I-a", "B-b"], ["O", "B-a", "B-b", "I-b"]
    assert allowed == {
        None: outside,
        "O": outside,
        "B-a": within_a,
        "I-a": within_a,
        "B-b": within_b,
        "I-b": within_b,
    }


def test_labels_may_hold_hyphens_and_bad_tags_are_refused():
    assert split_tag("B-cell-line") == ("B", "cell-line")
    for tag in ("", "B", "B-", "E-x", "x", "b-DNA"):
        with pytest.raises(BioactiveError, match="B001"):
            split_tag(tag)


@pytest.mark.parametrize(
    ("tags", "spans"),
    [
        ([], []),
        (["O"], []),
        (["B-a", "B-a", "I-a"], [(0, 1, "a"), (1, 3, "a")]),
        (["I-a", "I-b", "O", "I-b"], [(0, 1, "a"), (1, 2, "b"), (3, 4, "b")]),
    ],
)
def test_spans_are_read_out_of_tags(tags, spans):
    assert spans_from_tags(tags) == spans


def test_overlapping_spans_are_refused():
    with pytest.raises(BioactiveError, match="B002"):
        tags_from_spans([(0, 3, "a"), (2, 4, "b")], 5)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 4), st.sampled_from("ab"))), st.integers(0, 3))
def test_spans_survive_the_way_through_tags(pieces, rest):
    spans, position = [], 0
    for gap, length, label in pieces:
        spans.append((position + gap, position + gap + length, label))
        position += gap + length
    assert spans_from_tags(tags_from_spans(spans, position + rest)) == spans
