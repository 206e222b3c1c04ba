from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span

Spans = Sequence[tuple[int, int, str]]
MakeDoc = Callable[..., Doc]


@pytest.fixture(scope="session")
def nlp() -> Language:
    return spacy.blank("en")


@pytest.fixture
def make_doc(nlp: Language) -> MakeDoc:
    def make(
        words: str, ents: Spans = (), *, missing: Sequence[int] = (), doc_id: str = "", sent_starts: Sequence[int] = ()
    ) -> Doc:
        parts = words.split()
        starts = [i in sent_starts for i in range(len(parts))] if sent_starts else None
        doc = Doc(nlp.vocab, words=parts, sent_starts=starts)
        spans = [Span(doc, start, end, label) for start, end, label in ents]
        doc.set_ents(spans, missing=[doc[i : i + 1] for i in missing], default="outside")
        if doc_id:
            doc.user_data["doc_id"] = doc_id
        return doc

    return make
