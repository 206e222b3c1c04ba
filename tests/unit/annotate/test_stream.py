"""Streams and sources: nothing repeated, broken lines counted with their place, memory flat."""

from __future__ import annotations

import io
import json
import tracemalloc
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from spacy.tokens import DocBin

from bioactive.annotate.controller import Controller
from bioactive.annotate.loaders import BROKEN, load_source
from bioactive.annotate.recipes import ner_manual
from bioactive.annotate.recipes.ner_manual import MISPLACED
from bioactive.annotate.store import Store
from bioactive.annotate.stream import DUPLICATES, Stream, without_duplicates
from bioactive.annotate.tasks import Task, add_tokens
from bioactive.corpus.tally import Tally
from bioactive.errors import BioactiveError
from bioactive.tokenizer import blank


def texts(tasks: Iterable[Task]) -> list[str]:
    return [task["text"] for task in tasks]


def test_apply_changes_the_stream_in_place() -> None:
    stream = Stream([{"text": "a"}, {"text": "b"}])
    assert stream.apply(lambda tasks, sign: ({"text": task["text"] + sign} for task in tasks), "!") is stream
    assert texts(stream) == ["a!", "b!"]
    assert stream.source.read == stream.source.total == 2


def test_apply_puts_tasks_where_the_stream_stands() -> None:
    stream = Stream([{"text": "a"}])
    assert "tokens" in next(stream.apply(add_tokens, nlp=blank("en"), stream=stream))


def test_without_duplicates_counts_them() -> None:
    tally = Tally()
    tasks = [{"text": "a"}, {"text": "b"}, {"text": "a"}, {"text": "a", "spans": []}]
    assert len(list(without_duplicates(tasks, tally))) == 3
    assert tally.counts[DUPLICATES] == 1
    assert len(list(without_duplicates(tasks, Tally(), by="input"))) == 2


def test_jsonl_source_skips_broken_lines_and_goes_on(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "pool.jsonl"
    lines = [
        '\ufeff{"text": "a"}',
        '{"text": "b"',
        "",
        "[1]",
        '{"no": "text"}',
        '{"text": "\\ud83d"}',
        '{"text": "z\u2028"}\r',
    ]
    path.write_text("\n".join(lines), encoding="utf-8")
    stream = load_source(path)
    assert texts(stream) == ["a", "z\u2028"]
    assert stream.source.tally.counts[BROKEN] == 4
    assert [where.split(": ")[0].rpartition(":")[2] for where in stream.source.tally.examples[BROKEN]] == list("2456")
    assert "pool.jsonl:2" in caplog.text


def test_source_with_every_fault_is_told_by_line_and_the_rest_is_asked(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    good = [json.dumps({"text": f"Text {name} ."}) for name in "abcd"]
    lines = [
        good[0],
        '{"text": "off", "spans": [{"start": 50, "end": 60, "label": "A"}]}',
        '{"text": "odd", "spans": [{"start": "x", "end": 3, "label": "A"}]}',
        '{"text": "no list", "spans": "A"}',
        good[1],
        '{"text": "no offsets", "tokens": [{"text": "nope"}]}',
        '{"text": "broken',
        good[1],
        '{"text": "half a word", "spans": [{"start": 0, "end": 2, "label": "A"}]}',
        '{"text": "none", "spans": null, "tokens": null}',
        good[2],
        good[3],
    ]
    (tmp_path / "pool.jsonl").write_text("\n".join(lines), encoding="utf-8")
    with Store(str(tmp_path / "a.db")) as store:
        recipe = ner_manual("ds", blank("en"), tmp_path / "pool.jsonl", ["A"])
        controller = Controller(recipe, store, {"batch_size": 20})
        shown = [task["text"] for task in controller.get_questions("ds-anna")]
    assert shown == ["Text a .", "Text b .", "none", "Text c .", "Text d ."]
    tally = controller.stream.source.tally
    assert tally.counts[BROKEN] == 5 and tally.counts[MISPLACED] == 1 and tally.counts[DUPLICATES] == 1
    for number in (2, 3, 4, 6, 7):
        assert f"pool.jsonl:{number}: " in caplog.text


def test_txt_source_takes_a_text_a_line(tmp_path: Path) -> None:
    path = tmp_path / "pool.txt"
    path.write_bytes("one\r\n\n  two\u2028three \n".encode() + b"\xff\n")
    stream = load_source(path)
    assert texts(stream) == ["one", "two\u2028three"]
    assert stream.source.tally.counts[BROKEN] == 1


def test_spacy_source_gives_sentences_with_document_ids(tmp_path: Path) -> None:
    nlp = blank("en")
    nlp.add_pipe("sentencizer")
    doc = nlp("One is here. Two is there.")
    doc.user_data["doc_id"] = "d7"
    DocBin(docs=[doc], store_user_data=True).to_disk(tmp_path / "pool.spacy")
    found = list(load_source(tmp_path / "pool.spacy", nlp.vocab))
    assert found == [{"text": text, "meta": {"doc_id": "d7"}} for text in ("One is here.", "Two is there.")]


def test_standard_input_is_a_source(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO('{"text": "a"}\n'))
    assert texts(load_source("-")) == ["a"]


@pytest.mark.parametrize(("name", "code"), [("none.jsonl", "B408"), ("notes.docx", "B408"), ("broken.spacy", "B120")])
def test_source_that_cannot_be_read_is_an_error(name: str, code: str, tmp_path: Path) -> None:
    if not name.startswith("none"):
        (tmp_path / name).write_bytes(b"\x00\x01")
    with pytest.raises(BioactiveError, match=code):
        list(load_source(tmp_path / name))


def test_memory_is_flat_over_a_long_source() -> None:
    def source(count: int) -> Iterator[Task]:
        for number in range(count):
            yield {"text": f"{number} " + "word " * 200}

    def peak(count: int) -> int:
        tracemalloc.start()
        for _ in without_duplicates(Stream(source(count)), Tally()):
            pass
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return used

    # A task takes over 1,000 bytes; what stays of one is its two hashes in a set.
    assert (peak(6000) - peak(1000)) / 5000 < 300


def test_source_length_is_known_for_files(tmp_path: Path) -> None:
    path = tmp_path / "pool.jsonl"
    path.write_text("".join(json.dumps({"text": str(number)}) + "\n\n" for number in range(5)))
    assert load_source(path).source.total == 5
