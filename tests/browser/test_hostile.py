"""Markup in every place that somebody else fills: it shows as text, and no script of it runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from tests.app.support import ServerProcess
from tests.browser.support import answers, ready, save

Start = Callable[..., ServerProcess]
Open = Callable[..., Any]
ATTACK = "<img src=x onerror=window.owned=1><script>window.owned=1</script>"


def test_markup_in_labels_meta_session_and_file_names_is_text(server: Start, new_page: Open) -> None:
    task = {
        "text": f"IL-2 {ATTACK}",
        "spans": [{"start": 0, "end": 4, "label": ATTACK}],
        "meta": {ATTACK: ATTACK, "source": f"{ATTACK}.txt"},
    }
    running = server([task, f"second {ATTACK}"], labels=[ATTACK], instructions=ATTACK, dataset_title=ATTACK)
    page = ready(new_page(f"{running.url}?session={quote(ATTACK)}"))
    assert ATTACK in page.locator("body").inner_text()
    page.keyboard.press("a")
    save(page)
    page.keyboard.press("?")
    page.reload()
    ready(page)
    (stored,) = answers(running, 1)
    assert stored["_session_id"].endswith(ATTACK) and stored["spans"][0]["label"] == ATTACK
    assert page.evaluate("window.owned ?? 0") == 0
    assert page.locator("img[src=x]").count() == 0
    assert page.evaluate("[...document.scripts].every(script => script.src)")
