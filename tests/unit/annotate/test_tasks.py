"""Hashes against vectors worked out apart from the code, and tokens and spans of tasks."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bioactive.annotate.tasks import (
    add_tokens,
    align_spans,
    blinded,
    keep_disabled,
    key_of,
    only_asked,
    set_hashes,
    span_of,
    tokens_of,
)
from bioactive.errors import BioactiveError
from bioactive.tokenizer import blank

ROOT = Path(__file__).resolve().parents[3]
BLANK = blank("en")


def murmur3(data: bytes, seed: int = 0) -> int:
    """MurmurHash3 x86 32-bit, as its author describes it (Appleby 2011); signed."""
    value, mask = seed, 0xFFFFFFFF
    for start in range(0, len(data), 4):
        block = data[start : start + 4]
        k = int.from_bytes(block, "little") * 0xCC9E2D51 & mask
        k = ((k << 15 | k >> 17) & mask) * 0x1B873593 & mask
        value ^= k
        if len(block) == 4:
            value = ((value << 13 | value >> 19) & mask) * 5 + 0xE6546B64 & mask
    value ^= len(data)
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35), (16, 1)):
        value = (value ^ value >> shift) * factor & mask
    return value - (1 << 32) if value >> 31 else value


@pytest.mark.parametrize(
    ("task", "input_bytes", "task_bytes"),
    [
        ({"text": "a"}, b'text="a"', b'%d{"_input_hash":%d,"text":"a"}'),
        ({"text": "a", "spans": []}, b'text="a"', b"%dspans=[]"),
        ({"text": "é/", "label": "X"}, b'text="\\u00e9/"', b'%dlabel="X"'),
        (
            {"text": "a", "spans": [{"start": 0, "end": 1, "score": 0.5, "source": "m"}], "label": "L"},
            b'text="a"',
            b'%dspans=[{"end":1,"start":0}]label="L"',
        ),
        ({"html": "<b>", "image": "i.png", "arcs": []}, b'image="i.png"html="<b>"', b"%darcs=[]"),
        ({"b": 1, "a": {"score": 2, "c": [True, None]}}, b'{"a":{"c":[true,null]},"b":1}', None),
    ],
)
def test_set_hashes_equals_bytes_written_by_hand(task: dict, input_bytes: bytes, task_bytes: bytes | None) -> None:
    hashed = set_hashes(task)
    expected = murmur3(input_bytes)
    assert hashed["_input_hash"] == expected
    if task_bytes is not None:
        assert hashed["_task_hash"] == murmur3(task_bytes.replace(b"%d", str(expected).encode()))


def test_murmur3_equals_published_values() -> None:
    assert murmur3(b"") == 0
    assert murmur3(b"hello") == 0x248BFA47
    assert murmur3(b"hello, world") == 0x149BBB7F


def test_set_hashes_equals_exported_vectors() -> None:
    folder = Path(os.environ.get("BIOACTIVE_PRODIGY", ROOT.parent / "shared" / "prodigy"))
    if not (folder / "hash_vectors.jsonl").is_file():
        pytest.skip(f"no hash_vectors.jsonl in {folder}; BIOACTIVE_PRODIGY names the folder")
    lines = (folder / "hash_vectors.jsonl").read_text(encoding="utf-8").splitlines()
    wrong = 0
    for vector in map(json.loads, lines):
        hashed = set_hashes(vector["task"])
        wrong += any(hashed[key] != vector[key] for key in ("_input_hash", "_task_hash"))
    assert (len(lines), wrong) == (108, 0)


def test_set_hashes_keeps_hashes_unless_told_to_overwrite() -> None:
    task = {"text": "a", "_input_hash": 5, "_task_hash": 6}
    assert set_hashes(task) == task
    assert set_hashes(task, overwrite=True) == set_hashes({"text": "a"})


def test_set_hashes_leaves_its_argument_alone() -> None:
    task = {"text": "a"}
    set_hashes(task)
    assert task == {"text": "a"}


@settings(deadline=None)
@given(text=st.text(st.characters(blacklist_categories=["Cs"]), max_size=40))
def test_tokens_of_have_offsets_in_code_points(text: str) -> None:
    for token in tokens_of(BLANK.make_doc(text)):
        assert text[token["start"] : token["end"]] == token["text"]


def test_tokens_of_sentence_count_from_its_start() -> None:
    doc = BLANK("One. 😀 two three")
    sentence = doc[2:4]
    assert sentence.text == "😀 two"
    found = [(token["start"], token["end"], token["ws"]) for token in tokens_of(sentence)]
    assert found == [(0, 1, True), (2, 5, False)]
    assert span_of(doc[3:4], 2, doc[2].idx)["token_start"] == 1


def test_add_tokens_aligns_spans() -> None:
    task = {"text": "The IL-2 gene", "spans": [{"start": 4, "end": 8, "label": "G"}]}
    (done,) = add_tokens(BLANK, [task])
    first, last = done["spans"][0]["token_start"], done["spans"][0]["token_end"]
    assert done["tokens"][first]["start"] == 4
    assert done["tokens"][last]["end"] == 8


def test_add_tokens_refuses_span_inside_a_word() -> None:
    task = {"text": "The gene", "spans": [{"start": 5, "end": 8, "label": "G"}]}
    with pytest.raises(BioactiveError, match=r"B410.*5-8"):
        list(add_tokens(BLANK, [task]))
    skipped: list[object] = []
    assert list(add_tokens(BLANK, [task], skip=True, on_skip=lambda *what: skipped.append(what))) == []
    assert len(skipped) == 1


@pytest.mark.parametrize("span", [{"start": 0, "end": 99}, {"start": 4, "end": 3}, {"start": "0", "end": 3}, {}])
def test_align_spans_refuses_spans_off_the_text(span: dict) -> None:
    (task,) = add_tokens(BLANK, [{"text": "The gene"}])
    with pytest.raises(BioactiveError, match="B410"):
        align_spans({**task, "spans": [span]})


def test_keep_disabled_carries_flags_by_offsets() -> None:
    source = {"tokens": [{"start": 0, "end": 8, "disabled": True}, {"start": 9, "end": 12}]}
    task = {"tokens": [{"start": 0, "end": 3}, {"start": 3, "end": 8}, {"start": 9, "end": 12}]}
    flags = [token.get("disabled", False) for token in keep_disabled(task, source)["tokens"]]
    assert flags == [True, True, False]


def test_blind_tasks_hide_their_suggestions_and_stay_the_same_question() -> None:
    spans = [{"start": 0, "end": 1, "label": "X"}]
    tasks = [set_hashes({"text": f"{number} text", "spans": spans, "meta": {"a": 1}}) for number in range(1000)]
    hidden = [blinded(task, 0.2) for task in tasks]
    blind = [task for task in hidden if task["meta"].get("blind")]
    assert 150 < len(blind) < 250
    assert all(task["spans"] == [] and task["_suggested"] == spans for task in blind)
    assert [key_of(task) for task in hidden] == [key_of(task) for task in tasks]
    assert [blinded(task, 0.0) for task in tasks] == tasks
    assert all(blinded(task, 1.0)["meta"]["blind"] for task in tasks)


def test_suggestions_that_touch_no_word_asked_about_are_left_out() -> None:
    tokens = [
        {"start": 0, "end": 3, "disabled": True},
        {"start": 4, "end": 7},
        {"start": 8, "end": 11, "disabled": True},
    ]
    spans = [{"start": 0, "end": 3}, {"start": 4, "end": 11}, {"start": 8, "end": 11}]
    assert only_asked({"tokens": tokens, "spans": spans})["spans"] == [spans[1]]
    assert only_asked({"tokens": tokens}) == {"tokens": tokens}
    whole = {"tokens": [{"start": 0, "end": 3}], "spans": spans}
    assert only_asked(whole) == whole
