"""Weights in the loss, and words in an entity whose edges nobody knows: against counting twice and enumeration."""

from __future__ import annotations

import itertools
import math

import pytest
import spacy
import torch
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Corpus, Example

from bioactive.errors import BioactiveError
from bioactive.ner import crf
from bioactive.ner.component import CRFNer, legal_moves
from bioactive.ner.gold import gold_tags
from bioactive.ner.lattice import Lattice, SpanQuery

LABELS = ["Chemical", "Disease"]
TAGS = ["O", "B-Chemical", "I-Chemical", "B-Disease", "I-Disease"]


def lattice_of(lengths: list[int], seed: int = 0) -> Lattice:
    made = torch.Generator().manual_seed(seed)
    emissions = torch.randn(len(lengths), max(lengths), 5, generator=made, dtype=torch.float64)
    transitions = torch.randn(6, 5, generator=made, dtype=torch.float64)
    return Lattice(emissions, torch.tensor(lengths), transitions)


def allowed_of(lattice: Lattice) -> torch.Tensor:
    allowed = torch.ones(lattice.emissions.shape, dtype=torch.bool)
    allowed[0, 1] = torch.tensor([False, True, True, False, False])
    allowed[1, 0] = torch.tensor([True, False, False, False, False])
    return allowed


def component() -> CRFNer:
    nlp = spacy.blank("en")
    pipe = nlp.add_pipe("crf_ner")
    assert isinstance(pipe, CRFNer)
    for label in LABELS:
        pipe.add_label(label)
    return pipe


def example(vocab, words: list[str], ents=(), missing=(), inside=(), weight: float | None = None) -> Example:
    doc = Doc(vocab, words=words)
    doc.set_ents([Span(doc, *ent) for ent in ents], missing=[doc[i : i + 1] for i in missing], default="outside")
    if inside:
        doc.spans["entity_words"] = [Span(doc, *span) for span in inside]
    if weight is not None:
        doc.user_data["weight"] = weight
    (doc,) = DocBin(docs=[doc], store_user_data=True).get_docs(vocab)
    return Example(Doc(vocab, words=words), doc)


@pytest.mark.parametrize("weight", [0.0, 0.3, 1.0, 2.5])
def test_gradient_of_a_weighted_loss_equals_finite_differences(weight):
    lattice = lattice_of([3, 4])
    allowed, legal = allowed_of(lattice), legal_moves(2)
    rejected = [SpanQuery(1, 1, 3, 3, 4)]
    weights = torch.tensor([weight, 1.5], dtype=torch.float64)

    def loss(emissions: torch.Tensor, transitions: torch.Tensor) -> float:
        made = Lattice(emissions, lattice.lengths, transitions)
        return float(crf.loss_and_gradient(made, legal, allowed, rejected, weights).value)

    found = crf.loss_and_gradient(lattice, legal, allowed, rejected, weights)
    step = 1e-6
    for table, gradient in ((lattice.emissions, found.d_emissions), (lattice.transitions, found.d_transitions)):
        for place in itertools.product(*map(range, table.shape)):
            values = []
            for sign in (1, -1):
                moved = table.clone()
                moved[place] += sign * step
                both = (moved, lattice.transitions) if table is lattice.emissions else (lattice.emissions, moved)
                values.append(loss(*both))
            assert (values[0] - values[1]) / (2 * step) == pytest.approx(float(gradient[place]), abs=1e-6)


def test_weight_of_one_changes_no_bit():
    lattice = lattice_of([3, 4])
    lattice = Lattice(lattice.emissions.float(), lattice.lengths, lattice.transitions.float())
    args = lattice, legal_moves(2), allowed_of(lattice), [SpanQuery(1, 1, 3, 3, 4)]
    plain, weighted = crf.loss_and_gradient(*args), crf.loss_and_gradient(*args, torch.ones(2))
    assert all(torch.equal(one, two) for one, two in zip(plain, weighted, strict=True))


