from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span

from bioactive.active.posteriors import (
    beam_posteriors,
    find_adapter,
    posterior,
    posteriors,
    spancat_posteriors,
    text_only,
)
from bioactive.errors import BioactiveError


def test_adapters_are_registered_under_the_names_of_factories():
    assert {"crf_ner", "ner", "beam_ner", "spancat"} <= set(posteriors.get_all())


@pytest.mark.parametrize("fixture", ["crf_nlp", "real_crf_nlp", "ner_nlp", "spancat_nlp"])
def test_posterior_keeps_the_order_and_takes_empty_docs(request, fixture):
    nlp = request.getfixturevalue(fixture)
    found = posterior(nlp, [nlp.make_doc(text) for text in ("a b", "", "c", "\n")])
    assert [one.words for one in found] == [2, 0, 1, 0]
    assert [one.text for one in found] == ["a b", "", "c", "\n"]
    assert found[1].best_log_prob == 0.0
    assert posterior(nlp, []) == []


@pytest.mark.parametrize("fixture", ["crf_nlp", "real_crf_nlp", "ner_nlp", "spancat_nlp"])
def test_marginals_are_distributions_over_words(request, fixture):
    nlp = request.getfixturevalue(fixture)
    (found,) = posterior(nlp, [Doc(nlp.vocab, words=["a", "\n", "b", "c"])])
    assert found.marginals.shape == (3, len(found.tags))
    assert found.marginals.sum(axis=1) == pytest.approx(np.ones(3), abs=1e-5)
    assert len(found.best) == 3
    assert set(found.best) <= set(found.tags)


def test_posterior_does_not_look_at_the_entities_of_the_docs(ner_nlp):
    doc = ner_nlp.make_doc("a b c d")
    labelled = doc.copy()
    labelled.set_ents([Span(labelled, 1, 3, "Y")])
    plain, other = posterior(ner_nlp, [doc]), posterior(ner_nlp, [labelled])
    assert np.allclose(plain[0].marginals, other[0].marginals)
    assert labelled.ents[0].label_ == "Y"


def test_posterior_runs_the_components_before_and_not_those_after(crf_nlp):
    ran = []
    Language.component("before", func=lambda doc: ran.append("before") or doc)
    Language.component("after", func=lambda doc: ran.append("after") or doc)
    nlp = spacy.blank("en")
    nlp.add_pipe("before")
    nlp.add_pipe("fake_crf", name="tagger of mine")
    nlp.add_pipe("after")
    posterior(nlp, [nlp.make_doc("a")])
    assert ran == ["before"]
    assert nlp.pipe_names == ["before", "tagger of mine", "after"]


def test_posterior_takes_the_component_that_is_asked_for(crf_nlp):
    nlp = spacy.blank("en")
    nlp.add_pipe("fake_crf", name="first")
    nlp.add_pipe("fake_crf", name="last")
    assert find_adapter(nlp)[0] == "last"
    assert find_adapter(nlp, "first")[0] == "first"


def test_pipeline_without_posteriors_is_an_error_that_names_what_has_them():
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler", name="rules")
    with pytest.raises(BioactiveError, match=r"B320.*rules \(entity_ruler\).*crf_ner.*spancat"):
        posterior(nlp, [nlp.make_doc("a")])


def legal_parses(length: int, labels: str) -> int:
    """The number of flat segmentations: an entity of any length with any label, or a word outside."""
    counts = [1]
    for end in range(1, length + 1):
        counts.append(counts[end - 1] + len(labels) * sum(counts[:end]))
    return counts[length]


def test_beam_wide_enough_holds_every_parse(ner_nlp):
    doc = ner_nlp.make_doc("a b c")
    beam = ner_nlp.get_pipe("ner").beam_parse([doc], beam_width=100)[0]
    parses = ner_nlp.get_pipe("ner").moves.get_beam_parses(beam)
    assert len({tuple(spans) for _, spans in parses}) == legal_parses(3, "XY") == 41
    (found,) = beam_posteriors(ner_nlp.get_pipe("ner"), [doc], beam_width=100)
    probs = sorted((p for p, _ in parses), reverse=True)
    assert found.best_log_prob == pytest.approx(math.log(probs[0]))
    assert found.second_log_prob == pytest.approx(math.log(probs[1]))
    assert found.sequence_entropy == pytest.approx(-sum(p * math.log(p) for p in probs))
    for t in range(3):
        inside = sum(p for p, spans in parses if any(s <= t < e and label == "X" for s, e, label in spans))
        column = [found.tags.index(tag) for tag in ("B-X", "I-X")]
        assert found.marginals[t, column].sum() == pytest.approx(inside)


