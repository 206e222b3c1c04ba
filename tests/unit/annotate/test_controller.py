"""The controller: leases, resumption, validation, the order of a recipe's functions, progress."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bioactive.annotate.controller import Controller
from bioactive.annotate.store import Store
from bioactive.annotate.tasks import Task
from bioactive.errors import BioactiveError


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(str(tmp_path / "answers.db")) as opened:
        yield opened


def make(store: Store, count: int = 6, **components: Any) -> Controller:
    config = {"batch_size": 2, **components.pop("config", {})}
    stream = components.pop("stream", None)
    if stream is None:
        stream = [{"text": str(number)} for number in range(count)]
    return Controller({"dataset": "ds", "view_id": "text", "stream": stream, **components, "config": config}, store)


def texts(tasks: list[Task]) -> list[str]:
    return [task["text"] for task in tasks]


def accept(task: Task, **more: Any) -> Task:
    return {**task, "answer": "accept", **more}


def test_get_questions_gives_each_task_to_one_session(store: Store) -> None:
    controller = make(store)
    assert texts(controller.get_questions("anna")) == ["0", "1"]
    assert texts(controller.get_questions("ben")) == ["2", "3"]
    assert controller.get_questions("anna")[0]["_view_id"] == "text"


def test_servers_started_in_the_same_second_are_sessions_of_their_own(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.strftime", lambda form: "2026-01-02_03-04-05")
    one, other = make(store), make(store)
    assert one.session_id != other.session_id
    assert one.session_id.startswith("2026-01-02_03-04-05-") and one.session_name(None) == one.session_id
    assert not set(texts(one.get_questions())) & set(texts(other.get_questions()))


def test_get_questions_again_gives_what_was_never_answered(store: Store) -> None:
    controller = make(store)
    first = controller.get_questions("anna")
    assert controller.get_questions("anna") == first
    have = [task["_task_hash"] for task in first]
    assert texts(controller.get_questions("anna", have)) == ["2", "3"]
    assert texts(controller.get_questions("anna", have[:1])) == ["1", "2"]


def test_lease_runs_out_and_the_task_goes_to_another_session(store: Store) -> None:
    now = [0.0]
    store.leases.clock = lambda: now[0]
    controller = make(store, 3, config={"lease_seconds": 60})
    controller.get_questions("anna")
    assert texts(controller.get_questions("ben")) == ["2"]
    now[0] = 59
    controller.get_questions("ben")
    now[0] = 61
    assert texts(controller.get_questions("ben", [])) == ["2", "0"]


def test_end_session_gives_tasks_back_at_once(store: Store) -> None:
    controller = make(store, 2)
    controller.get_questions("anna")
    assert controller.get_questions("ben") == []
    assert controller.end_session("anna") == 2
    assert texts(controller.get_questions("ben")) == ["0", "1"]


def test_restart_resumes_without_repeats_and_keeps_leases(store: Store) -> None:
    first = make(store)
    first.receive_answers([accept(task) for task in first.get_questions("anna")], "anna")
    first.get_questions("ben")
    second = make(store)
    assert texts(second.get_questions("carl")) == ["4", "5"]
    assert texts(second.get_questions("ben")) == ["2", "3"]
    assert second.total_annotated == 2


def test_answers_are_taken_once_and_changed_by_the_newest(store: Store) -> None:
    controller = make(store)
    task = controller.get_questions("anna")[0]
    received = controller.receive_answers([accept(task)], "anna")
    assert (received.stored, received.known) == (1, 0)
    assert controller.receive_answers([accept(task)], "anna").known == 1
    assert controller.receive_answers([{**task, "answer": "reject"}], "anna").stored == 1
    (example,) = store.iter_examples("ds")
    assert example["answer"] == "reject"
    assert example["_session_id"] == example["_annotator_id"] == "anna"
    assert isinstance(example["_timestamp"], int)


def test_client_fields_are_not_stored(store: Store) -> None:
    controller = make(store)
    task = controller.get_questions("anna")[0]
    controller.receive_answers([accept(task, _answer_id="x", _shown=1.5, _answered=2.5)], "anna")
    (example,) = store.iter_examples("ds")
    assert not {"_answer_id", "_shown", "_answered"} & set(example)
    assert example["_timestamp"] == 2


@pytest.mark.parametrize(
    "bad",
    [
        {},
        {"answer": "accept", "x": float("nan")},
        {"answer": "maybe"},
        {"answer": "accept", "_session_id": 5},
        {"answer": "accept", "_task_hash": "x"},
    ],
)
def test_answer_that_is_none_is_refused_with_its_batch(bad: dict, store: Store) -> None:
    controller = make(store)
    task = controller.get_questions("anna")[0]
    with pytest.raises(BioactiveError, match="B413"):
        controller.receive_answers([accept(task), {"text": "a", **bad}], "anna")
    assert controller.total_annotated == 0


def test_validate_answer_refuses_with_the_recipes_words(store: Store) -> None:
    def validate(task: Task) -> None:
        if task["text"] == "0":
            raise AssertionError("Mark something")

    controller = make(store, validate_answer=validate)
    tasks = controller.get_questions("anna")
    received = controller.receive_answers([accept(task, _answer_id=task["text"]) for task in tasks], "anna")
    assert received.stored == 1
    assert received.refused == [{"index": 0, "answer_id": "0", "message": "Mark something"}]
    assert texts(controller.get_questions("anna")) == ["0", "2"]


def test_update_runs_before_before_db_and_once_for_an_answer(store: Store) -> None:
    calls: list[tuple[str, list[str]]] = []

    def update(answers: list[Task]) -> str:
        calls.append(("update", texts(answers)))
        return "learnt"

    def before_db(examples: list[Task]) -> list[Task]:
        calls.append(("before_db", texts(examples)))
        return [{**example, "extra": 1} for example in examples]

    controller = make(
        store, update=update, before_db=before_db, progress=lambda ctrl, result: float(result == "learnt")
    )
    tasks = [accept(task) for task in controller.get_questions("anna")]
    assert controller.progress() == 0.0
    controller.receive_answers(tasks, "anna")
    controller.receive_answers(tasks, "anna")
    assert calls == [("update", ["0", "1"]), ("before_db", ["0", "1"])]
    assert all(example["extra"] == 1 for example in store.iter_examples("ds"))
    assert controller.progress() == 1.0


def test_update_that_fails_loses_no_answer(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    def update(answers: list[Task]) -> None:
        raise RuntimeError("out of memory")

    controller = make(store, update=update)
    assert controller.receive_answers([accept(controller.get_questions("anna")[0])], "anna").stored == 1
    assert "out of memory" in caplog.text


def test_progress_takes_both_forms(store: Store) -> None:
    seen: list[tuple] = []
    make(store, progress=lambda *args: seen.append(args)).progress("anna", [])
    make(store, progress=lambda ctrl, session, answers, result: seen.append((session, answers))).progress("anna", [])
    assert len(seen[0]) == 4
    assert (seen[1][0].id, seen[1][1]) == ("anna", [])


def test_expected_counts_answers_and_what_is_left(store: Store) -> None:
    stream = [{"text": str(number)} for number in [0, 1, 2, 2, 3]]
    controller = make(store, stream=stream)
    assert controller.expected == 5
    for done in (2, 4):
        tasks = controller.get_questions("anna")
        controller.receive_answers([accept(task) for task in tasks], "anna")
        assert controller.total_annotated == done
    assert controller.get_questions("anna") == []
    assert controller.expected == 4
    assert controller.progress() == 1.0
    assert make(store, config={"total_examples_target": "8"}).expected == 8


def test_hooks_are_called_with_the_controller(store: Store) -> None:
    seen: list[object] = []
    controller = make(store, on_load=seen.append, on_exit=seen.append)
    controller.close()
    assert seen == [controller, controller]


def test_exclude_leaves_out_what_other_datasets_have(store: Store) -> None:
    store.add_examples([{"text": "0", "answer": "accept"}], ["done before"])
    assert texts(make(store, exclude=["done before"]).get_questions("anna")) == ["1", "2"]


def test_stream_of_one_task_is_served(store: Store) -> None:
    assert texts(make(store, 1).get_questions("anna")) == ["0"]
    assert make(store, stream=[]).get_questions("anna") == []


@pytest.mark.parametrize("key", ["dataset", "view_id", "stream"])
def test_recipe_without_a_key_is_an_error(key: str, store: Store) -> None:
    components = {"dataset": "ds", "view_id": "text", "stream": []}
    del components[key]
    with pytest.raises(BioactiveError, match=f"B411.*{key}"):
        Controller(components, store)


@pytest.mark.parametrize(
    "setting", [{"exclude_by": "words"}, {"batch_size": 0}, {"port": "many"}, {"annotations_per_task": 0}]
)
def test_setting_that_cannot_be_used_is_an_error(setting: dict, store: Store) -> None:
    with pytest.raises(BioactiveError, match=f"B415.*{next(iter(setting))}"):
        make(store, config=setting)


def test_dataset_of_another_view_is_told_and_goes_on(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    make(store)
    assert caplog.text == ""
    other = Controller({"dataset": "ds", "view_id": "ner", "stream": [{"text": "0"}]}, store)
    assert "begun with the view 'text'" in caplog.text
    assert texts(other.get_questions("anna")) == ["0"]


def test_before_db_may_change_answers_in_place_and_take_hashes_off(store: Store) -> None:
    def in_place(examples: list[Task]) -> None:
        for example in examples:
            example["by"] = "hand"

    controller = make(store, before_db=in_place)
    controller.receive_answers([accept(task) for task in controller.get_questions("anna")], "anna")
    assert [example["by"] for example in store.get_dataset("ds")] == ["hand", "hand"]
    bare = make(store, before_db=lambda examples: [{"text": e["text"], "answer": "accept"} for e in examples])
    assert bare.receive_answers([accept(task) for task in bare.get_questions("anna")], "anna").stored == 2
    assert all("_task_hash" in example for example in store.get_dataset("ds"))


def test_numbers_of_numpy_and_labels_as_a_text_are_taken(store: Store, tmp_path: Path) -> None:
    stream = [{"text": "a", "meta": {"score": np.float32(0.5), "path": tmp_path}}, {"text": "b", "bad": object()}]
    controller = make(store, stream=stream, config={"labels": "A, B"})
    (task,) = controller.get_questions("anna")
    assert task["meta"] == {"score": 0.5, "path": str(tmp_path)} and controller.config["labels"] == ["A", "B"]