def test_doc_of_weight_two_counts_as_the_doc_twice():
    pipe = component()
    one = example(pipe.vocab, ["aspirin", "and", "gout"], [(0, 1, "Chemical"), (2, 3, "Disease")])
    heavy = example(pipe.vocab, ["aspirin", "and", "gout"], [(0, 1, "Chemical"), (2, 3, "Disease")], weight=2)
    other = example(pipe.vocab, ["no", "lithium"], [(1, 2, "Chemical")])
    potentials = lattice_of([3, 2])
    twice = Lattice(potentials.emissions[[0, 0, 1]], potentials.lengths[[0, 0, 1]], potentials.transitions)
    loss, gradient = pipe.get_loss([heavy, other], potentials)
    loss_twice, gradient_twice = pipe.get_loss([one, one, other], twice)
    assert loss * 2 == pytest.approx(loss_twice * 3)
    assert torch.allclose(gradient.transitions * 2, gradient_twice.transitions * 3)
    assert torch.allclose(gradient.emissions[0] * 2, gradient_twice.emissions[:2].sum(0) * 3)


def test_doc_of_weight_zero_teaches_nothing():
    pipe = component()
    loss, gradient = pipe.get_loss([example(pipe.vocab, ["gout"], [(0, 1, "Disease")], weight=0.0)], lattice_of([1]))
    assert loss == 0.0 and not gradient.emissions.any() and not gradient.transitions.any()


def test_weight_and_words_reach_training_through_spacys_own_reader(tmp_path):
    pipe = component()
    eg = example(pipe.vocab, ["heart", "failure", "."], missing=[0, 1], inside=[(0, 2, "Disease")], weight=0.5)
    DocBin(docs=[eg.reference], store_user_data=True).to_disk(tmp_path / "train.spacy")
    (read,) = Corpus(tmp_path / "train.spacy")(spacy.blank("en"))
    potentials = lattice_of([3])
    plain = example(pipe.vocab, ["heart", "failure", "."], missing=[0, 1], inside=[(0, 2, "Disease")])
    assert pipe.get_loss([read], potentials)[0] == pytest.approx(pipe.get_loss([plain], potentials)[0] / 2)


@pytest.mark.parametrize("weight", [-1.0, math.nan, math.inf, "2", True, None])
def test_weight_that_is_none_is_refused(weight):
    pipe = component()
    eg = example(pipe.vocab, ["gout"], [(0, 1, "Disease")])
    eg.reference.user_data["weight"] = weight
    with pytest.raises(BioactiveError, match="B550"):
        pipe.get_loss([eg], lattice_of([1]))


def enumerated_loss(lattice: Lattice, fits) -> float:
    """-log of the share of legal tag sequences that fit, by enumeration."""
    legal, scores = legal_moves(2), {}
    for path in itertools.product(range(5), repeat=int(lattice.lengths[0])):
        moves = list(zip([5, *path], path, strict=False))
        if all(legal[move] for move in moves):
            score = sum(float(lattice.transitions[move]) for move in moves)
            scores[path] = score + sum(float(lattice.emissions[0, t, tag]) for t, tag in enumerate(path))
    total = sum(map(math.exp, scores.values()))
    return -math.log(sum(math.exp(s) for path, s in scores.items() if fits([TAGS[tag] for tag in path])) / total)


def test_words_of_an_entity_may_lie_anywhere_in_it():
    pipe, potentials = component(), lattice_of([4])
    eg = example(pipe.vocab, ["severe", "heart", "failure", "."], missing=[0, 1, 2], inside=[(1, 3, "Disease")])
    loss, _ = pipe.get_loss([eg], potentials)

    def fits(path: list[str]) -> bool:
        return {path[1][2:], path[2][2:]} == {"Disease"} and path[3] == "O"

    assert loss == pytest.approx(enumerated_loss(potentials, fits))


