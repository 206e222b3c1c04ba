"""Column files: every scheme, every kind of line, and what is not legal."""

from __future__ import annotations

from pathlib import Path

import pytest
import spacy
from spacy.tokens import Doc

from bioactive.corpus import column_blocks
from bioactive.corpus.columns import ColumnOptions, read_columns, write_columns
from bioactive.corpus.schemes import detect_scheme, read_tag, scheme_name, translate
from bioactive.corpus.tally import Tally
from bioactive.errors import BioactiveError

VOCAB = spacy.blank("xx").vocab


def read(path: Path, content: str | bytes, tally: Tally | None = None, **options: object) -> list[Doc]:
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return list(read_columns(path, VOCAB, ColumnOptions(**options), tally if tally is not None else Tally()))


def ents(doc: Doc) -> list[tuple[int, int, str]]:
    return [(span.start, span.end, span.label_) for span in doc.ents]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "part.tsv"


# One sentence in each scheme: two neighbouring DNA entities, of two words and of one, then a protein of three.
SAME = [(0, 2, "DNA"), (2, 3, "DNA"), (4, 7, "protein")]
SCHEMES = {
    "IOB2": "B-DNA I-DNA B-DNA O B-protein I-protein I-protein O",
    "IOB1": "I-DNA I-DNA B-DNA O I-protein I-protein I-protein O",
    "BIOES": "B-DNA E-DNA S-DNA O B-protein I-protein E-protein O",
    "BILOU": "B-DNA L-DNA U-DNA O B-protein I-protein L-protein O",
}


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("given", ["auto", "named"])
@pytest.mark.parametrize("separator", ["\t", " ", "  ", " \t "])
def test_columns_read_every_scheme_to_the_same_entities(path: Path, scheme: str, given: str, separator: str) -> None:
    rows = [f"w{i}{separator}{tag}" for i, tag in enumerate(SCHEMES[scheme].split())]
    if separator == " \t ":
        rows = [row.replace(" \t ", "\t") for row in rows]
    tally = Tally()
    (doc,) = read(path, "\n".join(rows) + "\n", tally, scheme="auto" if given == "auto" else scheme)
    assert ents(doc) == SAME
    assert [(span.start, span.end, span.label_) for span in doc.spans["sc"]] == SAME
    assert f"tag scheme read: {scheme}" in tally.counts


def test_columns_read_io_joins_neighbours(path: Path) -> None:
    tally = Tally()
    (doc,) = read(path, "a\tI-x\nb\tI-x\nc\tI-y\nd\tO\n", tally)
    assert ents(doc) == [(0, 2, "x"), (2, 3, "y")]
    assert "tag scheme read: IO" in tally.counts


def test_columns_keep_sentence_bounds_and_document_ids(path: Path) -> None:
    content = "###MEDLINE:901\n\na\tO\n\nb\tO\nc\tB-x\n\n###MEDLINE:902\n\nd\tO\n"
    one, two = read(path, content)
    assert [doc.user_data["doc_id"] for doc in (one, two)] == ["901", "902"]
    assert [[token.text for token in sent] for sent in one.sents] == [["a"], ["b", "c"]]
    assert [token.is_sent_start for token in one] == [True, True, False]
    assert one.text == "a b c"


@pytest.mark.parametrize(
    ("mark", "expected"),
    [
        ("-DOCSTART- -X- O O", "part-1"),
        ("-DOCSTART-\tO", "part-1"),
        ("-DOCSTART- (77)", "77"),
        ("###MEDLINE:77", "77"),
        ("# newdoc id = 77 a", "77 a"),
        ("# newdoc", "part-1"),
        ("# doc_id: 77", "77"),
    ],
)
def test_columns_know_document_marks(path: Path, mark: str, expected: str) -> None:
    docs = read(path, f"{mark}\n\na\tO\n\nb\tO\n")
    assert [doc.user_data["doc_id"] for doc in docs] == [expected]


def test_columns_without_marks_make_docs_of_sentences(path: Path) -> None:
    content = "a\tO\n\nb\tO\n\nc\tO\n"
    assert [doc.user_data["doc_id"] for doc in read(path, content)] == ["part-1", "part-2", "part-3"]
    two = read(path, content, sentences_per_doc=2)
    assert [[token.text for token in doc] for doc in two] == [["a", "b"], ["c"]]


