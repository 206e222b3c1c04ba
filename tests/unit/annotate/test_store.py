"""The store: nothing twice, nothing lost, the newest answer wins; on SQLite and on PostgreSQL."""

from __future__ import annotations

import json
import random
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from bioactive.annotate.database import database_url
from bioactive.annotate.exchange import dataset_stats, db_in, db_out
from bioactive.annotate.leases import Terms
from bioactive.annotate.rows import CHUNK, Answer
from bioactive.annotate.store import Store
from bioactive.annotate.tasks import Task, key_of, set_hashes
from bioactive.errors import BioactiveError


def task(text: str, answer: str = "accept") -> Task:
    return {**set_hashes({"text": text}), "answer": answer, "_timestamp": 1}


def given(text: str, answer: str = "accept", session: str = "ds-anna", answer_id: str = "") -> Answer:
    return Answer({**task(text, answer), "_session_id": session}, session, answer_id)


def answers_of(store: Store, name: str = "ds") -> list[tuple[str, str]]:
    return [(example["text"], example["answer"]) for example in store.iter_examples(name)]


def test_append_same_answer_twice_counts_once(store: Store) -> None:
    assert store.append("ds", [given("a")]) == 1
    assert store.append("ds", [given("a")]) == 0
    assert store.append("ds", [given("a"), given("a")]) == 0
    assert store.count_dataset("ds") == 1


def test_append_same_answer_at_another_time_counts_once(store: Store) -> None:
    later = given("a")
    later.content["_timestamp"] = 99
    assert (store.append("ds", [given("a")]), store.append("ds", [later])) == (1, 0)


def test_append_replay_with_answer_id_counts_once_after_change_of_mind(store: Store) -> None:
    first, second = given("a", "accept", answer_id="1"), given("a", "reject", answer_id="2")
    assert store.append("ds", [first]) == 1
    assert store.append("ds", [second]) == 1
    assert store.append("ds", [first]) == 0
    assert answers_of(store) == [("a", "reject")]


def test_append_change_of_mind_and_back_ends_with_the_last(store: Store) -> None:
    for answer in ("accept", "reject", "accept"):
        assert store.append("ds", [given("a", answer)]) == 1
    assert answers_of(store) == [("a", "accept")]
    assert answers_of(store, "ds-anna") == [("a", "accept")]


def test_append_keeps_answers_of_two_sessions(store: Store) -> None:
    store.append("ds", [given("a"), given("a", "reject", "ds-ben")])
    assert answers_of(store) == [("a", "accept"), ("a", "reject")]
    assert store.sessions == ["ds-anna", "ds-ben"]
    assert store.datasets == ["ds"]


def test_count_is_what_can_be_read_back(store: Store) -> None:
    rng = random.Random(0)
    with Store(store.database.engine.url.render_as_string(hide_password=False)) as other:  # as another program has it
        for number in range(60):
            text, answer = rng.choice("abcdef"), rng.choice(["accept", "reject", "ignore"])
            session = f"ds-{rng.choice(['anna', 'ben'])}"
            rng.choice([store, other]).append("ds", [given(text, answer, session, f"id-{number}")])
        store.add_examples([*store.iter_examples("ds"), task("g")], ["both", "more"])
        names = ("ds", "ds-anna", "ds-ben", "both", "more", "nothing")
        for name in names:
            assert store.count_dataset(name) == other.count_dataset(name) == len(store.get_dataset_examples(name))
        assert 6 <= store.count_dataset("ds") <= 12 and store.count_dataset("nothing") == 0
        other.drop_dataset("ds")
        for name in names:
            assert store.count_dataset(name) == len(store.get_dataset_examples(name))
        assert store.count_dataset("ds") == 0 < store.count_dataset("both")


def test_count_reads_no_answers(tmp_path: Path) -> None:
    with Store(str(tmp_path / "a.db")) as store:
        store.append("ds", [given("a")])
        asked: list[str] = []
        event.listen(store.database.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
        store.count_dataset("ds")
        with store.database.read() as connection:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked[-1]}", (1, 1)).all()
    steps = [row[-1] for row in plan if row[-1].startswith(("SCAN example", "SCAN link", "SEARCH"))]
    assert steps and all("INDEX" in step for step in steps), plan


