"""Marking beyond the first mark: edges, stretches, overlapping spans, single characters, many labels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.app.support import ServerProcess
from tests.browser.support import TEXT, answers, drag, ready, save, spans, stretch, word

Start = Callable[..., ServerProcess]
Open = Callable[..., Any]


def drag_edge(page: Any, side: str, to: str) -> None:
    """Drag the edge of the only span to a word."""
    box, end = page.locator(f".grip.{side}").bounding_box(), word(page, to).bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(end["x"] + end["width"] / 2, end["y"] + end["height"] / 2, steps=4)
    page.mouse.up()


def test_edge_is_dragged_and_the_suggestion_becomes_the_annotators(server: Start, new_page: Open) -> None:
    running = server(
        [{"text": TEXT, "spans": [{"start": 17, "end": 18, "label": "CELL", "score": 0.6, "source": "m"}]}]
    )
    page = ready(new_page(running.url))
    drag_edge(page, "end", "cells")
    assert spans(page) == [(17, 24, "CELL")]
    drag_edge(page, "start", "human")
    assert spans(page) == [(11, 24, "CELL")]
    drag_edge(page, "start", "T")
    page.keyboard.press("a")
    save(page)
    (example,) = answers(running, 1)
    assert example["spans"] == [{"start": 17, "end": 24, "token_start": 3, "token_end": 4, "label": "CELL"}]


def test_brackets_move_the_edges_of_the_selected_span(server: Start, new_page: Open) -> None:
    page = ready(new_page(server([{"text": TEXT, "spans": [{"start": 17, "end": 18, "label": "CELL"}]}]).url))
    for key, expected in [
        ("e", (17, 18)),
        ("]", (17, 24)),
        ("[", (11, 24)),
        ("Shift+{", (17, 24)),
        ("Shift+}", (17, 18)),
    ]:
        page.keyboard.press(key)
        assert spans(page)[0][:2] == expected
    page.keyboard.press("Control+z")
    assert spans(page)[0][:2] == (17, 24)


def test_untouched_suggestion_is_stored_as_it_came(server: Start, new_page: Open) -> None:
    suggested = {"start": 17, "end": 24, "label": "CELL", "score": 0.61, "source": "en_model-1.0", "token_start": 3}
    running = server([{"text": TEXT, "spans": [{**suggested, "token_end": 4}]}])
    page = ready(new_page(running.url))
    page.keyboard.press("a")
    save(page)
    assert answers(running, 1)[0]["spans"] == [{**suggested, "token_end": 4}]


def test_stretch_takes_one_key_when_the_suggestion_is_right(server: Start, new_page: Open) -> None:
    span = {"start": 17, "end": 24, "label": "CELL", "score": 0.6}
    running = server(
        [stretch(TEXT, 2, 5, [span]), stretch(f"{TEXT} B", 2, 5, [span]), stretch(f"{TEXT} C", 2, 5, [span])]
    )
    page = ready(new_page(running.url))
    keys = ["a", "n", "1", "a"]  # right; nothing in it; the wrong label
    for key in keys:
        page.keyboard.press(key)
    page.locator("#message:visible").wait_for()
    save(page)
    found = answers(running, 3)
    assert [[span["label"] for span in example["spans"]] for example in found] == [["CELL"], [], ["PROTEIN"]]
    assert {example["answer"] for example in found} == {"accept"}
    assert [token.get("disabled", False) for token in found[0]["tokens"]][:7] == [True, True, *[False] * 4, True]


def test_stretch_keeps_marks_inside_and_lets_an_edge_out(server: Start, new_page: Open) -> None:
    page = ready(new_page(server([stretch(TEXT, 2, 3)]).url))
    drag(page, "wakes", "cells")
    assert spans(page) == [(11, 18, "PROTEIN")]
    word(page, "spleen").dblclick(force=True)
    assert len(spans(page)) == 1
    drag_edge(page, "end", "cells")
    assert spans(page) == [(11, 24, "PROTEIN")]


def test_stretch_starts_the_cursor_inside_and_backspace_leaves_the_suggestion(server: Start, new_page: Open) -> None:
    page = ready(new_page(server([stretch(TEXT, 2, 5, [{"start": 17, "end": 24, "label": "CELL"}])]).url))
    page.keyboard.press("Backspace")
    assert len(spans(page)) == 1
    page.keyboard.press("Home")
    assert page.locator(".tok.cursor").inner_text() == "human"


def test_wrong_label_and_missing_span_take_three_keys_and_a_drag(server: Start, new_page: Open) -> None:
    running = server([{"text": TEXT, "spans": [{"start": 0, "end": 4, "label": "CELL"}]}])
    page = ready(new_page(running.url))
    for key in ("e", "1"):
        page.keyboard.press(key)
    drag(page, "spleen", "spleen")
    page.keyboard.press("a")
    save(page)
    assert [span["label"] for span in answers(running, 1)[0]["spans"]] == ["PROTEIN", "PROTEIN"]


def test_overlapping_spans_are_kept_apart(server: Start, new_page: Open) -> None:
    running = server([TEXT], view_id="spans_manual")
    page = ready(new_page(running.url))
    drag(page, "human", "cells")
    page.keyboard.press("Escape")
    page.keyboard.press("2")
    drag(page, "T", "cells")
    page.keyboard.press("Escape")
    assert spans(page) == [(11, 24, "PROTEIN"), (17, 24, "CELL")]
    before = page.locator(".tok").first.bounding_box()
    word(page, "cells").click()
    assert page.locator(".name.selected").inner_text().strip() == "PROTEIN"
    word(page, "cells").click()
    page.keyboard.press("3")
    assert spans(page) == [(11, 24, "PROTEIN"), (17, 24, "DISEASE")]
    page.locator(".name", has_text="PROTEIN").click()
    assert spans(page) == [(17, 24, "DISEASE")]
    assert page.locator(".tok").first.bounding_box() == before
    page.keyboard.press("a")
    save(page)
    assert answers(running, 1)[0]["_view_id"] == "spans_manual"


def test_characters_are_marked_in_character_mode(server: Start, new_page: Open) -> None:
    running = server(["😀 anti-CD28 wakes"], highlight_chars=True)
    page = ready(new_page(running.url))
    page.evaluate("document.getElementById('view').mark(7, 10)")
    page.keyboard.press("a")
    save(page)
    (example,) = answers(running, 1)
    (span,) = example["spans"]
    assert example["text"][span["start"] : span["end"]] == "CD28"
    touched = example["tokens"][span["token_start"]], example["tokens"][span["token_end"]]
    assert touched[0]["start"] <= span["start"] and span["end"] <= touched[1]["end"]


def test_c_switches_between_words_and_characters(server: Start, new_page: Open) -> None:
    page = ready(new_page(server([TEXT]).url))
    drag(page, "T", "cells")
    page.keyboard.press("c")
    assert page.locator(".tok").count() == len(TEXT)
    assert spans(page) == [(17, 24, "PROTEIN")]


def test_label_is_found_by_name_among_many(server: Start, new_page: Open) -> None:
    labels = [f"TYPE_{number}" for number in range(40)] + ["INJURY"]
    page = ready(new_page(server([TEXT], labels=labels).url))
    page.keyboard.press("/")
    page.keyboard.type("inj")
    assert page.locator("label-bar button:visible").count() == 1
    page.keyboard.press("Enter")
    assert page.locator("label-bar [aria-checked=true]").get_attribute("data-label") == "INJURY"
    drag(page, "T", "cells")
    assert spans(page)[0][2] == "INJURY"
    assert page.locator("label-bar button:visible").count() == 41
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_finger_marks_by_dragging(server: Start, new_page: Open) -> None:
    page = ready(new_page(server([TEXT]).url, has_touch=True, viewport={"width": 768, "height": 1024}))
    first, last = word(page, "T").bounding_box(), word(page, "cells").bounding_box()
    client = page.context.new_cdp_session(page)
    points = [(first["x"] + 2, first["y"] + 12), (first["x"] + 20, first["y"] + 12), (last["x"] + 20, last["y"] + 12)]
    for kind, (x, y) in zip(["touchStart", "touchMove", "touchMove"], points, strict=True):
        client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
    client.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    assert spans(page) == [(17, 24, "PROTEIN")]


@pytest.mark.parametrize("layout", [("ф", "KeyA"), ("a", "KeyA")])
def test_keys_count_by_their_place(layout: tuple[str, str], server: Start, new_page: Open) -> None:
    running = server([TEXT])
    page = ready(new_page(running.url))
    init = {"key": layout[0], "code": layout[1], "bubbles": True, "cancelable": True}
    page.evaluate("init => document.activeElement.dispatchEvent(new KeyboardEvent('keydown', init))", init)
    save(page)
    assert answers(running, 1)[0]["answer"] == "accept"
