"""The corpus reader gives what spaCy's own gives."""

from __future__ import annotations

import pytest
import spacy
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Corpus
from spacy.util import registry

from bioactive.corpus.reader import create_reader


@pytest.fixture
def path(tmp_path):
    vocab = spacy.blank("en").vocab
    first = Doc(vocab, words=["IL-2", "binds", ".", "So", "does", "p53", "."], sent_starts=[1, 0, 0, 1, 0, 0, 0])
    first.set_ents([Span(first, 0, 1, "Protein")], missing=[first[1:2]])
    first.spans["incorrect_spans"] = [Span(first, 5, 6, "Protein")]
    first.user_data["doc_id"] = "1"
    unspaced = Doc(vocab, words=["Ca", "2+"])
    unspaced.has_unknown_spaces = True
    for name, docs in (("a.spacy", [first, Doc(vocab), unspaced]), ("b.spacy", [Doc(vocab, words=["x"])] * 3)):
        DocBin(docs=docs, store_user_data=True).to_disk(tmp_path / name)
    return tmp_path


@pytest.mark.parametrize("gold_preproc", [True, False])
@pytest.mark.parametrize(("limit", "max_length"), [(0, 0), (1, 0), (0, 5)])
def test_reader_gives_the_examples_of_spacys_own(path, gold_preproc, limit, max_length):
    nlp = spacy.blank("en")
    settings = {"gold_preproc": gold_preproc, "limit": limit, "max_length": max_length}
    # Over a folder, spaCy takes one Doc too many from each file after the limit.
    place = path / "a.spacy" if limit else path
    expected = list(Corpus(place, **settings)(nlp))
    found = list(create_reader(place, **settings)(nlp))
    assert expected
    assert [eg.x.to_bytes() for eg in found] == [eg.x.to_bytes() for eg in expected]
    assert [eg.y.to_bytes() for eg in found] == [eg.y.to_bytes() for eg in expected]


def test_limit_counts_over_all_files(path):
    assert len(list(create_reader(path, limit=3)(spacy.blank("en")))) == 3


def test_reader_is_registered_and_asks_for_a_path():
    with pytest.raises(ValueError, match="E913"):
        registry.readers.get("bioactive.Corpus.v1")(None)