@pytest.mark.postgres
def test_questions_about_a_few_tasks_read_a_few_links(postgres: str) -> None:
    """A dataset with many more answers than those of its sessions must not be read whole for each request."""

    def links(node: dict) -> int:
        own = node["Actual Rows"] * node["Actual Loops"] if node.get("Relation Name") == "link" else 0
        return int(own) + sum(links(part) for part in node.get("Plans", []))

    with Store(postgres) as store:
        for name in store.datasets:
            store.drop_dataset(name)
        store.add_examples([{**task(str(n)), "_session_id": f"ds-{n % 100}"} for n in range(2000)], ["ds"])
        keys = [key_of(task(str(n))) for n in range(1500, 1510)]
        with store.database.write() as connection:
            connection.exec_driver_sql("ANALYZE")
        asked: list[tuple[str, Any]] = []
        event.listen(store.database.engine, "before_cursor_execute", lambda *args: asked.append((args[2], args[3])))
        assert store.answered(["ds"], keys) == set(keys)
        answered = asked[-1]
        assert len(list(islice(store.iter_examples("ds"), 1501))) == 1501
        with store.database.read() as connection:
            for (query, values), most in ((answered, 10), (asked[-1], CHUNK)):
                plan = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {query}", values).scalar_one()
                assert 0 < links(plan[0]["Plan"]) <= most, plan
        store.drop_dataset("ds")


def test_append_ends_the_lease(store: Store) -> None:
    answer = given("a")
    store.leases.take(Terms("ds", 60, ["ds"]), "ds-anna", [answer.key], 10)
    assert store.leases.count("ds") == 1
    store.append("ds", [answer])
    assert store.leases.count("ds") == 0


def test_append_with_fewer_examples_stores_those(store: Store) -> None:
    answers = [given("a"), given("b")]
    assert store.append("ds", answers, [answers[0].content]) == 2
    assert answers_of(store) == [("a", "accept")]
    assert store.append("ds", answers, []) == 0


def test_iter_examples_pages_through_many(store: Store) -> None:
    store.add_examples([task(str(number)) for number in range(1203)], ["ds"])
    assert [example["text"] for example in store.iter_examples("ds")] == [str(number) for number in range(1203)]


def test_add_examples_counts_equal_ones_as_often_as_they_come(store: Store) -> None:
    many = [task(str(number % 400)) for number in range(1203)]
    assert store.add_examples(iter(many), ["ds"]) == 1203
    assert store.add_examples(iter(many), ["ds"]) == 0
    assert store.add_examples([*many, task("0"), task("new")], ["ds"]) == 2
    assert store.count_dataset("ds") == 1205


def test_add_examples_links_each_to_its_session_once_and_ends_its_lease(store: Store) -> None:
    anna = {**task("a"), "_session_id": "ds-anna"}
    store.leases.take(Terms("ds", 60, ["ds"]), "ds-anna", [given("a").key, given("b").key], 10)
    assert store.add_examples([anna, {**task("b"), "_session_id": "ds-ben"}, task("c")], ["ds", "ds-anna"]) == 3
    assert [text for text, _ in answers_of(store)] == ["a", "b", "c"]
    assert [text for text, _ in answers_of(store, "ds-anna")] == ["a", "b", "c"]
    assert [text for text, _ in answers_of(store, "ds-ben")] == ["b"]
    assert store.leases.count("ds") == 1  # that of b: it was ben who answered


