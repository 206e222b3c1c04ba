"""Formats of predictions: rows of words and brat files that can be read back."""

from __future__ import annotations

from pathlib import Path

import pytest
import spacy
import srsly
from typer.testing import CliRunner

from bioactive.active.outputs import format_of, rows_of
from bioactive.cli.app import app
from bioactive.corpus.columns import ColumnOptions, read_columns
from bioactive.corpus.convert import ConvertOptions, convert
from bioactive.corpus.tally import Tally
from bioactive.errors import BioactiveError


@pytest.fixture
def model(tmp_path) -> Path:
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler").add_patterns(
        [{"label": "GENE", "pattern": "p53"}, {"label": "X", "pattern": "β cell"}]
    )
    nlp.to_disk(tmp_path / "model")
    pool = [
        {"text": "the p53 p53 in  β cell", "meta": {"doc_id": "a"}},
        {"text": " "},
        {"text": "none", "meta": {"doc_id": "a"}},
    ]
    srsly.write_jsonl(tmp_path / "pool.jsonl", pool)
    return tmp_path / "model"


def predict(model: Path, *args: str) -> str:
    found = CliRunner().invoke(app, ["predict", str(model), str(model.with_name("pool.jsonl")), *args])
    assert found.exit_code == 0, found.output
    return found.output


def test_format_goes_by_the_ending_or_by_name() -> None:
    endings = {"a.jsonl": "jsonl", "a.SPACY": "spacy", "a.tsv": "tsv", "folder": "brat", "a.txt": "jsonl"}
    assert {name: format_of(Path(name)) for name in endings} == endings
    assert format_of(Path("a.txt"), "tsv") == "tsv"
    with pytest.raises(BioactiveError, match="B124.*auto, jsonl, spacy, tsv, brat"):
        format_of(Path("a"), "xml")


def test_rows_are_read_back_as_columns(model, tmp_path) -> None:
    predict(model, str(tmp_path / "out.tsv"))
    lines = (tmp_path / "out.tsv").read_text(encoding="utf8").splitlines()
    assert lines[0] == "# word\tscore\tlabel" and "p53\t-\tB-GENE" in lines and "cell\t-\tI-X" in lines
    docs = list(read_columns(tmp_path / "out.tsv", spacy.blank("xx").vocab, ColumnOptions(), Tally()))
    assert [[(ent.text, ent.label_) for ent in doc.ents] for doc in docs if doc.ents] == [
        [("p53", "GENE"), ("p53", "GENE"), ("β cell", "X")]
    ]
    assert not list(tmp_path.glob("*.part*"))


def test_brat_files_are_read_back_and_none_is_written_over(model, tmp_path) -> None:
    predict(model, str(tmp_path / "out"))
    assert sorted(path.name for path in (tmp_path / "out").glob("*.txt")) == ["1.txt", "a-2.txt", "a.txt"]
    summary = convert(tmp_path / "out", tmp_path / "back.spacy", ConvertOptions())
    assert summary.entities == {"GENE": 2, "X": 1}
    assert (tmp_path / "out" / "a.txt").read_text(encoding="utf8") == "the p53 p53 in  β cell"


def test_score_of_a_word_is_its_own_or_its_entitys() -> None:
    tokens = [{"text": "a", "score": 0.5}, {"text": " "}, {"text": "b"}, {"text": "c"}]
    span = {"token_start": 2, "token_end": 3, "label": "X", "score": 0.25}
    rows = [("a", "0.5000", "O"), ("b", "0.2500", "B-X"), ("c", "0.2500", "I-X")]
    assert list(rows_of({"tokens": tokens, "spans": [span]})) == rows
