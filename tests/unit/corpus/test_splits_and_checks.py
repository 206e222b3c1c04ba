"""Splits by document, statistics and leakage."""

from __future__ import annotations

from pathlib import Path

import pytest
import spacy
from spacy.tokens import Doc

from bioactive.corpus.binfile import read_docs, write_docs
from bioactive.corpus.checks import corpus_stats, leaks, sentences_of
from bioactive.corpus.splits import split_file, split_last, split_shares
from bioactive.errors import BioactiveError

VOCAB = spacy.blank("xx").vocab


def make(doc_id: str, *sentences: str) -> Doc:
    """A Doc of sentences whose words may carry a tag: "p53/B-DNA"."""
    pairs = [word.partition("/") for sentence in sentences for word in sentence.split()]
    starts = [not i for sentence in sentences for i in range(len(sentence.split()))]
    words = [word if word != "_" else "\n" for word, _, _ in pairs]
    doc = Doc(VOCAB, words=words, sent_starts=starts, ents=["" if tag == "-" else tag or "O" for _, _, tag in pairs])
    doc.user_data["doc_id"] = doc_id
    return doc


def ids(docs: list[Doc]) -> list[str]:
    return [doc.user_data["doc_id"] for doc in docs]


def test_split_shares_is_seeded_and_keeps_ids_together() -> None:
    docs = [make(str(i % 20), "a") for i in range(40)]
    parts = split_shares(docs, 0.1, 0.25, seed=3)
    assert {name: len(part) for name, part in parts.items()} == {"train": 26, "dev": 4, "test": 10}
    assert not set(ids(parts["train"])) & set(ids(parts["dev"] + parts["test"]))
    assert list(parts) == ["train", "dev", "test"]
    again = split_shares(docs, 0.1, 0.25, seed=3)
    assert [ids(part) for part in again.values()] == [ids(part) for part in parts.values()]
    assert ids(split_shares(docs, 0.1, 0.25, seed=4)["test"]) != ids(parts["test"])
    assert list(split_shares(docs, 0.2, 0)) == ["train", "dev"]


def test_split_last_counts_documents_not_docs() -> None:
    docs = [make(name, "a") for name in ("1", "1", "2", "3", "3")]
    assert [ids(part) for part in split_last(docs, 2).values()] == [["1", "1"], ["2", "3", "3"]]


def test_split_last_keeps_a_repeated_id_on_one_side() -> None:
    docs = [make(name, "a") for name in ("1", "2", "1", "3")]
    assert [ids(part) for part in split_last(docs, 2).values()] == [["1", "2", "1"], ["3"]]


@pytest.mark.parametrize(("dev", "test"), [(0.5, 0.5), (0.01, 0), (-0.1, 0.2), (0.9, 0.05)])
def test_split_that_leaves_a_part_empty_is_refused(dev: float, test: float) -> None:
    with pytest.raises(BioactiveError, match=r"\[B126\]"):
        split_shares([make(str(i), "a") for i in range(4)], dev, test)


def test_split_last_of_everything_is_refused() -> None:
    with pytest.raises(BioactiveError, match=r"\[B126\]"):
        split_last([make("1", "a")], 1)


def test_split_file_writes_the_parts(tmp_path: Path) -> None:
    write_docs([make(str(i), "a") for i in range(10)], tmp_path / "in.spacy")
    assert split_file(tmp_path / "in.spacy", tmp_path / "out", last_dev=3) == {"train": 7, "dev": 3}
    assert ids(list(read_docs(tmp_path / "out" / "dev.spacy", VOCAB))) == ["7", "8", "9"]
    with pytest.raises(BioactiveError, match=r"\[B127\]"):
        split_file(tmp_path / "in.spacy", tmp_path / "out", dev=0.1, last_dev=3)


def test_stats_count_oddities() -> None:
    docs = [
        make("1", "a/B-x b/B-x", "one"),
        make("1", "a/B-x b/B-x", "a/O b/O c/B-x", "d/B-x"),
        make("2", "a/O b/O c/B-y"),
    ]
    stats = corpus_stats(docs)
    assert (stats.documents, stats.docs, stats.repeated_ids) == (3, 3, 1)
    assert (stats.sentences, stats.tokens, stats.longest_sentence) == (6, 12, 3)
    assert (stats.one_token_sentences, stats.repeated_sentences, stats.conflicting_sentences) == (2, 2, 1)
    # "c" and "d" touch, but across a sentence bound.
    assert stats.adjacent_same_type == 2
    assert stats.entities == {"x": 6, "y": 1}


def test_stats_of_sentence_docs_count_documents_once() -> None:
    docs = [make("1", "a"), make("1", "b"), make("2", "c")]
    for number, doc in enumerate(docs):
        doc.user_data["sent_id"] = number % 2
    assert (corpus_stats(docs).documents, corpus_stats(docs).repeated_ids) == (2, 0)


def test_stats_of_nothing_and_of_an_empty_doc() -> None:
    assert corpus_stats([]).tokens == 0
    assert corpus_stats([Doc(VOCAB)]).sentences == 0


def test_stats_count_words_not_annotated() -> None:
    assert corpus_stats([make("1", "a/- b/O")]).not_annotated == 1


def test_sentences_leave_white_space_out_of_positions() -> None:
    assert sentences_of(make("1", "_ a/B-x _ b/O", "c/B-y _")) == [
        (("a", "b"), ((0, 1, "x"),)),
        (("c",), ((0, 1, "y"),)),
    ]


def test_leaks_report_documents_sentences_and_conflicts() -> None:
    train = [make("1", "a b/B-x", "c d"), make("2", "e")]
    test = [make("2", "e"), make("3", "a b/B-y", "a b/B-y"), make("4", "f")]
    (leak,) = leaks({"train": train, "test": test})
    assert (leak.documents, sorted(leak.sentences)) == (["2"], ["a b", "e"])
    assert (leak.copies, leak.conflicts, leak.texts) == (3, 1, 1)
    assert [(pair.first, pair.second) for pair in leaks({"a": [], "b": [], "c": []})] == [
        ("a", "b"),
        ("a", "c"),
        ("b", "c"),
    ]
