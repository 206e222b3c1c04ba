from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import precision_recall_fscore_support

from bioactive.evaluation.pairs import CharSpan, Compared
from bioactive.evaluation.scores import accuracy, count, macro, micro, prf, seqeval_scores, weighted
from bioactive.tags import spans_from_tags

LEGAL = ["O", "B-x", "B-y", "I-x", "I-y"]


def compared(gold: list[tuple[int, int, str]], predicted: list[tuple[int, int, str]], doc_id: str = "") -> Compared:
    return Compared(doc_id=doc_id, gold={CharSpan(*s) for s in gold}, predicted={CharSpan(*s) for s in predicted})


def legal(tags: list[str]) -> list[str]:
    """Turn every "I-" that continues nothing into "O"."""
    found: list[str] = []
    for tag in tags:
        stray = tag[0] == "I" and (not found or found[-1][1:] != tag[1:])
        found.append("O" if stray else tag)
    return found


tag_pairs = st.lists(
    st.lists(st.tuples(st.sampled_from(LEGAL), st.sampled_from(LEGAL)), min_size=1, max_size=8), min_size=1, max_size=6
)


def test_prf_hand_worked():
    assert prf(np.array([2, 4, 5])) == pytest.approx([0.5, 0.4, 4 / 9])


def test_prf_of_nothing_is_zero_without_a_warning():
    assert prf(np.zeros((2, 3))).tolist() == [[0.0] * 3] * 2


def test_averages_hand_worked():
    # x: 3 of 4 predicted right, 6 gold; y: 1 of 1, 2 gold; z: predicted once, never gold.
    table = np.array([[3, 4, 6], [1, 1, 2], [0, 1, 0], [0, 0, 0]])
    f_x, f_y = 6 / 10, 2 / 3
    assert micro(table)[2] == pytest.approx(8 / 14)
    assert macro(table)[2] == pytest.approx((f_x + f_y + 0) / 3)
    assert weighted(table)[2] == pytest.approx((6 * f_x + 2 * f_y) / 8)


def test_averages_of_no_type_are_zero():
    empty = np.zeros((0, 3))
    assert [part.tolist() for part in (micro(empty), macro(empty), weighted(empty))] == [[0.0] * 3] * 3


def test_count_adds_up_the_sentences_of_a_document():
    pairs = [
        compared([(0, 1, "x")], [(0, 1, "x")], "d"),
        compared([(0, 1, "x")], [(0, 1, "y")], "d"),
        compared([], [], "e"),
    ]
    counts = count(pairs)
    assert counts.documents == ["d", "e"]
    assert counts.labels == ["x", "y"]
    assert counts.spans.tolist() == [[[1, 1, 2], [0, 1, 0]], [[0, 0, 0], [0, 0, 0]]]


def test_count_boundary_ignores_the_type_and_counts_doubled_spans_once():
    counts = count([compared([(0, 4, "x"), (0, 4, "y")], [(0, 4, "z")])])
    assert counts.boundary.tolist() == [[[1, 1, 1]]]
    assert counts.spans[..., 0].sum() == 0


def test_count_documents_without_an_id_stay_apart():
    assert count([compared([], []), compared([], [])]).documents == ["#0", "#1"]


def test_count_words_and_accuracy_hand_worked():
    one = Compared(gold_words=["x", "x", "", "y"], predicted_words=["x", "y", "", ""])
    counts = count([one])
    assert micro(counts.words.sum(axis=0)) == pytest.approx([1 / 2, 1 / 3, 2 / 5])
    assert accuracy(counts.accuracy.sum(axis=0)) == pytest.approx(0.5)


@given(st.lists(st.tuples(st.sampled_from(["", "x", "y"]), st.sampled_from(["", "x", "y"])), min_size=1, max_size=30))
def test_words_equal_scikit_learn_micro_over_the_entity_labels(words):
    gold, predicted = (list(side) for side in zip(*words, strict=True))
    counts = count([Compared(gold_words=gold, predicted_words=predicted)])
    peer = precision_recall_fscore_support(gold, predicted, labels=["x", "y"], average="micro", zero_division=0)
    assert micro(counts.words.sum(axis=0)) == pytest.approx(peer[:3])


@given(tag_pairs)
def test_spans_equal_seqeval_on_legal_tags_in_both_modes(documents):
    gold = [legal([g for g, _ in pairs]) for pairs in documents]
    predicted = [legal([p for _, p in pairs]) for pairs in documents]
    as_spans = [[list(spans_from_tags(tags)) for tags in side] for side in (gold, predicted)]
    counts = count([compared(g, p) for g, p in zip(*as_spans, strict=True)]).spans.sum(axis=0)
    for mode in ("strict", "default"):
        found = seqeval_scores(gold, predicted, mode)
        for name, average in (("micro", micro), ("macro", macro), ("weighted", weighted)):
            row = found[name]
            assert average(counts) == pytest.approx([row["precision"], row["recall"], row["f1"]])


def test_seqeval_modes_differ_on_an_inside_tag_that_continues_nothing():
    gold, predicted = [["B-x", "I-x", "O", "B-x"]], [["I-x", "I-x", "O", "B-x"]]
    assert seqeval_scores(gold, predicted, "strict")["micro"]["f1"] == pytest.approx(2 / 3)
    assert seqeval_scores(gold, predicted, "default")["micro"]["f1"] == 1.0


@pytest.mark.parametrize("mode", ["strict", "default"])
@pytest.mark.parametrize(
    ("gold", "predicted"), [([], []), ([["O"]], [["O"]]), ([["O"]], [["I-x"]]), ([["B-x"]], [["O"]])]
)
def test_seqeval_with_an_empty_side_scores_zero_without_a_warning(gold, predicted, mode):
    found = seqeval_scores(gold, predicted, mode)
    assert [found[name]["f1"] for name in ("micro", "macro", "weighted")] == [0.0, 0.0, 0.0]


def test_seqeval_keeps_a_label_that_holds_a_dash():
    tags = [["B-cell-line", "I-cell-line", "O"]]
    for mode in ("strict", "default"):
        assert list(seqeval_scores(tags, tags, mode)["types"]) == ["cell-line"]
