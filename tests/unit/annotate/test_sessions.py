"""Several sessions on one source: each task to one, to some, or to all of them."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from bioactive.annotate.controller import Controller
from bioactive.annotate.shelf import Spool
from bioactive.annotate.store import Store
from bioactive.annotate.tasks import Task
from bioactive.errors import BioactiveError


def make(store: Store, count: int = 4, **config: object) -> Controller:
    stream = [{"text": str(number)} for number in range(count)]
    return Controller({"dataset": "ds", "view_id": "text", "stream": stream}, store, {"batch_size": 2, **config})


def texts(tasks: list[Task]) -> list[str]:
    return [task["text"] for task in tasks]


def answer_all(controller: Controller, session: str) -> list[str]:
    """Answer until there is nothing left; the texts in order."""
    seen: list[str] = []
    while tasks := controller.get_questions(session):
        seen += texts(tasks)
        controller.receive_answers([{**task, "answer": "accept"} for task in tasks], session)
    return seen


def test_answers_do_not_wait_for_the_tasks_that_a_router_places(store: Store) -> None:
    asked, go_on = threading.Event(), threading.Event()

    def stream() -> Iterator[Task]:
        yield {"text": "first"}
        asked.set()
        assert go_on.wait(60)  # as long as a pipeline takes
        yield {"text": "second"}

    recipe = {"dataset": "ds", "view_id": "text", "stream": stream(), "task_router": lambda ctrl, name, item: [name]}
    controller = Controller(recipe, store, {"batch_size": 1})
    (task,) = controller.get_questions("ds-anna")
    found: list[Task] = []
    drawing = threading.Thread(target=lambda: found.extend(controller.get_questions("ds-ben")))
    drawing.start()
    try:
        assert asked.wait(60)
        giving = threading.Thread(target=controller.receive_answers, args=([{**task, "answer": "accept"}], "ds-anna"))
        giving.start()
        giving.join(30)
        assert not giving.is_alive() and drawing.is_alive() and store.count_dataset("ds") == 1
    finally:
        go_on.set()
        drawing.join()
    assert texts(found) == ["second"]


def test_overlap_gives_every_task_to_every_session_once(store: Store) -> None:
    controller = make(store, feed_overlap=True)
    first = controller.get_questions("ds-anna")
    assert texts(controller.get_questions("ds-ben")) == texts(first) == ["0", "1"]
    assert answer_all(controller, "ds-anna") == answer_all(controller, "ds-ben") == ["0", "1", "2", "3"]
    assert answer_all(controller, "ds-late") == ["0", "1", "2", "3"]
    assert store.count_dataset("ds") == 12


def test_overlap_after_a_restart_goes_on_where_each_session_was(store: Store) -> None:
    first = make(store, feed_overlap=True)
    first.receive_answers([{**task, "answer": "accept"} for task in first.get_questions("ds-anna")], "ds-anna")
    second = make(store, feed_overlap=True)
    assert answer_all(second, "ds-anna") == ["2", "3"]
    assert answer_all(second, "ds-ben") == ["0", "1", "2", "3"]


def test_overlap_counts_the_progress_of_each_session(store: Store) -> None:
    controller = make(store, feed_overlap=True)
    answer_all(controller, "ds-anna")
    anna, ben = controller.standing("ds-anna"), controller.standing("ds-ben")
    assert (anna.total, anna.mine, anna.done, anna.expected, anna.progress) == (4, 4, 4, 4, 1.0)
    assert (ben.total, ben.mine, ben.done, ben.expected, ben.progress) == (4, 0, 0, 4, 0.0)


def test_annotations_per_task_gives_each_task_to_so_many_sessions(store: Store) -> None:
    controller = make(store, annotations_per_task=2)
    assert texts(controller.get_questions("ds-anna")) == texts(controller.get_questions("ds-ben")) == ["0", "1"]
    assert texts(controller.get_questions("ds-carl")) == ["2", "3"]
    assert answer_all(controller, "ds-anna") == ["0", "1", "2", "3"]
    assert answer_all(controller, "ds-ben") == ["0", "1"]
    assert answer_all(controller, "ds-carl") == ["2", "3"]
    assert controller.standing("ds-anna").progress == 1.0
    assert answer_all(make(store, annotations_per_task=2), "ds-dora") == []


def test_annotations_per_task_hands_on_what_an_absent_session_holds(store: Store) -> None:
    now = [0.0]
    store.leases.clock = lambda: now[0]
    controller = make(store, 2, annotations_per_task=2, lease_seconds=60)
    controller.get_questions("ds-absent")
    assert answer_all(controller, "ds-anna") == ["0", "1"]
    assert controller.get_questions("ds-ben") == []
    now[0] = 61
    assert answer_all(controller, "ds-ben") == ["0", "1"]


def test_keep_alive_extends_the_leases_of_an_open_page(store: Store) -> None:
    now = [0.0]
    store.leases.clock = lambda: now[0]
    controller = make(store, 2, lease_seconds=60)
    controller.get_questions("ds-anna")
    now[0] = 50
    assert controller.keep_alive("ds-anna") == 2
    now[0] = 100
    assert controller.get_questions("ds-ben") == []


def test_history_has_the_newest_answers_of_the_session_only(store: Store) -> None:
    controller = make(store)
    for session in ("ds-anna", "ds-ben"):
        tasks = controller.get_questions(session)
        controller.receive_answers([{**task, "answer": "accept"} for task in tasks], session)
    changed = {**controller.history("ds-anna")[-1], "answer": "reject"}
    changed.pop("_answer_id")
    controller.receive_answers([changed], "ds-anna")
    found = controller.history("ds-anna")
    assert [(task["text"], task["answer"]) for task in found] == [("0", "reject"), ("1", "accept")]
    assert all(task["_answer_id"] and task["_received"] > 0 for task in found)
    assert texts(controller.history("ds-ben", 1)) == ["3"]


def test_allowed_sessions_refuse_others(store: Store) -> None:
    controller = make(store, allowed_sessions="anna, ben")
    assert controller.session_name("anna") == "ds-anna"
    controller.check_session("ds-ben")
    for call in (lambda: controller.session_name("eve"), lambda: controller.check_session("ds-eve")):
        with pytest.raises(BioactiveError, match="B417.*anna, ben"):
            call()
    with pytest.raises(BioactiveError, match="B417"):
        controller.session_name(None)


def test_task_that_is_no_json_is_counted_and_left_out(store: Store) -> None:
    stream = [{"text": "0", "x": float("nan")}, {"text": "1", "y": {1, 2}}, {"text": "2"}]
    controller = Controller({"dataset": "ds", "view_id": "text", "stream": stream}, store)
    assert texts(controller.get_questions("ds-anna")) == ["2"]
    assert sum(controller.stream.source.tally.counts.values()) == 2


def test_many_answered_tasks_are_passed_over_after_a_restart(store: Store) -> None:
    answer_all(make(store, 300, batch_size=50), "ds-anna")
    controller = make(store, 302)
    assert texts(controller.get_questions("ds-ben")) == ["300", "301"]


def test_spool_gives_back_what_was_put_in() -> None:
    spool = Spool()
    tasks = {(number, -number): {"text": "é\u202e😀" * number, "n": number} for number in range(5)}
    spool.update(tasks)
    assert dict(spool) == tasks
    del spool[2, -2]
    assert len(spool) == 4 and (2, -2) not in spool
