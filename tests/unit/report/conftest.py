"""Gold Docs, and a pipeline that says of each text what it is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span, SpanGroup

Found = tuple[int, int, str, float]
TOLD: dict[str, list[Found]] = {}


@Language.component("told_entities", assigns=["doc.ents"])
def told_entities(doc: Doc) -> Doc:
    """Sets the entities of `TOLD`, with their confidences."""
    spans = [Span(doc, start, end, label=label) for start, end, label, _ in TOLD.get(doc.text, [])]
    doc.set_ents(spans, default="outside")
    scores = [score for *_, score in TOLD.get(doc.text, [])]
    doc.spans["told"] = SpanGroup(doc, name="told", spans=spans, attrs={"scores": scores})
    return doc


Make = Callable[..., Doc]


@pytest.fixture
def nlp() -> Iterator[Language]:
    """A pipeline of that component."""
    nlp = spacy.blank("en")
    nlp.add_pipe("told_entities")
    yield nlp
    TOLD.clear()


@pytest.fixture
def gold(nlp: Language) -> Make:
    """Makes a gold Doc out of words, entities [start, end, label], and what the pipeline is to say of it."""

    def make(text: str, ents: list[tuple[int, int, str]], told: list[Found], doc_id: str = "") -> Doc:
        words = text.split()
        doc = Doc(nlp.vocab, words=words, sent_starts=[n == 0 or words[n - 1] == "." for n in range(len(words))])
        doc.set_ents([Span(doc, start, end, label=label) for start, end, label in ents], default="outside")
        if doc_id:
            doc.user_data["doc_id"] = doc_id
        TOLD[doc.text] = told
        return doc

    return make
