"""Recipes beyond ner.correct and ner.manual: what each asks, and how disagreements are put together."""

from __future__ import annotations

from typing import Any

import pytest
from spacy.language import Language

from bioactive.annotate.config import read_setting
from bioactive.annotate.controller import Controller
from bioactive.annotate.recipes import mark, ner_teach, review, spans_manual, textcat_manual
from bioactive.annotate.store import Store
from bioactive.annotate.tasks import set_hashes
from bioactive.errors import BioactiveError

TEXT = "IL-2 and CD28 wake T cells."


def span(start: int, end: int, label: str = "X") -> dict[str, Any]:
    return {"start": start, "end": end, "label": label}


def answer(text: str, session: str, kind: str = "accept", **more: Any) -> dict[str, Any]:
    view = {"_view_id": "ner_manual", "_session_id": session, "answer": kind}
    return {**set_hashes({"text": text}), **view, **more}


def test_teach_asks_about_one_span_at_a_time_the_least_certain_first(nlp: Language) -> None:
    recipe = ner_teach("ds", nlp, [{"text": TEXT}, {"text": "TNF-alpha too."}])
    tasks = list(recipe["stream"])
    assert recipe["view_id"] == "ner"
    assert [len(task["spans"]) for task in tasks] == [1, 1, 1, 1]
    distances = [abs(task["score"] - 0.5) for task in tasks]
    assert distances == sorted(distances)
    assert {task["meta"]["score"] for task in tasks} == {task["score"] for task in tasks}


def test_teach_asks_again_about_other_spans_of_an_answered_text(nlp: Language, store: Store) -> None:
    first = Controller(ner_teach("ds", nlp, [{"text": TEXT}]), store, {"batch_size": 1})
    task = first.get_questions("ds-anna")[0]
    first.receive_answers([{**task, "answer": "reject"}], "ds-anna")
    second = Controller(ner_teach("ds", nlp, [{"text": TEXT}]), store)
    assert len(second.get_questions("ds-ben")) == 2


def test_spans_manual_keeps_overlapping_spans(nlp: Language) -> None:
    recipe = spans_manual("ds", nlp, [{"text": TEXT, "spans": [span(0, 4), span(0, 13)]}], ["X"])
    assert recipe["view_id"] == "spans_manual"
    assert len(next(recipe["stream"])["spans"]) == 2


@pytest.mark.parametrize(("label", "view"), [(["A"], "classification"), (["A", "B"], "choice")])
def test_textcat_asks_yes_or_no_about_one_label_and_gives_options_for_more(label: list[str], view: str) -> None:
    recipe = textcat_manual("ds", [{"text": TEXT, "answer": "accept"}], label, exclusive=True)
    task = next(recipe["stream"])
    assert recipe["view_id"] == view
    assert "answer" not in task
    assert task.get("label") == ("A" if view == "classification" else None)
    assert [option["id"] for option in task.get("options", [])] == ([] if view == "classification" else label)
    assert recipe["config"]["choice_style"] == "single"
    with pytest.raises(BioactiveError, match="B414"):
        textcat_manual("ds", [], [])


def test_mark_shows_tasks_as_they_are() -> None:
    recipe = mark("ds", [{"text": TEXT, "spans": [span(0, 4)], "answer": "reject", "_task_hash": 5}], "ner")
    assert list(recipe["stream"]) == [{"text": TEXT, "spans": [span(0, 4)]}]


def test_review_groups_equal_answers_the_commonest_first(store: Store) -> None:
    scored = {**span(0, 4), "score": 0.5}
    answers = [
        answer("a text", "anna", spans=[span(2, 6)]),
        answer("a text", "ben", spans=[span(0, 1), span(2, 6)]),
        answer("a text", "carl", spans=[span(2, 6), span(0, 1)]),
        answer("a text", "dora", "ignore"),
        answer("one answer", "anna", spans=[scored]),
        answer("same", "anna", spans=[scored]),
        answer("same", "ben", spans=[span(0, 4)]),
    ]
    store.add_examples(answers, ["ds"])
    tasks = list(review("final", store, ["ds"])["stream"])
    assert [task["text"] for task in tasks] == ["a text", "same"]
    assert [version["sessions"] for version in tasks[0]["versions"]] == [["ben", "carl"], ["anna"]]
    assert [version["sessions"] for version in tasks[1]["versions"]] == [["anna", "ben"]]
    assert "spans" not in tasks[0] and tasks[0]["view_id"] == "ner_manual"
    assert len(list(review("final", store, ["ds"], singles=True)["stream"])) == 3


def test_review_stores_what_all_agree_on(store: Store) -> None:
    answers = [answer("same", who, spans=[span(0, 4)]) for who in ("anna", "ben")]
    store.add_examples([*answers, answer("x", "anna", spans=[]), answer("x", "ben", spans=[span(0, 1)])], ["ds"])
    for _ in range(2):
        recipe = review("final", store, ["ds"], auto_accept=True)
        assert [task["text"] for task in recipe["stream"]] == ["x"]
    (stored,) = store.iter_examples("final")
    assert (stored["text"], stored["spans"], stored["answer"]) == ("same", [span(0, 4)], "accept")


def test_review_of_an_unknown_dataset_is_an_error(store: Store) -> None:
    with pytest.raises(BioactiveError, match="B407"):
        review("final", store, ["missing"])


def test_setting_of_the_command_line_is_json_or_text() -> None:
    assert read_setting("feed_overlap=true") == ("feed_overlap", True)
    assert read_setting("instructions=a=b") == ("instructions", "a=b")
    with pytest.raises(BioactiveError, match="B418"):
        read_setting("feed_overlap")
