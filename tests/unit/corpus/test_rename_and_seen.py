"""Other names for labels; what a training set holds already."""

from __future__ import annotations

import pytest
import spacy
from spacy.tokens import Doc, Span

from bioactive.corpus.binfile import read_docs, write_docs
from bioactive.corpus.convert import ConvertOptions, convert
from bioactive.corpus.rename import parse_renames
from bioactive.corpus.seen import Seen
from bioactive.corpus.splits import split_file
from bioactive.errors import BioactiveError

VOCAB = spacy.blank("xx").vocab


def make(doc_id: str, text: str, starts: tuple[int, ...] = (0,)) -> Doc:
    pairs = [word.partition("/") for word in text.split()]
    tags = ["" if tag == "-" else tag or "O" for _, _, tag in pairs]
    bounds = [i in starts for i in range(len(pairs))]
    doc = Doc(VOCAB, words=[word for word, _, _ in pairs], ents=tags, sent_starts=bounds)
    doc.spans["sc"] = list(doc.ents)
    if doc_id:
        doc.user_data["doc_id"] = doc_id
    return doc


def test_rename_gives_every_label_its_name(tmp_path) -> None:
    (tmp_path / "a.iob2").write_text("p53\tB-GGP\ngene\tO\nx\tB-SO\ny\tI-SO\n", encoding="utf8")
    options = ConvertOptions(rename=parse_renames("GGP=Gene/Protein, SO=Sequence"))
    summary = convert(tmp_path / "a.iob2", tmp_path / "a.spacy", options)
    assert summary.entities == summary.spans == {"Gene/Protein": 1, "Sequence": 1}
    (doc,) = read_docs(tmp_path / "a.spacy", VOCAB)
    assert [(e.text, e.label_) for e in doc.ents] == [("p53", "Gene/Protein"), ("x y", "Sequence")]


def test_label_without_a_name_is_told_with_its_line(tmp_path) -> None:
    (tmp_path / "a.iob2").write_text("p53\tB-GGP\ngene\tO\nx\tB-CL\n", encoding="utf8")
    with pytest.raises(BioactiveError, match=r"B700\].*a\.iob2:3.*'CL'.*knows GGP\. .*--rename CL=CL"):
        convert(tmp_path / "a.iob2", tmp_path / "a.spacy", ConvertOptions(rename={"GGP": "Gene"}))


@pytest.mark.parametrize("text", ["SO", "SO=", "=x", "a=b,c"])
def test_renames_need_both_names(text: str) -> None:
    with pytest.raises(BioactiveError, match="B563.*OLD=NEW"):
        parse_renames(text)


def test_rename_keeps_words_that_nobody_annotated_and_cut_spans(tmp_path) -> None:
    (tmp_path / "a.txt").write_text("the p70I x p53", encoding="utf8")
    (tmp_path / "a.ann").write_text("T1\tG 4 7\tp70\nT2\tG 11 14\tp53\n", encoding="utf8")
    convert(tmp_path / "a.txt", tmp_path / "a.spacy", ConvertOptions(rename={"G": "Gene"}))
    (doc,) = read_docs(tmp_path / "a.spacy", VOCAB)
    assert [token.ent_iob_ for token in doc] == ["O", "", "O", "B"]
    assert [tuple(cut) for cut in doc.user_data["cut"]] == [(4, 7, "Gene")]


def test_known_sentences_count_for_nothing() -> None:
    seen = Seen([make("1", "a b/B-X"), make("2", "c d")])
    doc = make("3", "a b/B-Y e/B-X c d f/-", (0, 2, 3, 5))
    hidden, sentences = seen.hidden(doc)
    assert sentences == 2
    assert [token.ent_iob_ for token in hidden] == ["", "", "B", "", "", ""]
    assert [(span.start, span.end, span.label_) for span in hidden.spans["sc"]] == [(2, 3, "X")]
    assert [ent.label_ for ent in doc.ents] == ["Y", "X"] and len(doc.spans["sc"]) == 2


def test_known_document_counts_for_nothing_and_an_unknown_one_stays() -> None:
    seen = Seen([make("1", "a b")])
    hidden, sentences = seen.hidden(make("1", "x/B-X y", (0, 1)))
    assert sentences == 2 and [token.ent_iob_ for token in hidden] == ["", ""] and not hidden.ents
    other = make("", "x/B-X y")
    assert seen.hidden(other) == (other, 0)


def test_entity_across_the_edge_of_a_known_sentence_goes_as_a_whole() -> None:
    doc = Doc(VOCAB, words=["a", "b", "c"], sent_starts=[True, False, True])
    doc.set_ents([Span(doc, 1, 3, "X")], default="outside")
    hidden, _ = Seen([make("1", "a b")]).hidden(doc)
    assert [token.ent_iob_ for token in hidden] == ["", "", ""]


def test_split_takes_the_ids_of_another_form(tmp_path) -> None:
    write_docs([make(name, "a") for name in "3142"], tmp_path / "all.spacy")
    write_docs([make("4", "a b"), make("9", "c")], tmp_path / "dev.spacy")
    sizes = split_file(tmp_path / "all.spacy", tmp_path / "out", dev_like=tmp_path / "dev.spacy")
    assert sizes == {"train": 3, "dev": 1}
    assert [doc.user_data["doc_id"] for doc in read_docs(tmp_path / "out" / "train.spacy", VOCAB)] == ["3", "1", "2"]
    for options in ({"dev_like": tmp_path / "dev.spacy", "last_dev": 1}, {}):
        with pytest.raises(BioactiveError, match="B127"):
            split_file(tmp_path / "all.spacy", tmp_path / "out", **options)
    write_docs([make("9", "c")], tmp_path / "dev.spacy")
    with pytest.raises(BioactiveError, match="B126"):
        split_file(tmp_path / "all.spacy", tmp_path / "out", dev_like=tmp_path / "dev.spacy")
