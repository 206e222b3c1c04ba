"""Databases and files of Prodigy: what goes in comes out."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import srsly

from bioactive.annotate.controller import Controller
from bioactive.annotate.exchange import db_in, db_out
from bioactive.annotate.prodigy_db import take_over
from bioactive.annotate.store import Store
from bioactive.annotate.tasks import set_hashes
from bioactive.errors import BioactiveError


def examples(count: int = 4) -> list[dict]:
    found = []
    for number in range(count):
        task = set_hashes({"text": f"Пациент {number} \U0001f600", "spans": [], "meta": {"n": number, "f": 1.0}})
        found.append(
            {
                **task,
                "answer": "accept",
                "_session_id": "ds-anna",
                "_annotator_id": "ds-anna",
                "_view_id": "ner_manual",
                "_timestamp": 1700000000 + number,
            }
        )
    return found


def prodigy_database(path: Path, content_type: type = bytes) -> list[dict]:
    """A database as the documents describe it: contents are bytes, an answer is linked to dataset and session."""
    rows = examples()
    with closing(sqlite3.connect(path)) as db:
        db.execute(
            "CREATE TABLE dataset (id INTEGER PRIMARY KEY, name VARCHAR, created INTEGER, meta BLOB, session INTEGER)"
        )
        db.execute("CREATE TABLE example (id INTEGER PRIMARY KEY, input_hash BIGINT, task_hash BIGINT, content BLOB)")
        db.execute("CREATE TABLE link (id INTEGER PRIMARY KEY, example_id INTEGER, dataset_id INTEGER)")
        db.execute("INSERT INTO dataset VALUES (3, 'ds', 1600000000, ?, 0)", (b'{"description": "mine"}',))
        db.execute("INSERT INTO dataset VALUES (7, 'ds-anna', 1600000001, NULL, 1)")
        for number, row in enumerate(rows, 10):
            written = srsly.json_dumps(row)
            content = written.encode() if content_type is bytes else written
            db.execute(
                "INSERT INTO example VALUES (?, ?, ?, ?)", (number, row["_input_hash"], row["_task_hash"], content)
            )
            db.execute("INSERT INTO link (example_id, dataset_id) VALUES (?, 3), (?, 7)", (number, number))
        db.execute("INSERT INTO link (example_id, dataset_id) VALUES (10, 3), (999, 3)")
        db.commit()
    return rows


@pytest.mark.parametrize("content_type", [bytes, str])
def test_database_is_taken_over_whole(tmp_path: Path, content_type: type) -> None:
    rows = prodigy_database(tmp_path / "prodigy.db", content_type)
    with Store(str(tmp_path / "ours.db")) as store:
        found = take_over(tmp_path / "prodigy.db", store)
        assert (found.datasets, found.sessions, found.examples, found.links) == (1, 1, 4, 8)
        assert store.datasets == ["ds"] and store.sessions == ["ds-anna"]
        assert store.get_dataset("ds") == rows and store.get_dataset("ds-anna") == rows
        assert store.get_meta("ds")["description"] == "mine" and store.get_meta("ds")["created"] == 1600000000
        tasks = [{"text": row["text"], "spans": []} for row in rows] + [{"text": "new", "spans": []}]
        recipe = {"dataset": "ds", "view_id": "text", "stream": tasks}
        assert [task["text"] for task in Controller(recipe, store).get_questions("ds-anna")] == ["new"]
        overlap = Controller({**recipe, "config": {"feed_overlap": True}}, store)
        assert [task["text"] for task in overlap.get_questions("ds-anna")] == ["new"]
        assert len(overlap.get_questions("ds-ben")) == 5


def test_database_is_not_taken_over_twice(tmp_path: Path) -> None:
    prodigy_database(tmp_path / "prodigy.db")
    with Store(str(tmp_path / "ours.db")) as store:
        store.add_dataset("other")
        take_over(tmp_path / "prodigy.db", store)
        with pytest.raises(BioactiveError, match=r"B611.*'ds'"):
            take_over(tmp_path / "prodigy.db", store)
        assert store.count_dataset("ds") == 4 and "other" in store


@pytest.mark.parametrize("kind", ["missing", "text", "empty", "broken"])
def test_other_files_are_named(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "prodigy.db"
    if kind == "text":
        path.write_text("no database at all, but long enough to be looked at" * 20)
    if kind == "empty":
        sqlite3.connect(path).close()
        path.touch()
    if kind == "broken":
        prodigy_database(path)
        with closing(sqlite3.connect(path)) as db:
            db.execute("UPDATE example SET content = '{' WHERE id = 12")
            db.commit()
    with Store(str(tmp_path / "ours.db")) as store:
        with pytest.raises(BioactiveError, match=r"B610.*prodigy.db"):
            take_over(path, store)
        assert store.datasets == []


def test_export_goes_in_and_out_byte_for_byte(tmp_path: Path) -> None:
    lines = [srsly.json_dumps(row) for row in examples()]
    path = tmp_path / "export.jsonl"
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    with Store(str(tmp_path / "ours.db")) as store:
        db_in(store, "ds", path)
        written = list(db_out(store, "ds"))
    assert written == lines  # the order of the keys happens to stay, too
    assert [srsly.json_dumps(json.loads(line), sort_keys=True) for line in written] == [
        srsly.json_dumps(json.loads(line), sort_keys=True) for line in lines
    ]