@pytest.mark.parametrize("returning", [True, False])
def test_add_examples_keeps_the_order_with_and_without_returning(
    store: Store, returning: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("insert_executemany_returning", "insert_executemany_returning_sort_by_parameter_order"):
        if not returning:  # as with SQLite before 3.35
            monkeypatch.setattr(store.database.engine.dialect, name, False)
    store.add_examples([{**task(str(number)), "_session_id": "ds-anna"} for number in range(30)], ["ds"])
    assert [text for text, _ in answers_of(store)] == [str(number) for number in range(30)]
    assert store.get_dataset_examples("ds-anna") == store.get_dataset_examples("ds")


def test_add_examples_asks_a_few_times_for_many(store: Store) -> None:
    asked: list[str] = []
    event.listen(store.database.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    store.add_examples([{**task(str(number)), "_session_id": "ds-anna"} for number in range(500)], ["ds"])
    if store.database.engine.dialect.name == "sqlite":  # it tells no order of the numbers that several rows get
        asked = [statement for statement in asked if not statement.startswith("INSERT INTO example")]
    assert len(asked) < 20, Counter(asked)


def test_add_examples_that_fail_at_the_end_leave_nothing(store: Store) -> None:
    def broken() -> Iterator[Task]:
        yield from (task(str(number)) for number in range(1203))
        raise ValueError("the file ends here")

    with pytest.raises(ValueError, match="ends here"):
        store.add_examples(broken(), ["ds"])
    assert store.datasets == []


def test_drop_dataset_deletes_answers_leases_and_empty_sessions(store: Store) -> None:
    store.append("ds", [given("a"), given("a", "reject")])
    store.leases.take(Terms("ds", 60, ["ds"]), "ds-anna", [given("b").key], 10)
    store.append("other", [given("a", session="other-anna")])
    assert store.drop_dataset("ds") == 2
    assert (store.datasets, store.sessions) == (["other"], ["other-anna"])
    assert answers_of(store, "other") == [("a", "accept")]
    store.append("ds", [given("a")])
    assert store.count_dataset("ds") == 1


def test_drop_dataset_keeps_answers_that_another_dataset_holds(store: Store) -> None:
    store.add_examples([task("a")], ["one", "two"])
    assert store.drop_dataset("one") == 0
    assert answers_of(store, "two") == [("a", "accept")]


def test_unknown_dataset_is_named_with_those_that_exist(store: Store) -> None:
    store.add_dataset("known")
    for call in (store.drop_dataset, lambda name: list(store.iter_examples(name)), store.get_meta):
        with pytest.raises(BioactiveError, match=r"B407.*'nobody'.*known"):
            call("nobody")


def test_hashes_of_datasets(store: Store) -> None:
    store.add_examples([task("a"), task("b")], ["ds"])
    assert store.get_input_hashes("ds", "none") == {task("a")["_input_hash"], task("b")["_input_hash"]}
    assert store.get_task_hashes("ds") == {task("a")["_task_hash"], task("b")["_task_hash"]}
    assert "ds" in store
    assert "none" not in store


def test_answered_by_task_or_input(store: Store) -> None:
    plain, asked = set_hashes({"text": "a"}), set_hashes({"text": "a", "spans": []})
    store.add_examples([plain], ["ds"])
    keys = [key_of(plain), key_of(asked)]
    assert store.answered(["ds"], keys) == {key_of(plain)}
    assert store.answered(["ds"], keys, by="input") == set(keys)


def test_lease_belongs_to_one_session_until_it_runs_out(store: Store) -> None:
    key, now = given("a").key, [1000.0]
    store.leases.clock = lambda: now[0]
    assert store.leases.take(Terms("ds", 60, ["ds"]), "anna", [key], 10).leased == {key}
    assert store.leases.take(Terms("ds", 60, ["ds"]), "ben", [key], 10).leased == set()
    now[0] += 50
    assert store.leases.renew("ds", "anna", 60) == {key}
    now[0] += 50
    assert store.leases.take(Terms("ds", 60, ["ds"]), "ben", [key], 10).leased == set()
    now[0] += 11
    assert store.leases.take(Terms("ds", 60, ["ds"]), "ben", [key], 10).leased == {key}
    assert store.leases.renew("ds", "anna", 60) == set()


def test_lease_is_not_given_for_an_answered_task(store: Store) -> None:
    store.append("ds", [given("a")])
    taken = store.leases.take(Terms("ds", 60, ["ds"]), "ben", [given("a").key, given("b").key], 10)
    assert (taken.leased, taken.answered) == ({given("b").key}, {given("a").key})


def test_release_gives_tasks_back(store: Store) -> None:
    key = given("a").key
    store.leases.take(Terms("ds", 60, ["ds"]), "anna", [key], 10)
    assert store.leases.release("ds", "anna") == 1
    assert store.leases.take(Terms("ds", 60, ["ds"]), "ben", [key], 10).leased == {key}


def test_lease_goes_to_one_of_many_threads(store: Store) -> None:
    keys = [given(str(number)).key for number in range(40)]
    won: list[set] = []

    def grab(name: str) -> None:
        for key in keys:
            won.append(store.leases.take(Terms("ds", 60, ["ds"]), name, [key], 10).leased)

    threads = [threading.Thread(target=grab, args=(f"s{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(key for leased in won for key in leased) == sorted(keys)


def test_hostile_text_comes_back_as_it_was(store: Store) -> None:
    texts = ["<script>alert(1)</script>", "\u202eabc\u200b", "a\x00b", "😀é", "'; DROP TABLE example; --", "\ud83d"]
    store.append("ds", [given(text) for text in texts])
    assert [example["text"] for example in store.iter_examples("ds")] == texts


def test_db_in_and_db_out_round_trip(store: Store, tmp_path: Path) -> None:
    lines = [
        {"text": "a/b", "answer": "accept", "_timestamp": 7, "score": 0.12345678901234567, "extra": {"x": [None]}},
        {"text": "a/b", "answer": "accept", "_timestamp": 7, "score": 0.12345678901234567, "extra": {"x": [None]}},
        {"text": "б", "answer": "reject", "_session_id": "old-anna"},
    ]
    lines = [set_hashes(line) for line in lines]
    path = tmp_path / "in.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)) + "\n", encoding="utf-8")
    summary = db_in(store, "ds", path)
    assert (summary.added, summary.known) == (3, 0)
    assert [json.loads(line) for line in db_out(store, "ds")] == lines
    assert db_in(store, "ds", path).added == 0
    stats = dataset_stats(store, "ds")
    assert (stats.total, dict(stats.answers)) == (3, {"accept": 2, "reject": 1})


def test_db_in_stores_nothing_of_a_broken_file(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text('{"text": "a"}\n{"text": \n', encoding="utf-8")
    with pytest.raises(BioactiveError, match=r"B409.*in\.jsonl:2"):
        db_in(store, "ds", path)
    assert "ds" not in store


def test_store_refuses_file_that_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    path.write_text("These are my notes, not a database. " * 50)
    with pytest.raises(BioactiveError, match=r"B401.*notes\.db.*--db"):
        Store(str(path))
    assert path.read_text().startswith("These are my notes")


def test_store_refuses_tables_of_another_program(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE dataset (id INTEGER PRIMARY KEY)")
    connection.commit()
    connection.close()
    with pytest.raises(BioactiveError, match=r"B404.*dataset.*db-in"):
        Store(str(path))


def test_store_refuses_newer_schema(tmp_path: Path) -> None:
    path = tmp_path / "new.db"
    Store(str(path)).close()
    connection = sqlite3.connect(path)
    connection.execute("UPDATE schema_version SET version = 99")
    connection.commit()
    connection.close()
    with pytest.raises(BioactiveError, match=r"B403.*99"):
        Store(str(path))


@pytest.mark.parametrize("address", ["nowhere/x.db", "postgresql://u:secret@127.0.0.1:1/x", "what://x", "mysql://h/x"])
def test_store_says_why_it_cannot_open(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BioactiveError, match="B402") as caught:
        Store(address)
    assert "secret" not in str(caught.value)


def test_database_url_prefers_argument_then_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BIOACTIVE_DB", raising=False)
    assert database_url().database == "bioactive.db"
    monkeypatch.setenv("BIOACTIVE_DB", "postgresql://host/x")
    assert database_url().drivername == "postgresql+psycopg"
    assert database_url("mine.db").database == "mine.db"


def test_sqlite_is_durable_and_in_wal_mode(tmp_path: Path) -> None:
    with Store(str(tmp_path / "a.db")) as store, store.database.read() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
    assert [path.name for path in tmp_path.iterdir()] == ["a.db"]
