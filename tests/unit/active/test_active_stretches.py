from __future__ import annotations

import numpy as np
import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc

from bioactive.active.posteriors import Belief, Posterior, posterior
from bioactive.active.sampled import SAMPLES, samples_of
from bioactive.active.stretches import (
    Shape,
    Stretch,
    choose_stretches,
    entity_bounds,
    find_stretches,
    stretch_task,
    word_tokens,
)
from bioactive.active.word_measures import get_word_measure, word_measures
from bioactive.annotate.recipes.ner_correct import suggest
from bioactive.annotate.recipes.ner_manual import ner_manual
from bioactive.annotate.stream import Source
from bioactive.annotate.tasks import set_hashes
from bioactive.corpus.jsonl import task_to_doc
from bioactive.errors import BioactiveError

NLP = spacy.blank("en")


def bounds(found) -> list[tuple[int, int]]:
    return [(each.start, each.end) for each in found]


def test_stretches_are_the_windows_of_the_highest_mean_and_do_not_overlap():
    scores = np.array([0.0, 0.0, 5.0, 4.0, 0.0, 0.0, 3.0, 3.0])
    found = list(find_stretches(scores, Shape(words=2)))
    assert found[:2] == [Stretch(2, 4, 4.5), Stretch(6, 8, 3.0)]
    assert sorted(bounds(found)) == [(0, 2), (2, 4), (4, 6), (6, 8)]


def test_stretch_grows_over_a_predicted_entity_and_over_one_that_touches_it():
    scores = np.array([0.0, 0.0, 9.0, 9.0, 0.0, 0.0, 0.0])
    first = next(find_stretches(scores, Shape(words=2), entities=[(3, 5), (0, 3)]))
    assert (first.start, first.end) == (0, 5)
    assert first.score == pytest.approx(18 / 5)


def test_stretch_stops_at_words_that_are_known():
    free = np.array([True, True, False, True, True, True])
    found = list(find_stretches(np.arange(6.0), Shape(words=3), free, entities=[(1, 4)]))
    assert bounds(found) == [(3, 6), (0, 2)]


def test_text_shorter_than_a_stretch_is_one_and_an_empty_text_none():
    assert bounds(find_stretches(np.ones(3), Shape(words=6))) == [(0, 3)]
    assert list(find_stretches(np.zeros(0), Shape(words=6))) == []


def test_number_of_stretches_of_a_text_is_bounded():
    assert len(list(find_stretches(np.ones(60), Shape(words=6, per_text=2)))) == 2


def test_adaptive_stretch_takes_in_the_words_that_are_bad_enough():
    scores = np.array([0.0, 0.6, 1.0, 0.8, 0.1, 0.0, 0.0])
    (first, *_) = find_stretches(scores, Shape(words=1, longest=5, share=0.5))
    assert (first.start, first.end) == (1, 4)


def test_adaptive_stretch_keeps_its_bounds():
    lengths = [each.end - each.start for each in find_stretches(np.ones(20), Shape(words=3, longest=5))]
    assert lengths == [5, 5, 5, 5]
    few = next(find_stretches(np.array([0.0, 0, 0, 9, 0, 0, 0]), Shape(words=3, longest=5)))
    assert few.end - few.start == 3 and few.start <= 3 < few.end


@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=30),
    st.integers(1, 8),
    st.none() | st.integers(1, 10),
    st.data(),
)
def test_stretches_cover_every_free_word_once_and_cut_no_entity(values, words, longest, data):
    n = len(values)
    free = np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    edges = sorted(data.draw(st.sets(st.integers(0, n), max_size=6)))
    entities = list(zip(edges[::2], edges[1::2], strict=False))
    found = list(find_stretches(np.array(values), Shape(words, longest), free, entities))
    covered = np.zeros(n, dtype=int)
    for each in found:
        covered[each.start : each.end] += 1
        assert each.score == pytest.approx(np.mean(values[each.start : each.end]))
    assert (covered == free).all()
    for each in found:
        for first, last in entities:
            crossed = each.start < last and each.end > first
            # An entity of free words is inside as a whole.
            if crossed and free[first:last].all():
                assert each.start <= first and last <= each.end


def test_budget_goes_to_the_least_certain_of_the_whole_pool():
    pool = {0: [Stretch(0, 2, 5.0), Stretch(2, 4, 1.0)], 1: [Stretch(0, 2, 3.0), Stretch(4, 6, 2.0)]}
    found = choose_stretches([(text, iter(own)) for text, own in pool.items()], budget=5)
    assert [(each.text, each.stretch.score) for each in found] == [(0, 5.0), (1, 3.0), (1, 2.0)]


def test_ties_are_settled_by_the_numbers_given():
    def ties(tie):
        return [each.text for each in choose_stretches([(i, iter([Stretch(0, 1, 1.0)])) for i in range(3)], 2, tie)]

    assert ties([0.3, 0.1, 0.2]) == [1, 2]
    assert ties(None) == [0, 1]


