"""A headless browser, and a page on a running server."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bioactive.annotate.tasks import add_tokens
from bioactive.tokenizer import blank
from tests.app.support import ServerProcess

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test of this folder drives a browser."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A headless Chromium: BIOACTIVE_BROWSER, one that is installed, or Playwright's own.

    Not for the whole session: while it is there the main thread has an event loop, and no test may run one of its own.
    """
    path = os.environ.get("BIOACTIVE_BROWSER") or next(filter(None, map(shutil.which, BROWSERS)), None)
    with sync_api.sync_playwright() as playwright:
        try:
            chromium = playwright.chromium.launch(executable_path=path, args=FLAGS)
        except sync_api.Error as problem:
            pytest.skip(f"no browser to drive: {str(problem).splitlines()[0]}")
        yield chromium
        chromium.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Callable[..., ServerProcess]]:
    """Starts a server for texts, or tasks, on a database of its own."""
    started: list[ServerProcess] = []

    def start(tasks: list[Any], lang: str = "en", **config: Any) -> ServerProcess:
        records = [task if isinstance(task, dict) else {"text": task} for task in tasks]
        path = tmp_path / f"tasks{len(started)}.jsonl"
        made = [task if "html" in task else next(add_tokens(blank(lang), [task])) for task in records]
        lines = [json.dumps(task) + "\n" for task in made]
        path.write_text("".join(lines), encoding="utf-8")
        started.append(ServerProcess(str(tmp_path / "answers.db"), path, **config).start())
        return started[-1]

    yield start
    for process in started:
        process.stop()


@pytest.fixture
def new_page(browser: Any) -> Iterator[Callable[..., Any]]:
    """Opens a page; it fails the test when a script of the page fails."""
    contexts: list[Any] = []
    problems: list[str] = []

    def open_page(url: str, **options: Any) -> Any:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda problem: problems.append(str(problem)))
        page.on("console", lambda line: problems.append(line.text) if "Content Security" in line.text else None)
        page.goto(url)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert problems == []
