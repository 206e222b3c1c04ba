"""`convert` and the corpus commands: formats, folders, units, and what each bad input is told."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pytest
import spacy
import typer
from spacy.tokens import Doc
from typer.testing import CliRunner

from bioactive.cli.convert import convert_cli
from bioactive.cli.corpus import corpus_app
from bioactive.corpus.binfile import read_docs
from bioactive.corpus.columns import ColumnOptions
from bioactive.corpus.convert import ConvertOptions, convert
from bioactive.corpus.detect import detect_format
from bioactive.errors import BioactiveError

COLUMNS = "# newdoc id = d1\n\nThe\tO\np53\tB-protein\ngene\tO\n\nIt\tO\n"
PUBTATOR = "12|t|On p53.\n12|a|The 𝛼-gene.\n12\t3\t6\tp53\tGene\t7157\n12\t12\t18\t𝛼-gene\tGene\n12\tCID\tD1\tD2\n"
BIOC = """<?xml version="1.0" encoding="UTF-8"?>
<collection><source>s</source><date>d</date><key>k</key><document><id>12</id>
<passage><offset>0</offset><text>On p53.</text><annotation id="T1"><infon key="type">Gene</infon>
<location offset="3" length="3"/><text>p53</text></annotation></passage>
<passage><offset>8</offset><text>The gene.</text><annotation id="T2"><infon key="type">Gene</infon>
<location offset="12" length="4"/><text>gene</text></annotation></passage></document></collection>"""


def write(path: Path, content: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode("utf-8"))
    return path


def docs_of(path: Path) -> list[Doc]:
    return list(read_docs(path, spacy.blank("xx").vocab))


def ents(path: Path) -> list[tuple[str, str]]:
    return [(ent.text, ent.label_) for doc in docs_of(path) for ent in doc.ents]


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.iob2", COLUMNS, "columns"),
        ("a.dat", COLUMNS, "columns"),
        ("a.txt", PUBTATOR, "pubtator"),
        ("a.jsonl", '{"text": "a"}', "jsonl"),
        ("a.txt", '{"text": "a"}', "jsonl"),
        ("a.xml", BIOC, "bioc"),
        ("a.txt", BIOC, "bioc"),
        ("a.ann", "T1\tx 0 1\ta", "brat"),
    ],
)
def test_detect_format_by_name_and_content(tmp_path: Path, name: str, content: str, expected: str) -> None:
    assert detect_format(write(tmp_path / name, content)) == expected


def test_convert_columns_keeps_bounds_and_ids(tmp_path: Path) -> None:
    summary = convert(write(tmp_path / "a.iob2", COLUMNS), tmp_path / "out" / "a.spacy")
    assert (summary.documents, summary.docs, summary.sentences, summary.tokens) == (1, 1, 2, 4)
    assert summary.entities == {"protein": 1}
    (doc,) = docs_of(tmp_path / "out" / "a.spacy")
    assert doc.user_data["doc_id"] == "d1" and len(list(doc.sents)) == 2


def test_convert_sentence_unit_keeps_the_document_id(tmp_path: Path) -> None:
    ann = "T1\tx 4 7\tp53\nT2\ty 0 7\tThe p53\nT3\tx 20 22\tIt\n"
    write(tmp_path / "b" / "d.txt", "The p53 gene rises.\nIt falls.\n")
    write(tmp_path / "b" / "d.ann", ann.replace("20 22", "20 22"))
    summary = convert(tmp_path / "b", tmp_path / "b.spacy", ConvertOptions(unit="sentence"))
    assert (summary.documents, summary.docs) == (1, 2)
    one, two = docs_of(tmp_path / "b.spacy")
    assert [doc.user_data for doc in (one, two)] == [{"doc_id": "d", "sent_id": 0}, {"doc_id": "d", "sent_id": 1}]
    assert [(span.text, span.label_) for span in one.spans["sc"]] == [("The p53", "y"), ("p53", "x")]
    assert [(ent.text, ent.label_) for ent in two.ents] == [("It", "x")]


def test_convert_pubtator(tmp_path: Path) -> None:
    summary = convert(write(tmp_path / "a.pubtator", PUBTATOR + "\n13|t|B\n13|a|C\n"), tmp_path / "a.spacy")
    assert ents(tmp_path / "a.spacy") == [("p53", "Gene"), ("𝛼-gene", "Gene")]
    assert (summary.documents, summary.tally.counts["relations, not read"]) == (2, 1)


@pytest.mark.parametrize(
    ("content", "code", "line"),
    [
        ("12|t|On\n12\t1\t99\tx\tGene\n", "B116", 2),
        ("12|t|On\nstray words\n", "B121", 2),
        ("12|t|On\n13\t0\t2\tOn\tGene\n", "B121", 2),
    ],
)
def test_convert_bad_pubtator_names_the_line(tmp_path: Path, content: str, code: str, line: int) -> None:
    with pytest.raises(BioactiveError, match=f"a.pubtator:{line}:") as caught:
        convert(write(tmp_path / "a.pubtator", content), tmp_path / "a.spacy")
    assert caught.value.code == code


def test_convert_bioc(tmp_path: Path) -> None:
    pytest.importorskip("bioc", reason="the extra [bioc] is not installed")
    convert(write(tmp_path / "a.xml", BIOC), tmp_path / "a.spacy")
    assert ents(tmp_path / "a.spacy") == [("p53", "Gene"), ("gene", "Gene")]
    with pytest.raises(BioactiveError, match=r"\[B123\]"):
        convert(write(tmp_path / "b.xml", "<html></p>"), tmp_path / "b.spacy")


def test_convert_jsonl_answers(tmp_path: Path) -> None:
    tasks = [
        {"text": "p53 rises", "spans": [{"start": 0, "end": 3, "label": "protein"}], "answer": "accept"},
        {"text": "left out", "answer": "ignore"},
    ]
    source = write(tmp_path / "a.jsonl", "\n".join(map(json.dumps, tasks)))
    summary = convert(source, tmp_path / "a.spacy")
    assert (summary.docs, summary.tally.counts["ignored answers, left out"]) == (1, 1)
    assert ents(tmp_path / "a.spacy") == [("p53", "protein")]


def test_convert_folder_of_files_needs_a_folder(tmp_path: Path) -> None:
    for name in ("train", "dev"):
        write(tmp_path / "in" / f"{name}.tsv", COLUMNS)
    write(tmp_path / "in" / "README", "words")
    summary = convert(tmp_path / "in", tmp_path / "out")
    assert [path.name for path in summary.outputs] == ["dev.spacy", "train.spacy"]
    with pytest.raises(BioactiveError, match=r"\[B125\].*2 corpora"):
        convert(tmp_path / "in", tmp_path / "one.spacy")


def test_convert_limit_counts_documents(tmp_path: Path) -> None:
    source = write(tmp_path / "a.tsv", "a\tO\n\n" * 9)
    assert convert(source, tmp_path / "a.spacy", ConvertOptions(limit=4)).docs == 4


@pytest.mark.parametrize(
    ("name", "content", "options", "code"),
    [
        ("none.tsv", None, {}, "B101"),
        ("a.tsv", b"", {}, "B102"),
        ("a.jsonl", b" \n", {}, "B102"),
        ("a.tsv", b"PK\x03\x04\0\0", {}, "B103"),
        ("a.tsv", b"one\ntwo\n", {}, "B109"),
        ("a.tsv", b"a\tB\n", {}, "B107"),
        ("a.ann", b"T1\tx 0 9\ta", {}, "B101"),
        ("a.tsv", b"a\tO\n", {"unit": "page"}, "B124"),
        ("a.tsv", b"a\tO\n", {"format": "word"}, "B124"),
        ("a.tsv", b"a\tO\n", {"columns": ColumnOptions(scheme="x")}, "B104"),
        ("folder", None, {}, "B111"),
    ],
)
def test_convert_bad_input_has_a_coded_message(
    tmp_path: Path, name: str, content: bytes | None, options: dict[str, object], code: str
) -> None:
    (tmp_path / "folder").mkdir()
    source = tmp_path / name
    if content is not None:
        source.write_bytes(content)
    with pytest.raises(BioactiveError) as caught:
        convert(source, tmp_path / "a.spacy", ConvertOptions(**options))
    assert caught.value.code == code
    assert not (tmp_path / "a.spacy").exists()


def test_read_docs_refuses_what_is_no_corpus(tmp_path: Path) -> None:
    with pytest.raises(BioactiveError, match=r"\[B120\]"):
        docs_of(write(tmp_path / "a.spacy", "words"))
    with pytest.raises(BioactiveError, match=r"\[B101\]"):
        docs_of(tmp_path / "none.spacy")


def test_convert_refuses_an_archive(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as archive:
        archive.add(write(tmp_path / "a.txt", "x" * 5000))
    with pytest.raises(BioactiveError, match=r"\[B103\]"):
        convert(tmp_path / "a.tar.gz", tmp_path / "a.spacy")


def run(*words: object) -> str:
    app = typer.Typer()
    app.command("convert")(convert_cli)
    app.add_typer(corpus_app, name="corpus")
    result = CliRunner().invoke(app, [str(word) for word in words])
    if isinstance(result.exception, BioactiveError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


def test_convert_command_prints_counts_and_examples(tmp_path: Path) -> None:
    source = write(tmp_path / "a.tsv", "a\tB-x\nb\tI-y\n\nc\tB-x\n")
    printed = run("convert", source, tmp_path / "a.spacy", "--repair")
    assert "2 documents, 2 sentences, 3 tokens" in printed
    assert "1  illegal tag moves, mended" in printed and "a.tsv:2: I-y" in printed
    with pytest.raises(BioactiveError, match=r"\[B108\]"):
        run("convert", source, tmp_path / "a.spacy")


def test_corpus_commands(tmp_path: Path) -> None:
    source = write(tmp_path / "a.tsv", "".join(f"# newdoc id = {i}\n\nw{i % 4}\tB-x\n\n" for i in range(8)))
    run("convert", source, tmp_path / "a.spacy")
    assert "train.spacy: 6 Docs" in run("corpus", "split", tmp_path / "a.spacy", tmp_path / "s", "--dev", "0.25")
    files = [tmp_path / "s" / "train.spacy", tmp_path / "s" / "dev.spacy"]
    printed = run("corpus", "stats", *files, "--output", tmp_path / "stats.json")
    assert "repeated sentences" in printed
    assert json.loads((tmp_path / "stats.json").read_text(encoding="utf-8"))["train"]["documents"] == 6
    assert "train and dev share 0 document ids" in run("corpus", "check", *files)
    with pytest.raises(BioactiveError, match=r"\[B128\]"):
        run("corpus", "check", files[0])