def test_columns_comments_do_not_end_a_sentence_and_are_counted(path: Path) -> None:
    tally = Tally()
    (doc,) = read(path, "# text = a b\na\tB-x\n# a note\nb\tI-x\n#\tO\n", tally)
    assert [token.text for token in doc] == ["a", "b", "#"]
    assert ents(doc) == [(0, 2, "x")]
    assert tally.counts["comment lines"] == 2


def test_columns_crlf_and_bom_change_nothing(path: Path) -> None:
    plain = "бета\tB-x\nα\tI-x\n\n𝛽-1\tO\n"
    wanted = [(doc.text, ents(doc)) for doc in read(path, plain)]
    odd = b"\xef\xbb\xbf" + plain.replace("\n", "\r\n").encode("utf-8")
    assert [(doc.text, ents(doc)) for doc in read(path, odd)] == wanted
    assert wanted == [("бета α", [(0, 2, "x")]), ("𝛽-1", [])]


def test_columns_may_be_any(path: Path) -> None:
    (doc,) = read(path, "B-x 1 a NN\nO 2 b NN\n", token_column=2, tag_column=0)
    assert (doc.text, ents(doc)) == ("a b", [(0, 1, "x")])


def test_columns_class_numbers_need_the_gold_column(path: Path) -> None:
    rows = "aspirin B-Chemical 1\nin O 0\nfever B-Disease 2\n"
    with pytest.raises(BioactiveError, match=r"\[B105\].*part.tsv:1: column 2 holds '1'.*--tag-column"):
        read(path, rows)
    assert ents(read(path, rows, tag_column=1)[0]) == [(0, 1, "Chemical"), (2, 3, "Disease")]


def test_columns_hyphen_tag_means_not_annotated(path: Path) -> None:
    (doc,) = read(path, "a\t-\nb\tB-x\nc\tO\n")
    assert [token.ent_iob for token in doc] == [0, 3, 2]


@pytest.mark.parametrize(
    ("rows", "options", "code", "line"),
    [
        ("a\tO\nb\tI-x\n", {}, "", 0),  # read as IO, where this is legal
        ("a\tB-x\nb\tO\nc\tI-x\n", {}, "B108", 3),
        ("a\tB-x\nb\tI-y\n", {}, "B108", 2),
        ("a\tO\n\n# note\nb\tI-x\n", {"scheme": "bio"}, "B108", 4),
        ("a\tB-x\nb\tO\nc\tS-x\n", {}, "B108", 2),
        ("a\tB-x\nb\tE-x\n\nc\tB-x\n", {}, "B108", 4),
        ("a\tE-x\nb\tS-x\n", {}, "B108", 1),
        ("a\tB\nb\tI\n", {}, "B107", 1),
        ("a\tO\nb\tS-x\n", {"scheme": "IOB2"}, "B106", 2),
        ("a\tO\n[CLS]\t[CLS]\n", {}, "B105", 2),
        ("a\tO\nb\n", {}, "B109", 2),
        ("a\n", {}, "B109", 1),
        ("a\tO\n\tO\n", {}, "B109", 2),
        ("a b O\nc d e O\n", {}, "B109", 2),
    ],
)
def test_columns_bad_lines_end_in_an_error_with_the_line(
    path: Path, rows: str, options: dict[str, object], code: str, line: int
) -> None:
    if not code:
        assert read(path, rows, **options)
        return
    with pytest.raises(BioactiveError, match=f"part.tsv:{line}:") as caught:
        read(path, rows, **options)
    assert caught.value.code == code


def test_columns_repair_mends_and_counts(path: Path) -> None:
    tally = Tally()
    rows = "a\tB-x\nb\tO\nc\tI-x\nd\tI-y\ne\tB\nf\t[CLS]\nlone\n"
    (doc,) = read(path, rows, tally, repair=True)
    assert ents(doc) == [(0, 1, "x"), (2, 3, "x"), (3, 4, "y"), (4, 5, "ENTITY")]
    assert [token.ent_iob for token in doc][-1] == 0
    assert tally.counts["illegal tag moves, mended"] == 2
    assert tally.counts["tags without a type, called ENTITY"] == 1
    assert tally.counts["unreadable tags, read as not annotated"] == 1
    assert tally.counts["lines with the wrong number of columns, left out"] == 1
    assert tally.examples["illegal tag moves, mended"][0].endswith("part.tsv:3: I-x")


