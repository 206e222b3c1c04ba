"""The page opens before the recipe is there: what is answered at once, what waits, and what a failure comes to."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest

from bioactive.annotate.access import Access
from bioactive.annotate.controller import Controller
from bioactive.annotate.guard import POLICY
from bioactive.annotate.opening import Opening
from bioactive.annotate.server import create_app
from bioactive.annotate.store import Store
from bioactive.errors import error


def client(app: Any, base_url: str = "http://localhost:8080") -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=base_url)


def test_page_comes_at_once_and_tasks_when_the_recipe_is_there(tmp_path: Path) -> None:
    go_on, ended = threading.Event(), []

    def make() -> Any:
        assert go_on.wait(60)
        recipe = {"dataset": "ds", "view_id": "text", "stream": [{"text": "a"}], "on_exit": ended.append}
        return create_app(Controller(recipe, Store(str(tmp_path / "a.db"))))

    async def scenario() -> None:
        opening = Opening(make, "localhost", None, POLICY)
        async with opening.lifespan(), client(opening) as browser:
            page, script = await browser.get("/"), await browser.get("/static/js/app.js")
            assert (page.status_code, script.status_code) == (200, 200) and 'id="place"' in page.text
            assert page.headers["content-security-policy"] == POLICY
            waiting = asyncio.create_task(browser.post("/get_session_questions", json={}))
            await asyncio.sleep(0.2)
            assert not waiting.done()
            go_on.set()
            found = (await waiting).json()
            assert [task["text"] for task in found["tasks"]] == ["a"]
            assert (await browser.get("/")).text == page.text and not ended
        assert len(ended) == 1

    asyncio.run(scenario())


def test_strangers_are_turned_away_before_the_recipe_is_there() -> None:
    go_on = threading.Event()

    async def scenario() -> None:
        opening = Opening(go_on.wait, "0.0.0.0", Access(token="secret"), POLICY)
        async with opening.lifespan(), client(opening) as browser:
            assert [(await browser.get(path)).status_code for path in ("/", "/static/page.css", "/project")] == [
                401
            ] * 3
            assert (await browser.get("/", headers={"Authorization": "Bearer secret"})).status_code == 200
            go_on.set()
        local = Opening(go_on.wait, "localhost", None, POLICY)
        async with local.lifespan(), client(local, "http://elsewhere.example") as browser:
            assert (await browser.get("/project")).status_code == 400

    asyncio.run(scenario())


def test_failure_is_told_to_those_who_wait() -> None:
    def make() -> Any:
        raise error("B414")

    async def scenario() -> None:
        opening = Opening(make, "localhost", None, POLICY)
        told = threading.Event()
        opening.on_failure = told.set
        async with opening.lifespan(), client(opening) as browser:
            found = await browser.get("/project")
        assert found.status_code == 503 and "B414" in found.json()["detail"] and told.is_set()

    asyncio.run(scenario())


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    (tmp_path / "texts.txt").write_text("IL-2 binds .\n", encoding="utf-8")
    start = [sys.executable, "-m", "bioactive", "ner.manual", "ds", "en", str(tmp_path / "texts.txt")]
    return [*start, "--label", "GENE", "--port", "0", "--db", str(tmp_path / "a.db")]


def test_command_serves_and_ends_when_told(command: list[str], tmp_path: Path) -> None:
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=tmp_path)
    assert process.stdout is not None
    try:
        first = process.stdout.readline()
        url = first.removeprefix("Annotate at ").strip()
        (task,) = httpx.post(f"{url}get_session_questions", json={}, timeout=120).json()["tasks"]
        body = {"answers": [{**task, "answer": "accept"}]}
        assert httpx.post(f"{url}give_answers", json=body, timeout=60).json()["stored"] == 1
    finally:
        process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=60)[0]
    assert "0 are there. Ctrl+C ends." in said and "1 answers in dataset 'ds'." in said


def test_command_that_fails_ends_with_the_reason(command: list[str], tmp_path: Path) -> None:
    command[command.index("en")] = "no-such-pipeline"
    found = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=120)
    assert found.returncode == 1 and "B416" in found.stderr and "Traceback" not in found.stderr


def test_nothing_heavy_is_imported_before_the_page_is_open(tmp_path: Path) -> None:
    heavy = {"spacy", "torch", "transformers", "sqlalchemy", "fastapi"}
    code = (
        "import sys; from bioactive.annotate import opening; from bioactive.cli.app import app\n"
        f"opening.serve_early = lambda *rest: print(sorted({heavy} & set(sys.modules)))\n"
        "app(sys.argv[1:], standalone_mode=False)"
    )
    for words in (["ner.correct", "ds", "model", "t.jsonl"], ["ner.active", "ds", "model", "t.jsonl"]):
        told = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, cwd=tmp_path)
        assert told.stdout == "[]\n", told
