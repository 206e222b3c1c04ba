"""Character spans on tokens, overlap policies, and sentence bounds."""

from __future__ import annotations

from itertools import combinations, pairwise
from typing import NamedTuple

import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc
from spacy.util import filter_spans

from bioactive.corpus.align import AlignOptions, CharSpan, doc_from_spans
from bioactive.corpus.nested import POLICIES, flatten, overlap_kind, overlap_statistics
from bioactive.corpus.sentences import set_sentences
from bioactive.corpus.tally import Tally
from bioactive.errors import BioactiveError
from bioactive.tokenizer import blank

NLP = spacy.blank("en")


class Place(NamedTuple):
    start: int
    end: int


def make(text: str, *spans: tuple[int, int, str], **options: str) -> tuple[Doc, Tally]:
    tally = Tally()
    given_spans = [CharSpan(*span, where="f.ann:1") for span in spans]
    return doc_from_spans(text, given_spans, NLP.tokenizer, "d", AlignOptions(**options), tally), tally


def ents(doc: Doc) -> list[tuple[str, str]]:
    return [(span.text, span.label_) for span in doc.ents]


def test_align_keeps_text_and_offsets() -> None:
    text = "  The 𝛼-gene\u00a0 (p53) "
    doc, tally = make(text, (6, 12, "DNA"), (15, 18, "protein"))
    assert doc.text == text
    assert [(span.start_char, span.end_char) for span in doc.spans["sc"]] == [(6, 12), (15, 18)]
    assert not tally.counts


def test_align_drop_leaves_the_words_not_annotated() -> None:
    doc, tally = make("a p70I kappa", (2, 5, "protein"), (7, 12, "protein"))
    assert ents(doc) == [("kappa", "protein")]
    assert [token.ent_iob for token in doc] == [2, 0, 3]
    assert doc.user_data["cut"] == [(2, 5, "protein")]
    assert tally.counts == {"entities cut by the tokenizer, dropped": 1}
    assert tally.examples["entities cut by the tokenizer, dropped"] == ["d 2-5 protein 'p70' in tokens p70I"]


def test_align_expand_widens_to_tokens() -> None:
    doc, tally = make("a p70I kappa", (3, 8, "protein"), misaligned="expand")
    assert ents(doc) == [("p70I kappa", "protein")]
    assert tally.counts == {"entities cut by the tokenizer, widened to whole tokens": 1}


def test_align_error_names_the_place() -> None:
    with pytest.raises(BioactiveError, match=r"\[B112\] f.ann:1: entity 'p70' .*tokens are p70I.*--misaligned"):
        make("a p70I", (2, 5, "protein"), misaligned="error")


def test_align_trims_white_space_and_drops_empty() -> None:
    doc, tally = make("a  b c", (1, 4, "x"), (1, 3, "y"))
    assert ents(doc) == [("b", "x")]
    assert tally.counts == {"entities trimmed of outer white space": 1, "empty entities, left out": 1}


def test_align_keeps_duplicates_once_and_both_labels() -> None:
    doc, tally = make("a b", (0, 1, "x"), (0, 1, "x"), (0, 1, "y"))
    assert [(span.text, span.label_) for span in doc.spans["sc"]] == [("a", "x"), ("a", "y")]
    assert ents(doc) == [("a", "x")]
    assert tally.counts["entities given twice, kept once"] == 1
    assert tally.counts["entities only in spans['sc']: same place of one in doc.ents"] == 1


def test_align_empty_text() -> None:
    doc, tally = make("")
    assert len(doc) == 0 and not tally.counts and "sc" in doc.spans


def test_align_unknown_policy_is_refused() -> None:
    with pytest.raises(BioactiveError, match=r"\[B114\]"):
        make("a", misaligned="keep")
    with pytest.raises(BioactiveError, match=r"\[B113\]"):
        make("a", (0, 1, "x"), nested="all")