def test_columns_label_option_names_untyped_tags(path: Path) -> None:
    tally = Tally()
    (doc,) = read(path, "a\tB\nb\tI\nc\tO\n", tally, label="Disease")
    assert ents(doc) == [(0, 2, "Disease")]
    assert not any("type" in kind for kind in tally.counts)


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"", "B102"), (b"\xef\xbb\xbf\r\n \n", "B102"), (b"a\0b\tO\n", "B103"), (b"caf\xe9\tO\n", "B103")],
)
def test_columns_file_without_text_is_refused(path: Path, content: bytes, code: str) -> None:
    with pytest.raises(BioactiveError) as caught:
        read(path, content)
    assert caught.value.code == code


def test_columns_bad_byte_far_inside_names_its_line(path: Path) -> None:
    with pytest.raises(BioactiveError, match=r"\[B103\].*part.tsv:5001:"):
        read(path, b"word\tO\n" * 5000 + b"caf\xe9\tO\n")


def test_columns_missing_column_is_refused(path: Path) -> None:
    with pytest.raises(BioactiveError, match=r"\[B110\].*2 columns.*no column 4"):
        read(path, "a\tO\n", tag_column=4)


def test_columns_blocks_make_no_difference(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    marked = "".join(f"# newdoc id = {i}\n\na{i}\tB-x\nb\tI-x\n\nc\tO\n\n" for i in range(30)) + "z\tB-x\n"
    plain = "".join(f"a{i}\tI-x\nb\tB-x\n\nc\tI-x\nd\tO\n\n" for i in range(30)) + "z\tI-x"
    for content in (marked, plain, plain.replace("\n", "\r\n")):
        whole = [(doc.user_data["doc_id"], doc.text, ents(doc)) for doc in read(path, content)]
        for size in (7, 64, 300, len(content)):
            monkeypatch.setattr(column_blocks, "BLOCK_CHARS", size)
            assert [(doc.user_data["doc_id"], doc.text, ents(doc)) for doc in read(path, content)] == whole
        monkeypatch.undo()


def test_columns_line_numbers_count_on_over_blocks(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = "# newdoc id = 1\n\na\tB-x\n\n" * 40 + "b\tI-x\n"
    monkeypatch.setattr(column_blocks, "BLOCK_CHARS", 50)
    with pytest.raises(BioactiveError, match=r"part.tsv:161: tag 'I-x' after 'start of sentence'"):
        read(path, content)


def test_columns_document_longer_than_a_block_loses_no_word(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = "# newdoc id = 1\n\n" + "".join(f"w{i}\tO\n\n" for i in range(50))
    monkeypatch.setattr(column_blocks, "BLOCK_CHARS", 20)
    assert sum(len(doc) for doc in read(path, content)) == 50


def test_columns_repeated_ids_are_counted(path: Path) -> None:
    tally = Tally()
    docs = read(path, "###MEDLINE:1\n\na\tO\n\n###MEDLINE:1\n\nb\tO\n", tally)
    assert len(docs) == 2
    assert tally.counts["document ids that repeat"] == 1


def test_columns_empty_document_is_kept(path: Path) -> None:
    one, two = read(path, "# newdoc id = 1\n\n# newdoc id = 2\n\na\tO\n")
    assert (len(one), len(two)) == (0, 1)


def test_write_columns_round_trip(path: Path) -> None:
    docs = read(path, "# newdoc id = 7\n\na\tB-x\nb\tB-x\n\nc\t-\nd\tO\n")
    target = path.with_name("again.tsv")
    assert write_columns(docs, target) == 1
    (again,) = read(target, target.read_bytes())
    assert (again.text, ents(again), again.user_data["doc_id"]) == (docs[0].text, ents(docs[0]), "7")
    assert [token.ent_iob for token in again] == [3, 3, 0, 2]
    assert [token.is_sent_start for token in again] == [True, False, True, False]


def test_scheme_names_and_tags() -> None:
    assert [scheme_name(name) for name in ("bio", "IOBES", "bilou", "IOB1")] == ["IOB2", "BIOES", "BILOU", "IOB1"]
    with pytest.raises(BioactiveError, match=r"\[B104\]"):
        scheme_name("BMES")
    assert read_tag("L-cell-line") == ("E", "cell-line", True)
    assert read_tag("DNA").prefix == "?"
    assert detect_scheme([]) == "IOB2"
    assert translate([("", "O")], "IOB2").moves == {("", "O"): ("O", "")}
