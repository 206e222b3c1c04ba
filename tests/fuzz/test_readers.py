"""Hostile files: nothing but coded errors comes out of any reader, and texts and offsets come through.

`benchmarks/fuzz.py` runs the same checks on many more inputs; what it finds becomes a line of FOUND.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bioactive.annotate.formats import get_stream
from bioactive.annotate.settings_files import read_settings
from bioactive.corpus.bioc import read_bioc
from bioactive.corpus.pubtator import read_pubtator
from bioactive.corpus.tally import Tally
from bioactive.errors import BioactiveError
from bioactive.strict_json import loads
from tests.fuzz.grammar import DEEP, FORMS, HUGE, NESTED, SEEDS, TASK, expand
from tests.fuzz.scratch import folder as scratch
from tests.fuzz.strategies import files
from tests.fuzz.targets import TARGETS, check

EXAMPLES = 40
# By most of its lines the columns stand between blanks, so that a tab belongs to a word.
TABBED = "## a\nI-DNA (x) O\n# newdoc id = 7\na\tU-DNAY9# b\n\nIL-2 NN S-DNA\nQ#\tU-DNA9# b\n\nIL-2 NN S-DNA\n"
FOUND = [
    ("jsonl", NESTED, "B118"),
    ("jsonl", '{"a":' * DEEP, "B118"),
    ("jsonl", '{"text": "\\ud800"}', "B118"),
    ("jsonl", '{"text": "a", "spans": [{"start": 0, "end": 1, "label": "\\uDC00"}]}', "B118"),
    ("jsonl", '{"text": "a", "tokens": [{}]}', "B119"),
    ("jsonl", '{"text": "a", "tokens": [{"text": 1}]}', "B119"),
    ("jsonl", '{"text": "a", "tokens": [{"text": "a", "disabled": true}]}', "B119"),
    ("jsonl", '{"text": "a", "tokens": {"text": "a"}}', "B119"),
    ("columns", "# newdoc id = 7\n -DOCSTART- O\n", "B900"),
    ("columns", TABBED, "B900"),
    ("brat", "\ufeff\ufeff", ""),
    ("pubtator", "1|t|IL-2\n1\t0\t²\tIL\tDNA\n", ""),
    ("pubtator", f"1|t|IL-2\n1\t0\t{HUGE}\tIL\tDNA\n", "B121"),
    ("brat", f"IL-2\0T1\tDNA 0 {HUGE}\tIL\n", "B115"),
    ("bioc", '<!DOCTYPE c [<!ENTITY a SYSTEM "file:///etc/passwd">]><collection/>', "B123"),
    ("bioc", '{"documents": [{"id": "1", "passages": [{"offset": "x", "text": 5, "annotations": []}]}]}', "B123"),
    ("bioc", SEEDS["bioc"][1].replace('"text": "IL-2", "sent', '"text": "\\ud800", "sent'), "B123"),
    ("bioc", SEEDS["bioc"][1].replace('"offset": 0, "infons": {}', '"offset": "0", "infons": {}'), "B123"),
    ("patterns", '{"label": "DNA", "pattern": [{"TEXT": {"REGEX": "["}}]}', "B601"),
    ("patterns", NESTED, "B601"),
    ("questions", NESTED, "B118"),
    ("questions", '{"passage": "\\ud800", "question": "a"}', "B118"),
    ("settings", NESTED, "B609"),
    ("settings", f"labels={NESTED}\0" + "{}", ""),
    ("answers", '{"text": "\\ud800", "answer": "accept"}', "B413"),
    ("source", '{"html": "\\ud800"}', "B409"),
    ("database", f"text\0{{}}\0{TASK}", "B610"),
    ("database", f"5\0[]\0{TASK}", "B610"),
    ("database", f"5\0\0{NESTED}", "B610"),
    ("database", f'5\0\0{TASK[:-1]}, "_timestamp": {"9" * 400}}}', ""),
    ("records", NESTED, "B805"),
    ("records", "\ufeff", "B805"),
    ("replies", f"a\0{NESTED}", "B556"),
    ("replies", 'a\0{"\\ud800": "a gene"}', "B556"),
]  # fmt: skip


@pytest.mark.parametrize("name", TARGETS)
def test_reader_gives_nothing_but_coded_errors(name: str) -> None:
    @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(files(name))
    def read(data: bytes) -> None:
        check(name, data)

    read()


@pytest.mark.parametrize("name", TARGETS)
def test_seeds_can_be_read(name: str) -> None:
    assert "" in {check(name, expand(name, b"\0" + seed.encode())) for seed in SEEDS[name]}
    assert set(FORMS) == set(SEEDS) == set(TARGETS)


@pytest.mark.parametrize(("name", "text", "code"), FOUND)
def test_case_that_was_found_stays_mended(name: str, text: str, code: str) -> None:
    assert check(name, text.encode()) == code


@given(st.lists(st.tuples(st.text("aβ😀 \u0301-", min_size=1, max_size=12), st.booleans()), min_size=1, max_size=6))
def test_offsets_of_pubtator_and_bioc_count_code_points(parts: list[tuple[str, bool]]) -> None:
    text, spans = "", []
    for part, marked in parts:
        if marked:
            spans.append((len(text), len(text) + len(part)))
        text += part
    folder = scratch()
    rows = "".join(f"7\t{start}\t{end}\t{text[start:end]}\tDNA\n" for start, end in spans)
    (folder / "p.pubtator").write_text(f"7|t|{text}\n{rows}", encoding="utf-8")
    marks = [
        {"id": "T", "infons": {"type": "DNA"}, "text": text[a:b], "locations": [{"offset": a + 5, "length": b - a}]}
        for a, b in spans
    ]
    passage = {"offset": 5, "infons": {}, "text": text, "sentences": [], "annotations": marks, "relations": []}
    document = {"id": "7", "infons": {}, "passages": [passage], "annotations": [], "relations": []}
    whole = {"source": "", "date": "", "key": "", "infons": {}, "documents": [document]}
    (folder / "p.json").write_text(json.dumps(whole), encoding="utf-8")
    for found in (*read_pubtator(folder / "p.pubtator", Tally()), *read_bioc(folder / "p.json", Tally())):
        assert found.text == text and [(span.start, span.end) for span in found.spans] == spans


@pytest.mark.parametrize("text", ["[1]", "{}", "nothing"])
def test_json_that_holds_no_tasks_is_named(text: str, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(text, encoding="utf-8")
    with pytest.raises(BioactiveError, match="B408"):
        list(get_stream(tmp_path / "a.json"))


@pytest.mark.parametrize("data", [b"text\n\xff\n", b'text\n"' + b"a" * 200_000])
def test_table_that_cannot_be_read_names_the_line(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(data)
    with pytest.raises(BioactiveError, match="B409"):
        list(get_stream(tmp_path / "a.csv"))


def test_settings_that_are_no_text_are_named(tmp_path: Path) -> None:
    (tmp_path / "bioactive.json").write_bytes(b"\xff")
    with pytest.raises(BioactiveError, match="B103"):
        read_settings({"PRODIGY_HOME": str(tmp_path / "none")}, tmp_path)


@pytest.mark.parametrize("text", ["NaN", "[-Infinity]", '"\\ud800"', b'{"a": "\\uDFFF"}', NESTED, "", "{,}"])
def test_what_only_looks_like_json_is_refused(text: str | bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        loads(text)


def test_json_with_whole_surrogate_pairs_is_read() -> None:
    assert loads('"\\ud83d\\ude00"') == "😀"
