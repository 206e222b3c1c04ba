"""What a recipe brings for its page: templates, scripts, styles, keys, buttons, colours."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from bioactive.annotate.store import Store
from tests.app.support import ROOT


@pytest.fixture
def recipe_page(tmp_path: Path, new_page: Callable[..., Any]) -> Iterator[Callable[[str], Any]]:
    """Opens the page of one of the recipes in serve_recipe.py."""
    processes: list[subprocess.Popen[str]] = []

    def start(name: str) -> Any:
        command = [sys.executable, str(Path(__file__).with_name("serve_recipe.py")), str(tmp_path / "answers.db"), name]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        processes.append(process)
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        for _ in range(200):
            try:
                httpx.get(f"{url}health")
                break
            except httpx.TransportError:
                time.sleep(0.05)
        return new_page(url)

    yield start
    for process in processes:
        process.terminate()
        process.wait(20)
        assert process.stdout is not None
        process.stdout.close()


def stored(tmp_path: Path, count: int) -> list[dict[str, Any]]:
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        with Store(str(tmp_path / "answers.db")) as store:
            found = store.get_dataset("ds")
        if len(found) >= count:
            return found
        time.sleep(0.1)
    raise AssertionError(f"{len(found)} answers, not {count}")


def test_template_is_trusted_and_the_task_is_not(recipe_page: Callable[[str], Any], tmp_path: Path) -> None:
    page = recipe_page("html")
    page.locator("#lead").wait_for()
    assert page.inner_text("#lead") == "<b>Aspirin</b> & gout"
    style = "getComputedStyle(document.getElementById('lead'))"
    assert page.evaluate(f"[{style}.color, {style}.fontStyle, {style}.marginLeft]") == [
        "rgb(1, 2, 3)",
        "italic",
        "7px",
    ]
    assert page.inner_html("#raw b") == "bold"
    assert page.evaluate("[window.hacked ?? 0, document.querySelectorAll('#raw script, [onerror]').length]") == [0, 0]
    page.hover("#link")
    page.click("#link")
    assert page.evaluate("window.hacked ?? 0") == 0 and page.get_attribute("#link", "onmouseover") is None
    assert page.get_attribute("#link", "href") is None
    assert page.inner_text(".tag") == "<i>x</i>"
    page.click("#mark")
    assert page.get_attribute("#lead", "title") == "marked"
    assert page.get_attribute("#bad", "onclick") is None


def test_script_updates_tasks_and_hears_of_answers(recipe_page: Callable[[str], Any], tmp_path: Path) -> None:
    page = recipe_page("html")
    page.locator("#lead").wait_for()
    assert (
        page.evaluate("prodigy.viewId") == "html" and page.evaluate("prodigy.content.text") == "<b>Aspirin</b> & gout"
    )
    page.locator("#slider").evaluate("(slider) => { slider.value = 4; slider.dispatchEvent(new Event('input')); }")
    assert page.inner_text("#score") == "4"
    page.keyboard.press("a")
    page.locator("#lead", has_text="second").wait_for()
    assert page.inner_text(".none") == "no tags"
    page.keyboard.press("Backspace")
    page.locator("#lead", has_text="Aspirin").wait_for()
    page.keyboard.press("x")
    page.keyboard.press("a")
    page.keyboard.press("a")
    page.locator("#message", has_text="No").wait_for()
    found = {example["text"]: example for example in stored(tmp_path, 3)}
    assert found["<b>Aspirin</b> & gout"]["score"] == 4 and found["<b>Aspirin</b> & gout"]["answer"] == "reject"
    assert all(example["by"] == "script" for example in found.values())
    told = page.evaluate("window.told")
    assert told[0] == ["mount", None] and ["answer", "reject"] in told
    assert {name for name, _ in told} == {"mount", "update", "answer", "undo", "end"}


def test_blocks_keys_buttons_and_width(recipe_page: Callable[[str], Any], tmp_path: Path) -> None:
    page = recipe_page("blocks")
    page.locator(".first").wait_for()
    assert page.locator(".second").count() == 1 and page.locator("em").count() == 0
    assert [box.is_visible() for box in page.locator(".prodigy-buttons button").all()] == [
        True,
        False,
        False,
        False,
        True,
    ]
    assert page.evaluate("document.querySelector('main').getBoundingClientRect().width") == 500
    page.keyboard.press("y")
    page.keyboard.press("n")
    page.locator("textarea").fill("because")
    page.keyboard.press("Escape")
    for key in ("a", "i", "Space"):
        page.keyboard.press(key)
    assert page.inner_text(".first") == "<b>Aspirin</b> & gout"
    assert page.inner_text("[data-action=accept] kbd") == "Q"
    page.keyboard.press("q")
    page.locator(".first", has_text="second").wait_for()
    (example,) = stored(tmp_path, 1)
    assert (example["accept"], example["why"], example["answer"]) == ([1, "no"], "because", "accept")


def test_page_calls_a_hook_and_begins_another_stream(recipe_page: Callable[[str], Any]) -> None:
    page = recipe_page("hooks")
    page.locator("#shown").wait_for()
    page.click("#go")
    page.locator("#shown", has_text="fever 0").wait_for()
    page.keyboard.press("a")
    page.locator("#shown", has_text="fever 1").wait_for()


def test_labels_have_their_colours_and_scripts_may_add_spans(recipe_page: Callable[[str], Any]) -> None:
    page = recipe_page("spans")
    page.locator(".tok").first.wait_for()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.evaluate("prodigy.update({ spans: [{ start: 0, end: 4, token_start: 0, token_end: 0, label: 'GENE' }] })")
    border = "getComputedStyle(document.querySelector('.ent')).borderBottomColor"
    assert page.evaluate(border) == "rgb(9, 8, 7)"
    assert page.evaluate("prodigy.content.spans[0].label") == "GENE"


def test_policy_stays_strict_without_handlers(recipe_page: Callable[[str], Any]) -> None:
    page = recipe_page("spans")
    policy = httpx.get(page.url).headers["content-security-policy"]
    assert "script-src 'self';" in policy and "unsafe" not in policy


def test_options_have_keys_by_place_and_leave_digits_to_labels(
    recipe_page: Callable[[str], Any], tmp_path: Path
) -> None:
    page = recipe_page("pairs")
    page.locator(".tok").first.wait_for()
    page.locator(".option .ent").wait_for()
    assert page.inner_text(".option .ent").startswith("b") and page.inner_text(".option-note") == "0.50"
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("2")
    page.keyboard.press("w")
    page.keyboard.press("a")
    (example,) = stored(tmp_path, 1)
    assert example["accept"] == ["second"] and [span["label"] for span in example["spans"]] == ["TWO"]


def test_what_a_sorter_passed_over_is_asked_after_all(recipe_page: Callable[[str], Any], tmp_path: Path) -> None:
    page = recipe_page("sorted_away")
    page.locator("#view", has_text="Aspirin").wait_for()
    assert page.locator("#again").is_hidden()
    page.keyboard.press("a")
    page.locator("#again", has_text="2 passed over").click()
    # The one with the higher score first.
    page.locator("#view", has_text="third").wait_for()
    assert page.locator("#again").is_hidden() and page.locator("#message").is_hidden()
    page.keyboard.press("a")
    page.locator("#view", has_text="second").wait_for()
    page.keyboard.press("x")
    page.locator("#message", has_text="No more").wait_for()
    assert page.locator("#again").is_hidden() and "passed over" not in page.inner_text("#message")
    assert len(stored(tmp_path, 3)) == 3
