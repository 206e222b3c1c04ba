"""The corpus reader of the configs gives what spaCy's own gives."""

from __future__ import annotations

from pathlib import Path

import pytest
import spacy
from spacy.attrs import IDS
from spacy.tokens import Doc, Span
from spacy.training import Corpus, Example
from spacy.util import registry

from bioactive.corpus.binfile import CorpusBin, read_docs, write_docs
from bioactive.errors import BioactiveError

OPTIONS = [{}, {"gold_preproc": True}, {"max_length": 4}, {"limit": 1}, {"limit": 2}]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two files: an empty Doc, one of two sentences, one with part of its words annotated; another with one Doc."""
    vocab = spacy.blank("en").vocab
    two = Doc(vocab, words="IL-2 fell . TNF rose too .".split(), sent_starts=[1, 0, 0, 1, 0, 0, 0])
    two.set_ents([Span(two, 0, 1, label="Gene"), Span(two, 3, 4, label="Gene")])
    part = Doc(vocab, words="aspirin helped".split(), spaces=[True, False])
    part.set_ents([Span(part, 0, 1, label="Drug")], default="missing")
    part.spans["incorrect_spans"] = [Span(part, 1, 2, label="Drug")]
    part.user_data["doc_id"] = "7"
    write_docs([Doc(vocab), two, part], tmp_path / "a.spacy")
    write_docs([Doc(vocab, words=["gout"])], tmp_path / "deeper" / "b.spacy")
    (tmp_path / "notes.txt").write_text("not read", encoding="utf8")
    return tmp_path


def told(examples: list[Example]) -> list[tuple]:
    return [(eg.predicted.to_json(), eg.reference.to_json(), eg.reference.user_data) for eg in examples]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_examples_are_those_of_spacys_reader(folder, options):
    make = registry.readers.get("bioactive.Corpus.v1")
    ours = list(make(folder / "a.spacy", **options)(spacy.blank("en")))
    assert told(ours) == told(list(Corpus(folder / "a.spacy", **options)(spacy.blank("en"))))
    assert ours


def test_a_folder_is_read_whole_and_limited_over_its_files(folder):
    make = registry.readers.get("bioactive.Corpus.v1")
    assert len(list(make(folder)(spacy.blank("en")))) == 3
    assert len(list(make(folder, limit=2)(spacy.blank("en")))) == 2


def test_an_augmenter_is_asked(folder):
    make = registry.readers.get("bioactive.Corpus.v1")
    twice = make(folder / "a.spacy", augmenter=lambda nlp, eg: [eg, eg])
    assert len(list(twice(spacy.blank("en")))) == 4


def test_no_path_is_told_with_the_remedy():
    with pytest.raises(BioactiveError, match=r"\[B129\].*--paths\.train"):
        registry.readers.get("bioactive.Corpus.v1")(None)


def test_a_file_of_another_kind_is_named(tmp_path):
    (tmp_path / "x.spacy").write_bytes(b"PK\x03\x04")
    with pytest.raises(BioactiveError, match=r"\[B120\].*x\.spacy"):
        list(registry.readers.get("bioactive.Corpus.v1")(tmp_path / "x.spacy")(spacy.blank("en")))


@pytest.mark.parametrize(("column", "value"), [("ENT_TYPE", 12345), ("ENT_IOB", 9), ("ORTH", 12345)])
def test_a_file_with_names_that_it_does_not_hold_is_named(column, value, tmp_path):
    docs = CorpusBin([spacy.blank("en")("IL-2 binds")])
    docs.tokens[0][0, list(docs.attrs).index(IDS[column])] = value
    docs.to_disk(tmp_path / "x.spacy")
    with pytest.raises(BioactiveError, match=r"\[B120\].*x\.spacy"):
        list(read_docs(tmp_path / "x.spacy", spacy.blank("en").vocab))
