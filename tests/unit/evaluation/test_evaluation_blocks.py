from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import spacy
from spacy.symbols import NORM
from spacy.tokens import Doc
from thinc.api import Model, Shim

from bioactive.blocks import blocks
from bioactive.evaluation.blocks import pipe_block, tidy, uncached, zone
from bioactive.evaluation.evaluate import evaluate
from bioactive.ner.statecache import StateCache, VectorCache


class Counting:
    """A component that marks Docs and remembers what came."""

    def __init__(self):
        self.seen = []

    def __call__(self, doc: Doc) -> Doc:
        self.seen.append(doc.text)
        doc.user_data["length"] = len(doc)
        return doc


@pytest.fixture
def counting():
    nlp = spacy.blank("en")
    component = Counting()
    spacy.Language.component("counting", func=component)
    nlp.add_pipe("counting")
    return nlp, component


def test_blocks_hold_every_item_once_in_order():
    assert list(blocks(range(7), 3)) == [[0, 1, 2], [3, 4, 5], [6]]
    assert list(blocks([], 3)) == []


def test_pipe_block_keeps_the_order_and_asks_once_about_the_same(counting):
    nlp, component = counting
    texts = ["a b c", "a", "", "a b c", "СД-2 a", "a", "a b"]
    found = pipe_block(nlp, [nlp.make_doc(text) for text in texts], 2)
    assert [doc.text for doc in found] == texts
    assert sorted(component.seen) == sorted(set(texts) - {""})
    assert [doc.user_data.get("length") for doc in found] == [3, 1, None, 3, len(nlp.make_doc("СД-2 a")), 1, 2]
    assert found[0] is found[3]


def test_pipe_block_tells_other_words_sentences_and_spaces_apart(counting):
    nlp, component = counting
    docs = [
        Doc(nlp.vocab, words=["ab", "c"]),
        Doc(nlp.vocab, words=["ab", "c"], sent_starts=[True, True]),
        Doc(nlp.vocab, words=["a", "b", "c"], spaces=[False, True, True]),
    ]
    pipe_block(nlp, docs, 64)
    assert len(component.seen) == 3


@pytest.mark.parametrize(("texts", "size"), [(["a", "b c", "a", ""], 2), (["a"] * 5, 2), ([], 2), (["a", "b"], 1)])
def test_pipe_block_tells_how_many_are_done(counting, texts, size):
    nlp, _ = counting
    told = []
    pipe_block(nlp, [nlp.make_doc(text) for text in texts], size, told.append)
    assert sum(told) == len(texts)


def test_zone_forgets_new_words():
    nlp = spacy.blank("en")
    nlp("known")
    with zone(nlp), zone(nlp):
        assert nlp("unheard of")[0].text == "unheard"
    assert "unheard" not in nlp.vocab.strings
    assert "known" in nlp.vocab.strings


def test_caches_stand_aside_and_come_back():
    shim = Shim(None)
    shim.cache = VectorCache(StateCache(1000))
    memory, rows = shim.cache.memory, np.ones((2, 3), dtype="float16")
    shim.cache.put(b"before", rows)
    nlp = SimpleNamespace(pipeline=[("x", SimpleNamespace(model=Model("m", lambda *a: None, shims=[shim])))] * 2)
    with uncached(nlp):
        shim.cache.put(b"within", rows)
        assert shim.cache.get(b"before") is None
        assert shim.cache.get(b"within") is None
    assert shim.cache.memory is memory
    assert list(memory.entries) == [b"before"]


def test_evaluation_does_not_depend_on_blocks_or_repeats(make_doc):
    ruler = spacy.blank("en")
    ruler.add_pipe("entity_ruler").add_patterns([{"label": "GENE", "pattern": "p53"}])
    docs = [
        make_doc("p53 " + "x " * (i * 7 % 5) + "in liver", [(0, 1, "GENE" if i % 3 else "ORGAN")], doc_id=str(i))
        for i in range(40)
    ]
    one = evaluate(ruler, iter(docs), batch_size=1).to_dict()
    assert evaluate(ruler, docs, batch_size=64).to_dict() == one
    told = []
    evaluate(ruler, docs, batch_size=3, on_done=told.append)
    assert sum(told) == 40


def test_a_tidied_vocabulary_says_the_same_of_old_and_new_docs():
    nlp = spacy.blank("en")
    text = "Interleukin-2 didn't bind xyzzy in vitro, colour"

    def told(doc):
        return [(t.text, t.norm_, t.shape_, t.prefix_, t.is_stop, t.whitespace_) for t in doc]

    before = nlp(text)
    expected, getter = told(before), nlp.vocab.lex_attr_getters[NORM]
    with nlp.memory_zone():
        nlp("gone with the zone")
    for _ in range(3):
        tidy(nlp.vocab)
    assert told(before) == told(nlp(text)) == expected
    assert nlp.vocab.lex_attr_getters[NORM] is getter
    assert "gone" not in nlp.vocab.strings


def test_a_zone_is_not_tidied_from_within():
    nlp = spacy.blank("en")
    with nlp.memory_zone():
        doc = nlp("xyzzy binds")
        tidy(nlp.vocab)
        assert doc[0].text == "xyzzy"