def test_annotated_word_keeps_its_own_tag_among_the_words_of_an_entity():
    pipe, potentials = component(), lattice_of([3])
    eg = example(pipe.vocab, ["heart", "failure", "."], missing=[1], inside=[(0, 2, "Disease")])
    loss, _ = pipe.get_loss([eg], potentials)
    assert loss == pytest.approx(
        enumerated_loss(potentials, lambda path: path[0] == "O" == path[2] and path[1] == "B-Disease")
    )


@pytest.mark.parametrize("span", [(0, 1, "Chemical"), (1, 2, "Disease"), (1, 3, "Chemical"), (3, 4, "Disease")])
def test_accepted_and_rejected_span_cost_what_their_probability_says(span):
    pipe = component()
    words = ["a", "b", "c", "d"]
    lattice = lattice_of([4])
    start, end, label = span
    index = LABELS.index(label)
    query = SpanQuery(0, start, end, 2 * index + 1, 2 * index + 2)
    prob = crf.Trellis(pipe.decodable(lattice)).span_log_probs([query]).exp().item()
    rest = [i for i in range(4) if not start <= i < end]
    accepted = example(pipe.vocab, words, [span], rest)
    assert pipe.get_loss([accepted], lattice)[0] == pytest.approx(-math.log(prob), rel=1e-4)
    rejected = example(pipe.vocab, words, [], range(4))
    rejected.reference.spans["incorrect_spans"] = [Span(rejected.reference, *span)]
    assert pipe.get_loss([rejected], lattice)[0] == pytest.approx(-math.log(1 - prob), rel=1e-4)


def test_words_of_an_unknown_type_are_refused():
    pipe = component()
    eg = example(pipe.vocab, ["p53"], missing=[0], inside=[(0, 1, "Gene")])
    with pytest.raises(BioactiveError, match="B203"):
        pipe.get_loss([eg], lattice_of([1]))
    nlp = spacy.blank("en")
    made = nlp.add_pipe("crf_ner")
    nlp.initialize(lambda: [eg])
    assert made.labels == ("Gene",)


@pytest.mark.parametrize("words", [["heart", "failure", "was", "seen"], ["heart", "failure", "was-seen"]])
def test_word_after_an_annotated_entity_does_not_continue_it(words):
    # Without annotation from "was" on: that the entity ends before it is known all the same, whatever the tokenizer.
    pipe, potentials = component(), lattice_of([len(words)])
    eg = example(pipe.vocab, ["heart", "failure", "was", "seen"], [(0, 2, "Disease")], missing=[2, 3])
    found = Doc(pipe.vocab, words=words, spaces=[True, True, len(words) == 4, False][: len(words)])
    gold = eg.reference if len(words) == 4 else _joined(pipe.vocab)
    loss, _ = pipe.get_loss([Example(found, gold)], potentials)
    expected = enumerated_loss(
        potentials, lambda path: path[:2] == ["B-Disease", "I-Disease"] and path[2] != "I-Disease"
    )
    assert loss == pytest.approx(expected)


def _joined(vocab) -> Doc:
    gold = Doc(vocab, words=["heart", "failure", "was", "-", "seen"], spaces=[True, True, False, False, False])
    gold.set_ents([Span(gold, 0, 2, "Disease")], missing=[gold[i : i + 1] for i in (2, 3, 4)], default="outside")
    return gold


def test_word_after_an_entity_that_the_words_hide_in_part_may_continue_it():
    pipe, potentials = component(), lattice_of([3])
    gold = Doc(pipe.vocab, words=["heart", "failure", "-", "like", "."], spaces=[True, False, False, True, False])
    gold.set_ents([Span(gold, 0, 2, "Disease")], missing=[gold[i : i + 1] for i in (2, 3, 4)], default="outside")
    found = Doc(pipe.vocab, words=["heart", "failure-like", "."], spaces=[True, True, False])
    eg = Example(found, gold)
    assert gold_tags(eg)[1] is None
    first = gold_tags(eg)[0]
    loss, _ = pipe.get_loss([eg], potentials)
    assert loss == pytest.approx(enumerated_loss(potentials, lambda path: first in (None, path[0])))
