"""Faults of the machine: a full disk, a killed run, a damaged model."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Span
from spacy.training import Example

from bioactive.active.journal import Journal
from bioactive.cli.entry import told
from bioactive.corpus.binfile import CorpusBin, read_docs, write_docs
from bioactive.corpus.convert import convert
from bioactive.errors import BioactiveError
from bioactive.evaluation.load import load_pipeline
from bioactive.models.revisions import Manifest, Revisions
from bioactive.whole import whole
from tests.disk import fill, mounted

COLUMNS = "".join(f"word{number}\t{'B-X' if number % 3 == 0 else 'O'}\n" for number in range(4_000)) + "\n"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 512 kB."""
    with mounted(tmp_path / "disk") as folder:
        yield folder


def code_of(work: Callable[[], object], capsys: pytest.CaptureFixture[str]) -> str:
    """The code that a command ends with."""
    with pytest.raises(SystemExit):
        told(work)
    return capsys.readouterr().err.partition("]")[0].lstrip("[")


# --- files


def test_file_of_a_block_that_raises_stays_what_it_was(tmp_path: Path) -> None:
    def stop() -> None:
        with whole(tmp_path / "a") as new:
            new.write_text("half")
            raise KeyError

    (tmp_path / "a").write_text("before")
    with pytest.raises(KeyError):
        stop()
    assert [path.read_text() for path in tmp_path.iterdir()] == ["before"]


def test_disk_full_while_converting_leaves_the_corpus_before(
    small_disk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, output = tmp_path / "a.tsv", small_disk / "a.spacy"
    source.write_text("a\tB-X\n\n", encoding="utf8")
    convert(source, output)
    before = output.read_bytes()
    filler = fill(small_disk)
    source.write_text(COLUMNS, encoding="utf8")
    assert code_of(lambda: convert(source, output), capsys) == "B915"
    assert output.read_bytes() == before
    assert sorted(path.name for path in small_disk.iterdir()) == ["a.spacy", "filler"]
    filler.unlink()
    assert convert(source, output).tokens == 4_000


def test_disk_full_in_the_midst_of_a_run_keeps_its_finished_blocks(small_disk: Path) -> None:
    def block(journal: Journal) -> None:
        for number in range(100):
            journal.append({"number": number, "text": "x" * 2000})
        journal.commit({})

    def run_into_the_end() -> None:
        with Journal(small_disk / "out.jsonl", {"pool": "a"}) as journal:
            for _ in range(10):
                block(journal)

    with pytest.raises(OSError, match="No space left"):
        run_into_the_end()
    with Journal(small_disk / "out.jsonl", {"pool": "a"}) as journal:
        assert journal.blocks == 2
        assert [value["number"] for _, value in journal.lines()] == [*range(100), *range(100)]
        journal.finish()


def test_disk_full_while_a_pipeline_is_saved_ends_in_the_message(
    small_disk: Path, capsys: pytest.CaptureFixture[str], crf_pipeline: Language
) -> None:
    fill(small_disk, leave=8192)
    assert code_of(lambda: crf_pipeline.to_disk(small_disk / "model"), capsys) == "B915"


def test_disk_full_while_publishing_shows_no_half_revision(small_disk: Path, tmp_path: Path) -> None:
    def made() -> Path:
        folder = tmp_path / "made"
        folder.mkdir()
        (folder / "config.cfg").write_text("[nlp]\n", encoding="utf8")
        (folder / "weights").write_bytes(os.urandom(100_000))
        return folder

    revisions = Revisions(small_disk / "models")
    name, manifest = revisions.next_name(3), {"answers": {"accept": 3}, "data": {}, "metrics": {}, "promoted": "yes"}
    filler = fill(small_disk, leave=50_000)
    with pytest.raises(OSError, match="No space left"):
        revisions.publish(made(), Manifest(name, "parent", **manifest))
    assert revisions.names() == [] and revisions.current() is None
    filler.unlink()
    shutil.rmtree(tmp_path / "made", ignore_errors=True)
    revisions.publish(made(), Manifest(name, "parent", **manifest))
    assert revisions.sound(name).is_dir()


def test_convert_that_is_killed_while_it_writes_leaves_the_corpus_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nlp = spacy.blank("en")
    write_docs([nlp("one two")], tmp_path / "a.spacy")

    def half(self: CorpusBin, path: Path) -> None:
        path.write_bytes(self.to_bytes()[:20])
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(CorpusBin, "to_disk", half)
        with pytest.raises(KeyboardInterrupt):
            write_docs([nlp("three")], tmp_path / "a.spacy")
    assert [doc.text for doc in read_docs(tmp_path / "a.spacy", nlp.vocab)] == ["one two"]


# --- models


@pytest.fixture(scope="module")
def crf_pipeline() -> Language:
    """A small `crf_ner` over convolutions."""
    nlp = spacy.blank("en")
    nlp.add_pipe("crf_ner")
    gold = nlp.make_doc("aspirin relieved gout")
    gold.set_ents([Span(gold, 0, 1, "Chemical")], default="outside")
    nlp.initialize(lambda: [Example(nlp.make_doc(gold.text), gold)])
    return nlp


def test_truncated_file_of_a_model_is_named_or_changes_nothing(crf_pipeline: Language, tmp_path: Path) -> None:
    model = tmp_path / "model"
    crf_pipeline.to_disk(model)
    expected = crf_pipeline("aspirin relieved gout").to_json()
    refused = []
    for path in sorted(path for path in model.rglob("*") if path.is_file()):
        data = path.read_bytes()
        path.write_bytes(data[: len(data) // 2])
        try:
            found = load_pipeline(model)("aspirin relieved gout").to_json()
        except BioactiveError as problem:
            refused.append((path.name, problem.code))
        else:
            assert found == expected, path
        path.write_bytes(data)
    assert {code for _, code in refused} == {"B302"}
    assert {"config.cfg", "model", "meta.json", "strings.json"} <= {name for name, _ in refused}
