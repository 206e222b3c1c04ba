"""Passwords and keys never reach a message, its trace, a log or an export."""

from __future__ import annotations

import io
import logging
import os
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from email.message import Message
from pathlib import Path
from urllib.error import HTTPError

import pytest

from bioactive.annotate.access import Access
from bioactive.annotate.controller import Controller
from bioactive.annotate.database import Database, database_url, shown
from bioactive.annotate.exchange import db_out
from bioactive.annotate.server import create_app
from bioactive.annotate.store import Store
from bioactive.cheap.chat import Chat, ChatOptions
from bioactive.errors import BioactiveError
from tests.app.support import ROOT, AppClient, numbered_tasks, postgres_server

SECRET = "geheim-0815"
# Nobody listens on port 1.
ADDRESSES = [
    f"postgresql://anna:{SECRET}@127.0.0.1:1/db",
    f"postgresql://anna@127.0.0.1:1/db?password={SECRET}&connect_timeout=1",
    f"postgresql://anna:{SECRET}@127.0.0.1:port/db",
    f"postgresql://anna:{SECRET}@127.0.0.1:1/db?nosuch=1",
    f"nosuch://anna:{SECRET}@127.0.0.1/db",
    f"mysql://anna:{SECRET}@127.0.0.1/db",
    f"://anna:{SECRET}@127.0.0.1/db",
]


def trace_of(work: Callable[[], object]) -> str:
    """All that a failure says, its causes included."""
    with pytest.raises(BioactiveError) as problem:
        work()
    return "".join(traceback.format_exception(problem.value))


@pytest.mark.parametrize("address", ADDRESSES)
def test_password_of_a_database_is_in_no_message_and_no_trace(address: str) -> None:
    assert SECRET not in trace_of(lambda: Database(address))


def test_password_of_a_database_is_not_printed_with_debug_either() -> None:
    command = [sys.executable, "-m", "bioactive", "--debug", "db-out", "notes", "--db", ADDRESSES[0]]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode and "Traceback" in done.stderr and "[B402]" in done.stderr
    assert SECRET not in done.stderr + done.stdout


def test_shown_address_keeps_all_but_the_password() -> None:
    url = database_url(f"postgresql://anna:{SECRET}@box:5432/db?sslmode=require&password={SECRET}")
    assert shown(url) == "postgresql+psycopg://anna:***@box:5432/db?password=hidden&sslmode=require"


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    yield from postgres_server()


def test_password_of_a_database_in_use_is_in_no_log_and_no_export(
    postgres: str, caplog: pytest.LogCaptureFixture
) -> None:
    url = database_url(postgres).set(password=SECRET).render_as_string(hide_password=False)
    with caplog.at_level(logging.DEBUG), Store(url) as store:
        recipe = {"dataset": "secrets", "view_id": "ner_manual", "stream": numbered_tasks(3)}
        controller = Controller(recipe, store, {"host": "0.0.0.0"})
        box = AppClient(create_app(controller, Access("anna", SECRET)), "http://box.lan:8080")
        assert box.get("/project", headers={"Authorization": f"Bearer {SECRET}"}).status_code == 401
        store.add_examples([{"text": "a", "answer": "accept"}], ["secrets"])
        written = "".join(db_out(store, "secrets"))
        told = trace_of(lambda: list(db_out(store, "absent")))
        store.drop_dataset("secrets")
    assert "accept" in written and SECRET not in written
    assert SECRET not in caplog.text + told


def test_key_that_a_language_model_quotes_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    chat = Chat(ChatOptions("http://127.0.0.1:1", "model", retries=0))

    def refuse(request: object, timeout: float) -> None:
        body = io.BytesIO(f'{{"error": "Incorrect key: {SECRET}"}}'.encode())
        raise HTTPError("http://127.0.0.1:1", 401, "Unauthorized", Message(), body)

    monkeypatch.setattr(chat._opener, "open", refuse)
    told = trace_of(lambda: chat.ask([{"role": "user", "content": "a"}]))
    assert "Incorrect key: ***" in told and SECRET not in told


def test_token_of_a_hub_is_in_no_message(tmp_path: Path) -> None:
    own = {**os.environ, "HF_TOKEN": SECRET, "HF_ENDPOINT": "http://127.0.0.1:1", "HF_HUB_OFFLINE": "0"}
    command = [sys.executable, "-m", "bioactive", "--debug", "models", "pull", "team/ner", "main"]
    done = subprocess.run([*command, "--models", str(tmp_path)], cwd=ROOT, env=own, capture_output=True, text=True)
    assert done.returncode and "[B808]" in done.stderr, done.stderr
    assert SECRET not in done.stderr + done.stdout