def test_beam_of_one_parse_has_no_second(ner_nlp):
    (found,) = posterior(ner_nlp, [ner_nlp.make_doc("a b")], beam_width=1)
    assert (found.best_log_prob, found.second_log_prob, found.sequence_entropy) == (0.0, -math.inf, 0.0)


def test_beam_spans_are_the_best_parses_with_their_chance_in_all(ner_nlp):
    for text in ("a b c d", "x y z", "p53 and TNF"):
        (found,) = posterior(ner_nlp, [ner_nlp.make_doc(text)], beam_width=64)
        for start, end, label, prob in found.spans:
            assert found.best[start] == f"B-{label}"
            first = found.marginals[start, found.tags.index(f"B-{label}")]
            last = found.marginals[end - 1, found.tags.index(f"{'I' if end - start > 1 else 'B'}-{label}")]
            assert prob <= min(first, last) + 1e-6


def test_spancat_equals_enumeration_of_every_answer(spancat_nlp):
    doc, spancat = spancat_nlp.make_doc("a b"), spancat_nlp.get_pipe("spancat")
    _, scores = spancat.predict([doc])
    yes = np.asarray(scores, dtype=np.float64).ravel()  # 3 candidates x 2 labels
    probs = sorted(
        (float(np.prod(np.where(np.array(a) == 1, yes, 1 - yes))) for a in itertools.product((0, 1), repeat=6)),
        reverse=True,
    )
    (found,) = spancat_posteriors(spancat, [doc])
    assert len(yes) == 6
    assert found.best_log_prob == pytest.approx(math.log(probs[0]), abs=1e-5)
    assert found.second_log_prob == pytest.approx(math.log(probs[1]), abs=1e-5)
    assert found.sequence_entropy == pytest.approx(-sum(p * math.log(p) for p in probs), abs=1e-5)


def test_spancat_spans_are_those_that_the_component_sets(spancat_nlp):
    doc = spancat_nlp("a b c")
    (found,) = posterior(spancat_nlp, [spancat_nlp.make_doc("a b c")])
    expected = {
        (s.start, s.end, s.label_): p for s, p in zip(doc.spans["sc"], doc.spans["sc"].attrs["scores"], strict=True)
    }
    assert {belief[:3]: belief.prob for belief in found.spans} == pytest.approx(expected, abs=1e-5)


def test_text_only_counts_words_alone():
    doc = spacy.blank("en")("ab \n cd.")
    assert text_only(doc).words == 3


def test_posterior_spans_of_crf_ner_are_the_entities_that_it_sets(real_crf_nlp):
    doc = real_crf_nlp("a b c d e f")
    (found,) = posterior(real_crf_nlp, [real_crf_nlp.make_doc("a b c d e f")])
    group = doc.spans["crf_ner"]
    expected = {(s.start, s.end, s.label_): p for s, p in zip(group, group.attrs["scores"], strict=True)}
    assert {belief[:3]: belief.prob for belief in found.spans} == pytest.approx(expected, abs=1e-5)
    assert {belief[:3] for belief in found.spans} == {(ent.start, ent.end, ent.label_) for ent in doc.ents}


def test_samples_leave_white_space_out_and_the_rest_as_it_is(real_crf_nlp):
    docs = [
        Doc(real_crf_nlp.vocab, words=["a", "\n", "b", "c"]),
        real_crf_nlp.make_doc(""),
        real_crf_nlp.make_doc("d e"),
    ]
    plain, found = posterior(real_crf_nlp, docs), posterior(real_crf_nlp, docs, samples=5, seed=1)
    assert [one.samples.shape[:2] for one in found] == [(5, 3), (0, 0), (5, 2)]
    assert [one.sampled_best.shape for one in found] == [(5, 3), (0, 0), (5, 2)]
    for before, after in zip(plain, found, strict=True):
        assert before.samples.size == 0
        assert np.allclose(before.marginals, after.marginals)
        assert before.best_log_prob == pytest.approx(after.best_log_prob, abs=1e-5)
        assert before.spans == after.spans


@pytest.mark.parametrize("fixture", ["ner_nlp", "spancat_nlp"])
def test_component_that_cannot_be_sampled_is_an_error_that_names_it(request, fixture):
    nlp = request.getfixturevalue(fixture)
    with pytest.raises(BioactiveError, match=r"B327.*crf_ner"):
        posterior(nlp, [nlp.make_doc("a b")], samples=3)
