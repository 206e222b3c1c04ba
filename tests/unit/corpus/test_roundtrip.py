"""Properties: a Doc written in any format and read again is the same Doc."""

from __future__ import annotations

import tempfile
from pathlib import Path

import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc, DocBin, Span

from bioactive.corpus.align import AlignOptions, annotate
from bioactive.corpus.binfile import CorpusBin, read_docs, write_docs
from bioactive.corpus.brat import read_brat, write_brat
from bioactive.corpus.columns import ColumnOptions, read_columns, write_columns
from bioactive.corpus.jsonl import doc_to_task, task_to_doc
from bioactive.corpus.nested import flatten
from bioactive.corpus.tally import Tally

VOCAB = spacy.blank("xx").vocab
# Word characters: Latin, Cyrillic, signs, one outside the basic plane, a combining accent, a zero-width space.
WORD = st.text("aZбЯ0-#.|\"'\\{\U0001d6fc\u0301\u200b", min_size=1, max_size=5).filter(
    lambda word: not word.startswith(("#", "-"))
)
LABEL = st.sampled_from(["DNA", "cell-line", "ЖЁ_1"])


@st.composite
def docs(draw: st.DrawFn, nested: bool = False) -> Doc:
    words = draw(st.lists(WORD, max_size=12))
    spaces = draw(st.lists(st.booleans(), min_size=len(words), max_size=len(words)))
    doc = Doc(VOCAB, words=words, spaces=spaces)
    spans = []
    for _ in range(draw(st.integers(0, 5)) if words else 0):
        start = draw(st.integers(0, len(words) - 1))
        end = draw(st.integers(start + 1, len(words)))
        spans.append(Span(doc, start, end, label=draw(LABEL)))
    distinct = list({(span.start, span.end, span.label): span for span in spans}.values())
    kept = distinct if nested else flatten(distinct, "longest")[0]
    unknown = [(token.idx, token.idx + len(token)) for token in doc if draw(st.booleans()) and not nested]
    annotate(doc, sorted(kept, key=lambda span: (span.start, -span.end, span.label_)), "outermost", Tally(), unknown)
    starts = {span.start + i for span in kept for i in range(1, len(span))}
    for token in doc:
        token.is_sent_start = token.i == 0 or (token.i not in starts and draw(st.booleans()))
    doc.user_data["doc_id"] = draw(st.text("ab1ж", min_size=1, max_size=4))
    return doc


def ents(doc: Doc) -> list[tuple[int, int, str]]:
    return [(span.start, span.end, span.label_) for span in doc.ents]


def group(doc: Doc) -> set[tuple[int, int, str]]:
    return {(span.start_char, span.end_char, span.label_) for span in doc.spans["sc"]}


@given(st.lists(docs(), max_size=4))
@settings(deadline=None)
def test_columns_round_trip(given_docs: list[Doc]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.tsv"
        write_columns(given_docs, path)
        found = list(read_columns(path, VOCAB, ColumnOptions(scheme="IOB2"), Tally())) if any(given_docs) else []
    wanted = given_docs if any(given_docs) else []
    for doc, again in zip(wanted, found, strict=True):
        assert [token.text for token in again] == [token.text for token in doc]
        assert ents(again) == ents(doc)
        assert [token.ent_iob for token in again] == [token.ent_iob for token in doc]
        assert [token.is_sent_start for token in again] == [token.is_sent_start for token in doc]
        assert again.user_data["doc_id"] == doc.user_data["doc_id"]


@given(docs(nested=True))
@settings(deadline=None)
def test_brat_round_trip(doc: Doc) -> None:
    with tempfile.TemporaryDirectory() as folder:
        write_brat([doc], Path(folder))
        name = doc.user_data["doc_id"]
        found = read_brat((Path(folder) / f"{name}.txt", Path(folder) / f"{name}.ann"), "cover", Tally())
    assert found.text == doc.text and found.doc_id == name
    assert {(span.start, span.end, span.label) for span in found.spans} == group(doc)


@given(st.one_of(docs(), docs(nested=True)))
@settings(deadline=None)
def test_task_round_trip(doc: Doc) -> None:
    tokenizer = spacy.blank("xx").tokenizer
    again = task_to_doc(doc_to_task(doc), tokenizer, AlignOptions(misaligned="error"))
    assert again is not None
    assert again.text == doc.text and again.user_data["doc_id"] == doc.user_data["doc_id"]
    if len(doc):
        assert [token.text for token in again] == [token.text for token in doc]
        assert ents(again) == ents(doc)
        assert [token.ent_iob for token in again] == [token.ent_iob for token in doc]
    if doc.has_annotation("ENT_IOB"):
        assert group(again) == group(doc)


@given(st.lists(st.one_of(docs(), docs(nested=True)), max_size=4))
@settings(deadline=None)
def test_corpus_bin_writes_the_bytes_of_spacy(given_docs: list[Doc]) -> None:
    wanted = DocBin(docs=given_docs, store_user_data=True).to_bytes()
    assert CorpusBin(given_docs).to_bytes() == wanted
    ours = list(CorpusBin().from_bytes(wanted).get_docs(spacy.blank("xx").vocab))
    theirs = list(DocBin().from_bytes(wanted).get_docs(spacy.blank("xx").vocab))
    assert [doc.to_bytes() for doc in ours] == [doc.to_bytes() for doc in theirs]


def test_corpus_bin_keeps_span_attributes_and_extra_groups(tmp_path: Path) -> None:
    doc = Doc(VOCAB, words=["a", "b"])
    doc.spans["crf_ner"] = [Span(doc, 0, 1, label="x", span_id="s1", kb_id="K")]
    doc.spans["crf_ner"].attrs["scores"] = [0.5]
    doc.cats["yes"] = 1.0
    write_docs([doc], tmp_path / "deep" / "a.spacy")
    (again,) = read_docs(tmp_path / "deep" / "a.spacy", spacy.blank("xx").vocab)
    (span,) = again.spans["crf_ner"]
    assert (span.label_, span.id_, span.kb_id_, again.cats) == ("x", "s1", "K", {"yes": 1.0})
    assert again.spans["crf_ner"].attrs["scores"] == [0.5]
    assert not again.has_annotation("ENT_IOB")
