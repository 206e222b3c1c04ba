"""Tasks and answers: what each answer makes of a Doc, and lines that are not tasks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.tokens import Doc

from bioactive.corpus.jsonl import doc_to_task, read_jsonl, task_to_doc, write_jsonl
from bioactive.errors import BioactiveError

NLP = spacy.blank("en")
SPANS = [{"start": 0, "end": 3, "token_start": 0, "token_end": 0, "label": "protein"}]


def doc_of(**task: Any) -> Doc:
    doc = task_to_doc({"text": "p53 and \U0001d6fc - actin", **task}, NLP.tokenizer)
    assert doc is not None
    return doc


def iobs(doc: Doc) -> list[int]:
    return [token.ent_iob for token in doc]


def test_task_accepted_full_view_is_gold_everywhere() -> None:
    doc = doc_of(spans=SPANS, answer="accept", _view_id="ner_manual")
    assert iobs(doc) == [3, 2, 2, 2, 2]
    assert [(span.text, span.label_) for span in doc.spans["sc"]] == [("p53", "protein")]


def test_task_accepted_without_spans_is_gold_without_entities() -> None:
    assert iobs(doc_of(answer="accept")) == [2] * 5
    assert iobs(doc_of(spans=[])) == [2] * 5


def test_task_disabled_tokens_are_missing() -> None:
    task = doc_to_task(NLP("p53 and actin"))
    task["tokens"][1]["disabled"] = task["tokens"][2]["disabled"] = True
    doc = task_to_doc({**task, "spans": SPANS, "answer": "accept"}, NLP.tokenizer)
    assert doc is not None and iobs(doc) == [3, 0, 0]


def test_task_rejected_full_view_is_missing_everywhere() -> None:
    doc = doc_of(spans=SPANS, answer="reject", _view_id="ner_manual")
    assert iobs(doc) == [0] * 5 and "incorrect_spans" not in doc.spans


@pytest.mark.parametrize(("answer", "first", "wrong"), [("accept", 3, 0), ("reject", 0, 1), (None, 0, 0)])
def test_task_binary_view(answer: str | None, first: int, wrong: int) -> None:
    doc = doc_of(spans=SPANS, _view_id="ner", **({"answer": answer} if answer else {}))
    assert iobs(doc) == [first, 0, 0, 0, 0]
    assert len(doc.spans.get("incorrect_spans", [])) == wrong


def test_task_ignored_makes_no_doc() -> None:
    assert task_to_doc({"text": "a", "answer": "ignore"}, NLP.tokenizer) is None


def test_task_pool_text_is_not_annotated() -> None:
    doc = doc_of(meta={"doc_id": "p1"})
    assert iobs(doc) == [0] * 5 and doc.user_data["doc_id"] == "p1"
    assert "spans" not in doc_to_task(doc)


def test_task_tokens_decide_the_words() -> None:
    places = [("p53", 0, False), ("-", 3, True), ("a", 5, False)]
    tokens = [
        {"text": text, "start": start, "end": start + len(text), "id": index, "ws": space}
        for index, (text, start, space) in enumerate(places)
    ]
    task = {"text": "p53- a", "tokens": tokens}
    doc = task_to_doc({**task, "spans": [{"start": 0, "end": 3, "label": "x"}]}, NLP.tokenizer)
    assert doc is not None and [token.text for token in doc] == ["p53", "-", "a"]
    assert doc.text == "p53- a" and [ent.text for ent in doc.ents] == ["p53"]
    assert doc_to_task(doc)["tokens"] == task["tokens"]


@pytest.mark.parametrize("key", ["entities", "label", "labels"])
def test_task_reads_triples_of_other_tools(key: str) -> None:
    assert [ent.text for ent in doc_of(**{key: [[0, 3, "protein"]]}).ents] == ["p53"]


@pytest.mark.parametrize(
    "task",
    [
        {"text": "ab", "spans": [{"start": 0, "end": 9, "label": "x"}]},
        {"text": "ab", "spans": [{"start": 1, "end": 1, "label": "x"}]},
        {"text": "ab", "spans": [{"start": 0, "end": 1}]},
        {"text": "ab", "spans": ["ab"]},
        {"text": "ab", "tokens": [{"text": "x", "start": 0, "end": 1}]},
    ],
)
def test_task_that_does_not_fit_is_refused(task: dict[str, Any]) -> None:
    with pytest.raises(BioactiveError, match=r"\[B119\] pool.jsonl:3:"):
        task_to_doc(task, NLP.tokenizer, where="pool.jsonl:3")


@pytest.mark.parametrize("line", ['{"text": "a"', '{"text": NaN}', '["text"]', '{"html": "a"}', '{"text": 3}'])
def test_jsonl_bad_line_names_file_and_line(tmp_path: Path, line: str) -> None:
    path = tmp_path / "pool.jsonl"
    path.write_text('{"text": "a"}\n' * 5 + "\n" + line + "\n", encoding="utf-8")
    with pytest.raises(BioactiveError, match=r"\[B118\].*pool.jsonl:7:"):
        list(read_jsonl(path))


def test_jsonl_crlf_bom_and_line_separators_inside_a_text(tmp_path: Path) -> None:
    path = tmp_path / "pool.jsonl"
    tasks = [{"text": "а\u2028б\u0085 \U0001d6fc"}, {"text": "й и\u0306"}]
    assert write_jsonl(tasks, path) == 2
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert [task for _, task in read_jsonl(path)] == tasks
