"""Entities inside of entities: drawn whole, scored, and told apart from flat ones."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.language import Language
from spacy.tokens import Doc, Span, SpanGroup

from bioactive.errors import BioactiveError
from bioactive.report.nested import drawn_nested, layers, overlap
from bioactive.report.pipeline import Subject, write_pipeline_report
from tests.unit.report.test_report_page import EVIL, read

TEMPLATE = "<{label}>{text}</{label}>"


def ent(start: int, end: int, label: str) -> dict:
    return {"start": start, "end": end, "params": {"label": label}}


def test_marks_stand_inside_of_marks() -> None:
    #       0123456789012
    text = "one & two (x)"
    ents = [ent(0, 9, "A"), ent(0, 3, "B"), ent(4, 9, "C"), ent(6, 8, "D"), ent(11, 12, "E")]
    assert drawn_nested(text, ents, TEMPLATE) == (
        '<div class="entities"><A><B>one</B> <C>&amp; <D>tw</D>o</C></A> (<E>x</E>)</div>'
    )


def test_entities_that_cross_are_drawn_on_two_lines() -> None:
    ents = [ent(0, 8, "A"), ent(5, 13, "B"), ent(5, 8, "C")]
    drawn = drawn_nested("one, two, six", ents, TEMPLATE)
    assert re.findall(r'<div class="entities">(.*?)</div>', drawn) == [
        "<A>one, <C>two</C></A>, six",
        "one, <B>two, six</B>",
    ]


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(1, 6), st.sampled_from("ABC")), max_size=7, unique=True))
def test_every_line_holds_the_text_and_every_entity_is_drawn_once(found: list[tuple[int, int, str]]) -> None:
    text = "Ab <c> & de’f ghijklm"
    ents = sorted((ent(start, start + length, label) for start, length, label in found), key=lambda e: e["start"])
    lines = re.findall(r'<div class="entities">(.*?)</div>', drawn_nested(text, ents, TEMPLATE))
    assert len(lines) == len(layers(ents))
    assert [unescape(re.sub(r"</?[ABC]>", "", line)) for line in lines] == [text] * len(lines)
    assert sum(len(re.findall("<[ABC]>", line)) for line in lines) == len(ents)
    touching = any(a is not b and a["start"] < b["end"] and b["start"] < a["end"] for a in ents for b in ents)
    assert overlap(ents) is touching


@Language.component("nested_spans", assigns=["doc.spans"])
def nested_spans(doc: Doc) -> Doc:
    """Says that a text holds an illness with a body part in it, and a drug."""
    spans = [Span(doc, 1, 4, label="ILL"), Span(doc, 2, 3, label="BODY"), Span(doc, 4, 5, label="DRUG")]
    doc.spans["sc"] = SpanGroup(doc, name="sc", spans=spans, attrs={"scores": [0.9, 0.8, 0.7]})
    return doc


def test_report_on_nested_spans(tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("nested_spans")
    docs = []
    for number in range(4):
        doc = Doc(nlp.vocab, words=f"{EVIL} cancer of lung {number} .".split())
        doc.set_ents([Span(doc, 1, 4, label="ILL")], default="outside")
        # The body part is "lung" and not "of".
        doc.spans["sc"] = SpanGroup(doc, spans=[Span(doc, 1, 4, label="ILL"), Span(doc, 3, 4, label="BODY")])
        docs.append(doc)
    subject = Subject("p", "dev", spans_key="sc")
    found = write_pipeline_report(nlp, docs, tmp_path / "r.html", subject, docs[:2])
    micro = found.totals["micro"]
    assert (micro.correct, micro.gold, micro.predicted) == (4, 8, 12)
    text = " ".join(read(tmp_path / "r.html").text)
    assert "nested ones among them (doc.spans['sc'])" in text and "entities inside another" in text
    markup = (tmp_path / "r.html").read_text(encoding="utf8")
    assert re.search(r'<mark class="other">cancer <mark class="about">of<small>BODY 0.80</small></mark> lung', markup)
    assert "<img" not in markup
    # The flat entities are another matter: the pipeline finds none.
    with pytest.raises(BioactiveError, match="B307"):
        write_pipeline_report(nlp, docs, tmp_path / "r.html", Subject("p", "dev"))
