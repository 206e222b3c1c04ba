"""A real server process: one task to one session, nothing lost, nothing twice, nothing repeated after a restart."""

from __future__ import annotations

import random
import signal
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from bioactive.annotate.listening import bind
from bioactive.annotate.store import Store
from bioactive.errors import BioactiveError
from tests.app.support import ServerProcess

Source = Callable[[int], Path]


def ask(server: ServerProcess, session: str, have: list[int] | None = None) -> list[dict]:
    body = {"session_id": session, "have": have or []}
    return httpx.post(f"{server.url}get_session_questions", json=body, timeout=30).raise_for_status().json()["tasks"]


def give(server: ServerProcess, session: str, tasks: list[dict], answer: str = "accept") -> dict:
    body = {"session_id": session, "answers": [{**task, "answer": answer} for task in tasks]}
    return httpx.post(f"{server.url}give_answers", json=body, timeout=30).raise_for_status().json()


def test_answers_are_in_the_database_and_count_once(source: Source, tmp_path: Path) -> None:
    db = str(tmp_path / "a.db")
    with ServerProcess(db, source(5)) as server:
        tasks = ask(server, "ds-anna")
        assert len(tasks) == 5
        assert give(server, "ds-anna", tasks)["stored"] == 5
        assert give(server, "ds-anna", tasks)["known"] == 5
        assert ask(server, "ds-anna") == []
    with Store(db) as store:
        assert [example["text"] for example in store.iter_examples("ds")] == [task["text"] for task in tasks]


def test_lease_runs_out(source: Source, tmp_path: Path) -> None:
    with ServerProcess(str(tmp_path / "a.db"), source(3), lease_seconds=3) as server:
        assert len(ask(server, "ds-anna")) == 3
        assert ask(server, "ds-ben") == []
        time.sleep(3.1)
        assert len(ask(server, "ds-ben")) == 3
        assert ask(server, "ds-anna") == []


def test_restart_repeats_nothing(source: Source, tmp_path: Path) -> None:
    server = ServerProcess(str(tmp_path / "a.db"), source(12), batch_size=4)
    with server:
        first = ask(server, "ds-anna")
        give(server, "ds-anna", first)
        out = ask(server, "ds-anna")
    with server:
        again = ask(server, "ds-anna")
        other = ask(server, "ds-ben")
    assert [task["text"] for task in again] == [task["text"] for task in out]
    seen = [task["text"] for task in first + out + other]
    assert len(set(seen)) == 12


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def test_kills_lose_no_acknowledged_answer(
    kind: str, source: Source, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    db = str(tmp_path / "a.db") if kind == "sqlite" else request.getfixturevalue("postgres")
    server = ServerProcess(db, source(120), batch_size=3, lease_seconds=600).start()
    acknowledged: dict[str, list[str]] = {}
    given_out: dict[str, set[str]] = {}
    done = threading.Event()

    def annotate(session: str) -> None:
        while not done.is_set():
            try:
                tasks = ask(server, session)
                for task in tasks:
                    given_out.setdefault(task["text"], set()).add(session)
                give(server, session, tasks)
                acknowledged[session] += [task["text"] for task in tasks]
            except (httpx.TransportError, httpx.HTTPStatusError):
                time.sleep(0.05)
                continue
            if not tasks:
                time.sleep(0.05)

    threads = []
    for number in range(4):
        acknowledged[f"ds-s{number}"] = []
        threads.append(threading.Thread(target=annotate, args=(f"ds-s{number}",)))
        threads[-1].start()
    rng = random.Random(1)
    try:
        for _ in range(4):
            time.sleep(rng.uniform(0.1, 0.5))
            server.stop(signal.SIGKILL)
            server.start()
        deadline = time.monotonic() + 60
        with Store(db) as store:
            while store.count_dataset("ds") < 120 and time.monotonic() < deadline:
                time.sleep(0.1)
    finally:
        done.set()
        for thread in threads:
            thread.join()
        server.stop()
    with Store(db) as store:
        stored = [example["text"] for example in store.iter_examples("ds")]
    assert len(stored) == len(set(stored)) == 120
    assert {text for texts in acknowledged.values() for text in texts} <= set(stored)
    assert max(len(sessions) for sessions in given_out.values()) == 1


def test_port_in_use_is_an_error_that_names_it() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        with pytest.raises(BioactiveError, match=rf"B405.*{port}.*--port"):
            bind("127.0.0.1", port)


@pytest.mark.parametrize(
    ("host", "port"), [("no.such.host.invalid", 8080), ("203.0.113.7", 8080), ("127.0.0.1", 99999)]
)
def test_address_that_cannot_be_listened_on_is_an_error(host: str, port: int) -> None:
    with pytest.raises(BioactiveError, match="B406"):
        bind(host, port)
