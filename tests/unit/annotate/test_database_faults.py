"""Faults of the machine: a disk full of answers, a locked database, a lost server, a clock set back."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bioactive.annotate import database, leases
from bioactive.annotate.leases import Terms
from bioactive.annotate.server import create_app
from bioactive.annotate.store import Store
from bioactive.errors import BioactiveError
from tests.app.support import AppClient, restart_postgres
from tests.disk import fill, mounted


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 512 kB."""
    with mounted(tmp_path / "disk") as folder:
        yield folder


def give(store: Store, text: str) -> None:
    """Store an answer in "ds"."""
    store.add_examples([{"text": text, "answer": "accept"}], ["ds"])


def test_disk_full_while_answering_stores_nothing_and_goes_on_after(small_disk: Path) -> None:
    with Store(str(small_disk / "a.db")) as store:
        give(store, "first")
        filler = fill(small_disk)
        kept = []

        def answer_on() -> None:
            for number in range(500):  # the log has some room of its own
                give(store, f"{number} {'x' * 2000}")
                kept.append(number)

        with pytest.raises(BioactiveError) as caught:
            answer_on()
        assert caught.value.code == "B916"
        assert store.count_dataset("ds") == 1 + len(kept)
        filler.unlink()
        give(store, f"{len(kept)} {'x' * 2000}")
        assert store.count_dataset("ds") == 2 + len(kept)


def test_database_locked_by_another_program_is_told_and_then_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.1)
    with Store(str(tmp_path / "a.db")) as store:
        give(store, "first")
        other = sqlite3.connect(tmp_path / "a.db", isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(BioactiveError) as caught:
            give(store, "second")
        assert caught.value.code == "B917"
        other.execute("ROLLBACK")
        other.close()
        give(store, "second")
        assert store.count_dataset("ds") == 2


def test_page_is_told_to_send_again_while_the_database_is_locked() -> None:
    class Locked:
        """As much of a controller as one route needs."""

        def __init__(self) -> None:
            self.config, self.session_id = {"host": "127.0.0.1"}, "ds-anna"

        def check_session(self, session: str) -> None:
            raise BioactiveError("B917", "locked")

    app = create_app(Locked())  # type: ignore[arg-type]
    response = AppClient(app).post("/get_session_questions", json={"session_id": "ds-anna"})
    assert response.status_code == 503
    assert response.json()["code"] == "B917"


@pytest.mark.postgres
def test_server_that_ends_connections_is_told_and_then_used(postgres: str) -> None:
    with Store(postgres) as store:
        give(store, "first")
        before = store.count_dataset("ds")

        def ends_itself(connection: object) -> None:
            connection.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")  # type: ignore[attr-defined]

        with pytest.raises(BioactiveError) as caught:
            store.database.run(ends_itself)
        assert caught.value.code == "B918"
        give(store, "second")
        assert store.count_dataset("ds") == before + 1
        store.drop_dataset("ds")


@pytest.mark.postgres
def test_answers_outlast_a_restart_of_postgresql_under_load(postgres: str) -> None:
    acknowledged, told = [], []

    def work(store: Store, name: str) -> None:
        number = 0
        while number < 40 or not restarted.is_set():
            text = f"{name} {number}"
            try:
                added = store.add_examples([{"text": text, "answer": "accept"}], ["load"])
            except BioactiveError as problem:
                told.append(problem.code)
                time.sleep(0.05)
                continue
            acknowledged.append((text, added))
            number += 1

    restarted = threading.Event()
    with Store(postgres) as store:
        threads = [threading.Thread(target=work, args=(store, name)) for name in "abcd"]
        for thread in threads:
            thread.start()
        while len(acknowledged) < 20:
            time.sleep(0.01)
        try:
            restart_postgres(postgres)
        finally:
            restarted.set()
            for thread in threads:
                thread.join()
        stored = [eg["text"] for eg in store.iter_examples("load")]
        store.drop_dataset("load")
    assert sorted(stored) == sorted(text for text, _ in acknowledged)
    assert set(told) == {"B918"}


# --- the clock


def test_lease_runs_out_in_its_time_though_the_clock_is_set_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wall, since_start = [10_000.0], [50.0]

    def passes(seconds: float, set_back: float = 0.0) -> None:
        wall[0] += seconds - set_back
        since_start[0] += seconds

    monkeypatch.setattr(leases.time, "time", lambda: wall[0])
    monkeypatch.setattr(leases.time, "monotonic", lambda: since_start[0])
    with Store(str(tmp_path / "a.db")) as store:
        terms, key = Terms("ds", 60.0), (1, 2)
        assert store.leases.take(terms, "ds-anna", [key], 1).leased == {key}
        passes(30, set_back=3600)
        assert store.leases.take(terms, "ds-ben", [key], 1).leased == set()
        passes(31)
        assert store.leases.take(terms, "ds-ben", [key], 1).leased == {key}
    with Store(str(tmp_path / "a.db")) as store:  # a server that starts after the clock was set back
        passes(61)
        assert store.leases.take(terms, "ds-anna", [key], 1).leased == {key}
        passes(0, set_back=-7200)  # the clock is right again, or the machine has slept
        assert store.leases.count("ds") == 0
