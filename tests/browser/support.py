"""What the browser tests do on the page, and what they read off it."""

from __future__ import annotations

import re
import time
from typing import Any

from bioactive.annotate.store import Store
from bioactive.annotate.tasks import Task, add_tokens
from bioactive.tokenizer import blank
from tests.app.support import ServerProcess

TEXT = "IL-2 wakes human T cells in the spleen."


def word(page: Any, text: str) -> Any:
    return page.locator(".tok", has_text=re.compile(f"^{re.escape(text)}")).first


def drag(page: Any, first: str, last: str) -> None:
    start, end = word(page, first).bounding_box(), word(page, last).bounding_box()
    page.mouse.move(start["x"] + 3, start["y"] + start["height"] / 2)
    page.mouse.down()
    page.mouse.move(end["x"] + end["width"] - 3, end["y"] + end["height"] / 2, steps=4)
    page.mouse.up()


def spans(page: Any) -> list[tuple[int, int, str]]:
    """Start, end and label of the spans on the page."""
    script = "document.getElementById('view').spans.map(s => [s.start, s.end, s.label])"
    return [tuple(span) for span in page.evaluate(script)]


def answers(server: ServerProcess, count: int) -> list[dict]:
    """The stored answers, once there are so many."""
    deadline = time.monotonic() + 15
    with Store(server.db) as store:
        while time.monotonic() < deadline:
            found = list(store.iter_examples("ds"))
            if len(found) >= count:
                return found
            time.sleep(0.1)
    raise AssertionError(f"{len(found)} answers, not {count}")


def save(page: Any) -> None:
    page.keyboard.press("Control+s")
    page.locator("#save", has_text="saved").wait_for()


def ready(page: Any) -> Any:
    page.locator(".tok").first.wait_for(state="attached")
    return page


def stretch(text: str, first: int, last: int, spans: list[Task] | None = None) -> Task:
    """A task that asks about the tokens `first` to `last` only."""
    (task,) = add_tokens(blank("en"), [{"text": text, "spans": spans or []}])
    for token in task["tokens"]:
        if not first <= token["id"] <= last:
            token["disabled"] = True
    return task
