from __future__ import annotations

import numpy as np
import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc, Span

from bioactive.active.costs import Cost, TimeModel
from bioactive.active.diversity import boosted, k_centre, length_density, near_duplicates, rarity
from bioactive.active.posteriors import Posterior
from bioactive.simulation.oracle import Oracle

VOCAB = spacy.blank("en").vocab


def gold(words: str, *ents: tuple[int, int, str], missing: tuple[int, ...] = ()) -> Doc:
    doc = Doc(VOCAB, words=words.split())
    doc.set_ents([Span(doc, *ent) for ent in ents], missing=[doc[i : i + 1] for i in missing], default="outside")
    return doc


def iob(doc: Doc) -> list[str]:
    return [f"{token.ent_iob_}{token.ent_type_}" for token in doc]


@pytest.fixture
def oracle() -> Oracle:
    return Oracle([gold("a b c d e f", (1, 3, "X"), (3, 4, "Y")), gold("g h")])


def test_entity_across_an_edge_extends_the_stretch_and_is_paid_for(oracle):
    cost = oracle.ask(0, [(2, 3)])
    assert cost == Cost(questions=1, sentences=1, words=2, extended=1, context=4, entities=1, documents=1)
    assert iob(oracle.training_doc(0)) == ["", "BX", "IX", "", "", ""]


def test_known_words_cost_nothing_and_a_second_question_is_not_a_second_sentence(oracle):
    oracle.ask(0, [(2, 3)])
    cost = oracle.ask(0, [(0, 4)])
    assert cost == Cost(questions=1, sentences=0, words=2, extended=0, context=4, entities=1)
    assert oracle.ask(0, [(0, 4)]) == Cost()


def test_several_stretches_of_a_text_are_one_question(oracle):
    assert oracle.ask(0, [(0, 1), (5, 6)]) == Cost(questions=1, sentences=1, words=2, context=4, documents=1)
    assert iob(oracle.training_doc(0)) == ["O", "", "", "", "", "O"]


def test_whole_text_is_the_gold(oracle):
    oracle.ask(0, [(0, 6)])
    assert iob(oracle.training_doc(0)) == ["O", "BX", "IX", "BY", "O", "O"]
    assert oracle.answered() == [0]
    assert not oracle.open_words(0).any() and oracle.open_words(1).all()


def test_words_without_gold_are_not_asked_about():
    oracle = Oracle([gold("a b c", missing=(1,))])
    assert oracle.ask(0, [(0, 3)]).words == 2
    assert iob(oracle.training_doc(0)) == ["O", "", "O"]


def test_white_space_is_no_word_and_takes_no_side():
    doc = Doc(VOCAB, words=["a", "\n", "b", "c"], spaces=[True, False, True, False])
    doc.set_ents([Span(doc, 0, 3, "X")], default="outside")
    oracle = Oracle([doc])
    assert oracle.ask(0, [(0, 1)]).words == 2
    assert iob(oracle.training_doc(0))[::2] == ["BX", "IX"]


def test_guesses_stand_beside_answers_and_their_errors_are_counted(oracle):
    oracle.ask(0, [(1, 2)])
    sure = np.array([True, False, False, True, True, False])
    assert iob(oracle.training_doc(0, [(3, 5, "Y")], sure)) == ["O", "BX", "IX", "BY", "IY", ""]
    assert oracle.wrong(0, [(3, 5, "Y")], sure) == 1  # the second word of it


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=5))
def test_cost_of_all_answers_is_what_is_known_and_no_entity_is_known_in_part(asked):
    oracle = Oracle([gold("a b c d e f", (0, 2, "X"), (2, 3, "X"), (4, 6, "Y"))])
    total = sum((oracle.ask(0, [each]) for each in asked), Cost())
    known = oracle.known[0]
    assert total.words == known.sum()
    assert total.sentences == bool(known.any())
    for start, end in oracle.bounds[0]:
        assert known[start:end].all() or not known[start:end].any()
    trained = oracle.training_doc(0)
    assert [token.ent_iob != 0 for token in trained] == known.tolist()


def test_entities_among_the_answers_are_counted_by_type(oracle):
    assert oracle.counts() == {"X": 0, "Y": 0}
    oracle.ask(0, [(1, 2)])
    assert oracle.counts() == {"X": 1, "Y": 0}


def test_rare_types_are_boosted_by_their_chance():
    assert rarity({"X": 0, "Y": 0}) == {"X": 1.0, "Y": 1.0}
    rare = rarity({"X": 3, "Y": 0})
    assert rare == {"X": 0.0, "Y": 1.0}
    belief = Posterior("a b", "exact", 2, ("O", "B-X", "B-Y"), np.array([[0.5, 0.5, 0.0], [0.5, 0.1, 0.4]]))
    np.testing.assert_allclose(boosted(np.array([1.0, 1.0]), belief, rare, 2.0), [1.0, 1.8])


def test_modelled_seconds_are_the_sum_of_the_parts():
    cost = Cost(questions=2, sentences=1, words=10, context=4, entities=3)
    assert TimeModel(question=2.0, word=0.5, context=0.25, entity=3.0).seconds(cost) == pytest.approx(4 + 5 + 1 + 9)


def test_k_centre_takes_the_furthest_each_time():
    rows = np.array([[1.0, 0.0], [0.99, 0.1], [0.0, 1.0], [-1.0, 0.0]])
    assert list(k_centre(rows)) == [0, 3, 2, 1]
    assert next(k_centre(rows, known=np.array([[-1.0, 0.0]]))) == 0
    assert list(k_centre(np.zeros((0, 2)))) == []


def test_near_duplicates_of_an_earlier_item_are_found():
    rows = np.array([[1.0, 0.0], [1.0, 0.01], [0.0, 1.0], [0.0, 2.0]])
    assert near_duplicates(rows).tolist() == [False, True, False, True]


def test_common_lengths_weigh_most():
    weights = length_density([20] * 50 + [21] * 40 + [2, 300])
    assert weights[0] == pytest.approx(1.0)
    assert weights[-1] < 0.1 and weights[-2] < 0.1
    assert length_density([]).shape == (0,)
    assert length_density([5, 5]).tolist() == [1.0, 1.0]
