"""Recipes about patterns and pipelines: what each asks, and what its answers come to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.language import Language
from typer.testing import CliRunner

from bioactive.annotate.controller import Controller
from bioactive.annotate.recipes import (
    match,
    model_annotate,
    ner_eval_ab,
    ner_manual,
    silver_to_gold,
    spans_correct,
    textcat_teach,
)
from bioactive.annotate.recipes.models import marked, preferred
from bioactive.annotate.store import Store
from bioactive.cli.app import app
from bioactive.corpus.jsonl import task_to_doc
from bioactive.errors import BioactiveError

TEXT = "IL-2 and CD28 wake T cells."
PATTERNS = [
    {"label": "PROTEIN", "pattern": "IL-2"},
    {"label": "CELL", "pattern": [{"LOWER": "t"}, {"LOWER": "cells"}]},
    {"label": "OTHER", "pattern": "wake"},
]


@pytest.fixture
def patterns(tmp_path: Path) -> Path:
    path = tmp_path / "patterns.jsonl"
    path.write_text("".join(json.dumps(entry) + "\n" for entry in PATTERNS), encoding="utf-8")
    return path


def shown(task: dict[str, Any]) -> list[tuple[str, str]]:
    return [(task["text"][span["start"] : span["end"]], span["label"]) for span in task["spans"]]


def ruler(*words: tuple[str, str], name: str = "one") -> Language:
    nlp = spacy.blank("en", meta={"name": name})
    nlp.add_pipe("entity_ruler").add_patterns([{"label": label, "pattern": word} for word, label in words])
    return nlp


def test_manual_shows_the_matches_of_patterns_with_the_labels_asked_for(nlp: Language, patterns: Path) -> None:
    own = {"text": TEXT, "spans": [{"start": 9, "end": 13, "label": "PROTEIN"}]}
    source = [{"text": TEXT}, {"text": "Nothing."}, own]
    tasks = list(ner_manual("ds", nlp, source, ["PROTEIN", "CELL"], patterns)["stream"])
    assert [shown(task) for task in tasks] == [[("IL-2", "PROTEIN"), ("T cells", "CELL")], [], [("CD28", "PROTEIN")]]
    assert tasks[0]["spans"][1]["token_start"] < tasks[0]["spans"][1]["token_end"]


def test_manual_names_the_line_that_is_no_pattern(nlp: Language, tmp_path: Path) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text('{"label": "A", "pattern": "x"}\n{"label": "A"}\n', encoding="utf-8")
    with pytest.raises(BioactiveError, match="B601.*bad.jsonl.*2"):
        ner_manual("ds", nlp, [], ["A"], path)


def test_match_asks_about_each_match_and_sinks_a_pattern_that_is_rejected(
    nlp: Language, store: Store, patterns: Path
) -> None:
    recipe = match("ds", nlp, [{"text": TEXT}, {"text": "IL-2 again."}], patterns, ["PROTEIN", "CELL"])
    assert (recipe["view_id"], recipe["config"]["labels"]) == ("ner", ["PROTEIN", "CELL"])
    controller = Controller(recipe, store, {"batch_size": 2})
    first = controller.get_questions("ds-anna")
    assert [shown(task) for task in first] == [[("IL-2", "PROTEIN")], [("T cells", "CELL")]]
    controller.receive_answers([{**first[0], "answer": "reject"}, {**first[1], "answer": "accept"}], "ds-anna")
    (later,) = controller.get_questions("ds-anna")
    assert later["score"] if "score" in later else later["spans"][0]["score"] < first[0]["spans"][0]["score"]
    doc = task_to_doc(store.get_dataset_examples("ds")[0], nlp.tokenizer)
    assert doc is not None and [span.text for span in doc.spans["incorrect_spans"]] == ["IL-2"]


def test_match_can_ask_about_the_whole_text(nlp: Language, patterns: Path) -> None:
    recipe = match("ds", nlp, [{"text": TEXT}], patterns, label_task=True)
    assert recipe["view_id"] == "classification"
    assert sorted(task["label"] for task in recipe["stream"]) == ["CELL", "OTHER", "PROTEIN"]


def test_spans_correct_shows_overlapping_spans_with_their_scores() -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("span_ruler").add_patterns(
        [{"label": "A", "pattern": "T cells"}, {"label": "B", "pattern": "human T cells"}]
    )
    recipe = spans_correct("ds", nlp, [{"text": "Most human T cells."}], spans_key="ruler")
    (task,) = recipe["stream"]
    assert recipe["view_id"] == "spans_manual"
    assert sorted(shown(task)) == [("T cells", "A"), ("human T cells", "B")]


def test_textcat_teach_asks_about_the_least_certain_label_first() -> None:
    nlp = spacy.blank("en")

    @Language.component("test_cats")
    def cats(doc: Any) -> Any:
        doc.cats = {"A": 0.9, "B": 0.55 if "x" in doc.text else 0.1}
        return doc

    nlp.add_pipe("textcat_multilabel").add_label("A")
    nlp.get_pipe("textcat_multilabel").add_label("B")
    nlp.initialize()
    nlp.add_pipe("test_cats")
    tasks = list(textcat_teach("ds", nlp, [{"text": "x"}, {"text": "y"}])["stream"])
    assert [(task["text"], task["label"]) for task in tasks] == [("x", "B"), ("x", "A"), ("y", "A"), ("y", "B")]
    assert {task["label"] for task in textcat_teach("ds", nlp, [{"text": "x"}], ["B"])["stream"]} == {"B"}


def test_eval_ab_asks_where_two_pipelines_differ_and_counts_who_was_preferred(store: Store) -> None:
    one, two = ruler(("IL-2", "P"), ("CD28", "P")), ruler(("IL-2", "P"), name="two")
    said: list[str] = []
    source = [{"text": f"IL-2 and CD28 {number}"} for number in range(40)] + [{"text": "IL-2"}, {"text": "none"}]
    recipe = ner_eval_ab("ds", one, two, source, report=said.append)
    controller = Controller(recipe, store, {"batch_size": 50})
    tasks = controller.get_questions("ds-anna")
    assert len(tasks) == 40
    assert 5 < sum(task["options"][0]["id"] == "A" for task in tasks) < 35  # who stands first is drawn
    answers = [
        {**task, "accept": ["A"] if number < 30 else ["B"], "answer": "accept"} for number, task in enumerate(tasks)
    ]
    controller.receive_answers(answers, "ds-anna")
    controller.close()
    assert said == ["en_one-0.0.0 (A) preferred 30 times, en_two-0.0.0 (B) 10"]
    again = list(ner_eval_ab("ds", one, two, source)["stream"])
    assert [task["options"] for task in again] == [task["options"] for task in tasks]
    assert preferred([{"answer": "accept", "accept": []}, {"answer": "reject", "accept": ["A"]}]) == {}


def test_marked_text_is_no_markup_of_its_own() -> None:
    found = marked("<script>a</script> & IL-2", [(21, 25, "<b>P")])
    assert found == "&lt;script&gt;a&lt;/script&gt; &amp; <mark>IL-2</mark><sub> &lt;b&gt;P</sub>"


def test_silver_to_gold_obeys_binary_answers(store: Store) -> None:
    nlp = ruler(("IL-2", "P"), ("CD28", "P"))
    answers = [
        {"text": "IL-2 and CD28", "spans": [{"start": 9, "end": 13, "label": "P"}], "answer": "reject"},
        {"text": "TNF binds IL-2", "spans": [{"start": 0, "end": 3, "label": "P"}], "answer": "accept"},
        {"text": "CD28 only", "spans": [{"start": 0, "end": 4, "label": "P"}], "answer": "ignore"},
    ]
    store.add_examples([{**answer, "_view_id": "ner"} for answer in answers], ["silver"])
    recipe = silver_to_gold("gold", store, ["silver"], nlp)
    tasks = {task["text"]: shown(task) for task in recipe["stream"]}
    assert tasks == {"IL-2 and CD28": [("IL-2", "P")], "TNF binds IL-2": [("TNF", "P"), ("IL-2", "P")]}
    assert recipe["view_id"] == "ner_manual"
    with pytest.raises(BioactiveError, match="B407"):
        silver_to_gold("gold", store, ["missing"], nlp)


def test_model_annotates_as_an_annotator(store: Store) -> None:
    nlp = ruler(("IL-2", "P"))
    source = [{"text": "IL-2"}, {"text": "none"}]
    assert model_annotate("ds", store, nlp, source, "v1") == 2
    assert model_annotate("ds", store, nlp, source, "v1") == 0
    found = store.get_dataset_examples("ds")
    assert [example["_session_id"] for example in found] == ["ds-v1", "ds-v1"]
    assert [shown(example) for example in found] == [[("IL-2", "P")], []]


def test_print_stream_shows_what_a_pipeline_finds(tmp_path: Path) -> None:
    ruler(("IL-2", "P")).to_disk(tmp_path / "model")
    (tmp_path / "texts.txt").write_text("IL-2 acts\nnone\n", encoding="utf-8")
    words = ["print-stream", str(tmp_path / "model"), str(tmp_path / "texts.txt")]
    result = CliRunner().invoke(app, words, catch_exceptions=False)
    assert [line.strip() for line in result.output.splitlines()] == ["[IL-2|P] acts", "none"]
    assert "IL-2 acts" in CliRunner().invoke(app, ["print-stream", "en", words[-1], "-n", "1"]).output
