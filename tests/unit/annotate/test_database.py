"""The database: older schemas are brought up to date, and threads share a commit without sharing a failure."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, create_engine, text

from bioactive.annotate.database import Database, database_url
from bioactive.annotate.leases import Terms
from bioactive.annotate.rows import Answer
from bioactive.annotate.schema import SCHEMA_VERSION, metadata
from bioactive.annotate.store import Store
from bioactive.annotate.tasks import set_hashes

# The schema that version 1 made, as it was written to SQLite.
VERSION_1 = """
CREATE TABLE dataset (id {serial}, name VARCHAR(255) NOT NULL UNIQUE, created INTEGER NOT NULL, meta TEXT NOT NULL,
    session BOOLEAN NOT NULL);
CREATE TABLE example (id {serial}, input_hash INTEGER NOT NULL, task_hash INTEGER NOT NULL, content TEXT NOT NULL,
    replaces INTEGER UNIQUE REFERENCES example (id));
CREATE TABLE link (id {serial}, example_id INTEGER NOT NULL REFERENCES example (id),
    dataset_id INTEGER NOT NULL REFERENCES dataset (id));
CREATE UNIQUE INDEX link_dataset_example ON link (dataset_id, example_id);
CREATE TABLE receipt (id {serial}, dataset_id INTEGER NOT NULL REFERENCES dataset (id), session VARCHAR(255) NOT NULL,
    input_hash INTEGER NOT NULL, task_hash INTEGER NOT NULL, example_id INTEGER REFERENCES example (id),
    answer_id VARCHAR(128) NOT NULL, digest VARCHAR(64) NOT NULL, shown FLOAT, answered FLOAT, received FLOAT NOT NULL,
    UNIQUE (dataset_id, answer_id));
CREATE INDEX receipt_task ON receipt (dataset_id, task_hash, session);
CREATE TABLE lease (dataset_id INTEGER NOT NULL REFERENCES dataset (id), input_hash INTEGER NOT NULL,
    task_hash INTEGER NOT NULL, session VARCHAR(255) NOT NULL, taken FLOAT NOT NULL, expires FLOAT NOT NULL,
    PRIMARY KEY (dataset_id, input_hash, task_hash));
CREATE TABLE schema_version (version INTEGER NOT NULL);
INSERT INTO schema_version VALUES (1);
INSERT INTO dataset (id, name, created, meta, session) VALUES
    (1, 'ds', 5, '{{}}', {false}), (2, 'ds-anna', 5, '{{}}', {true});
INSERT INTO example (id, input_hash, task_hash, content) VALUES (1, 11, 12, '{{"text": "a", "answer": "accept"}}');
INSERT INTO link (id, example_id, dataset_id) VALUES (1, 1, 1), (2, 1, 2);
INSERT INTO receipt VALUES (1, 1, 'ds-anna', 11, 12, 1, 'id', 'digest', 1.0, 2.0, 3.0);
INSERT INTO lease VALUES (1, 21, 22, 'ds-ben', 1.0, 9e9)
"""


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database with the schema of version 1."""
    sqlite = request.param == "sqlite"
    address = str(tmp_path / "old.db") if sqlite else request.getfixturevalue("postgres")
    words = {"serial": "INTEGER PRIMARY KEY", "false": "0", "true": "1"}
    if not sqlite:
        words = {"serial": "SERIAL PRIMARY KEY", "false": "false", "true": "true"}
    engine = create_engine(database_url(address))
    with engine.begin() as connection:
        metadata.drop_all(connection)
        for statement in VERSION_1.format(**words).split(";\n"):
            connection.execute(text(statement))
        if not sqlite:
            for table in ("dataset", "example", "link", "receipt"):
                connection.execute(text(f"SELECT setval('{table}_id_seq', 10)"))
    yield address
    with engine.begin() as connection:
        metadata.drop_all(connection)
    engine.dispose()


def test_version_1_is_brought_up_to_date_and_loses_nothing(old: str) -> None:
    with Store(old) as store:
        assert [example["text"] for example in store.iter_examples("ds")] == ["a"]
        assert store.leases.renew("ds", "ds-ben", 60) == {(21, 22)}
        assert [answer["_answer_id"] for answer in store.history("ds", "ds-anna", 9)] == ["id"]
        every = Terms("ds", 60, copies=0)
        assert store.leases.take(every, "ds-anna", [(21, 22), (11, 12)], 9).leased == {(21, 22)}
        content = {**set_hashes({"text": "b"}), "answer": "accept", "meta": {"measure": "mnlp", "score": 0.5}}
        assert store.append("ds", [Answer(content, "ds-anna", "new")]) == 1
        with store.database.read() as connection:
            assert connection.execute(text("SELECT version FROM schema_version")).scalar_one() == SCHEMA_VERSION
            asked = "SELECT annotator, measure, score FROM receipt ORDER BY id"
            assert connection.execute(text(asked)).all() == [("ds-anna", None, None), (None, "mnlp", 0.5)]
    Store(old).close()


def test_threads_share_commits_and_each_gets_its_own_result(tmp_path: Path) -> None:
    database = Database(str(tmp_path / "a.db"))
    commits: list[int] = []
    plain = database._run_group
    database._run_group = lambda group: (commits.append(len(group)), plain(group))[1]  # type: ignore[method-assign]
    results: dict[int, object] = {}

    def work(number: int) -> None:
        def insert(connection: Connection) -> int:
            values = {"name": f"d{number}"}
            connection.execute(
                text("INSERT INTO dataset (name, created, meta, session) VALUES (:name, 0, '', 0)"), values
            )
            if number % 5 == 0:
                raise ValueError(number)
            return number

        try:
            results[number] = database.run(insert)
        except ValueError as problem:
            results[number] = problem

    begin = threading.Event()
    first = threading.Thread(target=database.run, args=(lambda connection: begin.wait(10),))
    first.start()
    while database._queue or not database._working:  # the first is at work
        time.sleep(0.001)
    threads = [threading.Thread(target=work, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    while len(database._queue) < 20:
        time.sleep(0.001)
    begin.set()
    for thread in (first, *threads):
        thread.join()
    assert commits == [1, 20]
    assert all(isinstance(results[number], ValueError) for number in range(0, 20, 5))
    assert all(results[number] == number for number in range(20) if number % 5)
    with database.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM dataset")).scalar_one() == 16
    database.close()


def test_failed_commit_fails_everything_that_shared_it(tmp_path: Path) -> None:
    database = Database(str(tmp_path / "a.db"))
    insert = "INSERT INTO link (example_id, dataset_id) VALUES (77, 77)"
    with pytest.raises(Exception, match="FOREIGN KEY"):
        database.run(lambda connection: connection.execute(text(insert)))
    database.close()
