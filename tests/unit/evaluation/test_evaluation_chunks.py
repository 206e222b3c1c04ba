"""Texts tokenised run by run have the tokens of the pipeline's own tokenizer."""

from __future__ import annotations

import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokenizer import Tokenizer

from bioactive.evaluation.chunks import Chunks
from bioactive.tokenizer import blank

PARTS = [
    "IL-2",
    "don't",
    "and/or",
    "and",
    "/",
    "or",
    "e.g.",
    "5mg",
    "(TNF-α)",
    " ",
    "  ",
    "\n",
    "\t",
    "\u00a0",
    ".",
    "n't",
]


def written(doc):
    return [(token.text, token.whitespace_, token.norm) for token in doc]


@pytest.mark.parametrize("lang", ["en", "ru"])
@settings(deadline=None, max_examples=50)
@given(texts=st.lists(st.lists(st.sampled_from(PARTS)).map("".join), max_size=4))
def test_docs_are_those_of_the_tokenizer(lang, texts):
    nlp = blank(lang)
    chunks = Chunks(nlp, limit=5)
    for text in texts * 2:
        assert written(chunks.make_doc(text)) == written(nlp.make_doc(text))
    assert len(chunks.known) <= 5


def test_tokenizers_that_look_across_white_space_are_left_to_themselves():
    nlp = blank("en")
    nlp.tokenizer.add_special_case("in vitro", [{"ORTH": "in vitro"}])
    chunks = Chunks(nlp)
    assert [token.text for token in chunks.make_doc("seen in vitro")] == ["seen", "in vitro"]
    assert not chunks.able
    assert Chunks(spacy.blank("zh")).able == (type(spacy.blank("zh").tokenizer) is Tokenizer)


def test_a_text_beyond_the_pipelines_length_is_refused_as_before():
    nlp = blank("en")
    nlp.max_length = 3
    with pytest.raises(ValueError, match="E088"):
        Chunks(nlp).make_doc("four")