# 0-9 holds 0-3 and 5-9, which holds 7-9; 8-12 crosses.
NEST = [Place(0, 9), Place(0, 3), Place(5, 9), Place(7, 9), Place(8, 12)]


@pytest.mark.parametrize(
    ("policy", "expected"),
    [("outermost", [(0, 9)]), ("innermost", [(0, 3), (7, 9)]), ("longest", [(0, 9)])],
)
def test_flatten_policies(policy: str, expected: list[tuple[int, int]]) -> None:
    chosen, left = flatten(NEST, policy)
    assert [tuple(span) for span in chosen] == expected
    assert len(chosen) + len(left) == len(NEST)


PLACES = st.lists(st.tuples(st.integers(0, 11), st.integers(1, 6)).map(lambda p: Place(p[0], p[0] + p[1])), max_size=12)


@given(PLACES)
def test_flatten_never_overlaps_and_leaves_nothing_out_needlessly(places: list[Place]) -> None:
    for policy in POLICIES:
        chosen, left = flatten(places, policy)
        assert all(one.end <= two.start for one, two in pairwise(chosen))
        for span in left:
            near = [other for other in chosen if other.start < span.end and span.start < other.end]
            assert near and overlap_kind(span, near) in ("same place", "inside", "around", "crossing")


@given(PLACES)
def test_flatten_longest_equals_spacy(places: list[Place]) -> None:
    doc = Doc(NLP.vocab, words=["w"] * 20)
    wanted = filter_spans([doc[place.start : place.end] for place in places])
    chosen, _ = flatten(places, "longest")
    assert [(span.start, span.end) for span in wanted] == [tuple(place) for place in chosen]


@given(PLACES)
def test_overlap_statistics_equal_brute_force(places: list[Place]) -> None:
    def inside(one: Place, two: Place) -> bool:
        return two.start <= one.start and one.end <= two.end and one != two

    distinct = set(places)
    chains = (
        [
            size
            for size in range(1, 7)
            for group in combinations(sorted(distinct, key=lambda p: p.start - p.end), size)
            if all(inside(b, a) for a, b in pairwise(group))
        ]
        if len(distinct) < 9
        else None
    )
    found = overlap_statistics(places)
    assert found["nested"] == sum(any(inside(one, two) for two in places) for one in places)
    assert found["crossing"] == sum(a.start < b.start < a.end < b.end for a in places for b in places)
    if chains is not None:
        assert found["depth"] == max(chains, default=0)


@pytest.mark.parametrize(
    ("lang", "text", "starts"),
    [
        ("en", "We saw it. It was red.", ["We", "It"]),
        ("en", "Title of it\nWe saw it.\n", ["Title", "We"]),
        ("en", "A line that goes\non here.", ["A"]),
        ("en", "Gain (e.g. IL-2) vs. Others, i.e. X, in Fig. 2 by J. Smith et al. Then", ["Gain"]),
        ("en", "It fell (P < .05). In 5.5 % of E. coli cells. 3 died?", ["It", "In", "3"]),
        ("en", 'He said "no." She left... Then went.', ["He", "She", "Then"]),
        ("ru", "Рост на 5 г. в год. Умер (см. рис. 1). Т.е. нет! «Да».", ["Рост", "Умер", "Т.е.", "«"]),
        ("ru", "Это было в 2008 г. по данным А.И. Иванова и др. авторов.", ["Это"]),
    ],
)
def test_sentences_by_rule(lang: str, text: str, starts: list[str]) -> None:
    doc = set_sentences(blank(lang)(text))
    assert [token.text for token in doc if token.is_sent_start] == starts


def test_sentences_never_start_inside_an_entity() -> None:
    text = "Strain B. subtilis No. Nine grew. The end"
    doc, _ = make(text, (23, 37, "x"))
    assert "The" not in [sent[0].text for sent in doc.sents]


def test_sentences_are_a_component() -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("bioactive_sentences")
    assert len(list(nlp("One here. Two here.").sents)) == 2
    assert len(nlp("")) == 0