def test_task_disables_what_is_not_asked_about_and_trains_as_a_partial_annotation():
    doc = Doc(NLP.vocab, words=["Aspirin", "relieved", "severe", "gout", "in", "mice", "."])
    task = {
        "text": doc.text,
        "spans": [{"start": 0, "end": 7, "label": "C"}, {"start": 24, "end": 28, "label": "D"}],
        "_task_hash": 3,
    }
    asked = stretch_task(task, doc, [Stretch(2, 4, 1.0), Stretch(6, 7, 0.5)])
    assert [token["text"] for token in asked["tokens"] if "disabled" not in token] == ["severe", "gout", "."]
    assert [span["label"] for span in asked["spans"]] == ["D"]
    trained = task_to_doc({**asked, "answer": "accept", "_view_id": "ner_manual"}, NLP.tokenizer)
    assert [token.ent_iob_ for token in trained] == ["", "", "O", "B", "", "", "O"]


def test_questions_about_other_words_of_a_text_are_other_inputs_and_stay_so_in_a_recipe():
    doc = Doc(NLP.vocab, words=["Aspirin", "relieved", "severe", "gout", "in", "mice", "."])
    first, second, again = (
        stretch_task({"text": doc.text}, doc, [Stretch(start, end, 1.0)]) for start, end in ((0, 2), (2, 4), (0, 2))
    )
    hashes = [task["_input_hash"] for task in (first, second, again)]
    assert hashes[0] == hashes[2] != hashes[1]
    assert set_hashes({"text": doc.text})["_input_hash"] not in hashes
    suggested = list(suggest([first, second], NLP, ["C"], 8, Source()))
    by_hand = list(ner_manual("d", NLP, [first, second], ["C"])["stream"])
    for shown in (suggested, by_hand):
        assert [task["_input_hash"] for task in shown] == hashes[:2]
        assert sum("disabled" not in token for token in shown[0]["tokens"]) == 2


def test_white_space_is_no_word():
    doc = Doc(NLP.vocab, words=["a", "\n", "b", "c"], spaces=[True, False, True, False])
    assert word_tokens(doc).tolist() == [0, 2, 3]
    found = Posterior("t", "exact", 3, spans=(Belief(0, 3, "X", 1.0), Belief(1, 2, "X", 1.0)))
    assert entity_bounds(found, word_tokens(doc)) == [(0, 2)]
    asked = stretch_task({"text": doc.text}, doc, [Stretch(0, 2, 1.0)])
    assert ["disabled" in token for token in asked["tokens"]] == [False, False, False, True]


@pytest.mark.parametrize("fixture", ["crf_nlp", "real_crf_nlp"])
@settings(deadline=None, max_examples=25)
@given(st.lists(st.lists(st.sampled_from("abcdef"), min_size=1, max_size=4), min_size=2, max_size=5), st.randoms())
def test_scores_of_words_do_not_depend_on_the_batch_or_the_order(request, fixture, pool, order):
    nlp = request.getfixturevalue(fixture)
    samples = 3 if fixture == "real_crf_nlp" else 0
    texts = [" ".join(parts) for parts in pool]
    alone = {text: posterior(nlp, [nlp.make_doc(text)], samples=samples)[0] for text in texts}
    order.shuffle(texts)
    together = posterior(nlp, [nlp.make_doc(text) for text in texts], samples=samples)
    for text, found in zip(texts, together, strict=True):
        for name in sorted(word_measures.get_all()):
            measure = get_word_measure(name)
            if samples_of(measure) <= samples * SAMPLES:
                own = measure(found)
                assert own.shape == (found.words,)
                np.testing.assert_allclose(own, measure(alone[text]), atol=1e-5)


def test_measures_of_words_hand_worked():
    found = Posterior(
        "p 53", "exact", 2, ("O", "B-X", "I-X"), np.array([[0.0, 1.0, 0.0], [0.25, 0.0, 0.75]]), ("B-X", "I-X")
    )
    h = -(0.75 * np.log(0.75) + 0.25 * np.log(0.25))
    expected = {"entropy": [0, h], "entity_entropy": [0, 0.75 * h], "doubt": [0, 0.25], "margin": [-1, -0.5]}
    for name, values in expected.items():
        np.testing.assert_allclose(get_word_measure(name)(found), values, atol=1e-12)


def test_bald_of_words_hand_worked():
    # Both passes sure and of one mind; both sure against each other; both undecided.
    first, second = [[0.0, 1.0], [1.0, 0.0], [0.5, 0.5]], [[0.0, 1.0], [0.0, 1.0], [0.5, 0.5]]
    found = Posterior("a b c", "exact", 3, ("O", "B-X"), np.array(first), samples=np.array([first, second]))
    np.testing.assert_allclose(get_word_measure("bald")(found), [0, np.log(2), 0], atol=1e-12)
    assert samples_of(get_word_measure("bald")) == SAMPLES and not samples_of(get_word_measure("random", 1))


@pytest.mark.parametrize("name", ["entropy", "entity_entropy", "doubt", "margin", "bald"])
def test_measure_of_words_that_needs_more_than_the_text_says_so(name):
    with pytest.raises(BioactiveError, match="B322"):
        get_word_measure(name)(Posterior("a b", "text", 2))
    assert get_word_measure(name)(Posterior("", "exact", 0)).shape == (0,)


def test_unknown_measure_of_words_is_an_error_that_names_the_known():
    with pytest.raises(BioactiveError, match=r"B530.*'bold'.*entropy"):
        get_word_measure("bold")


def test_random_words_depend_on_text_and_seed_alone():
    first, second = (get_word_measure("random", seed)(Posterior("a b", "text", 2)) for seed in (0, 1))
    assert (first != second).all()
    assert (first == get_word_measure("random", 0)(Posterior("a b", "exact", 2))).all()
