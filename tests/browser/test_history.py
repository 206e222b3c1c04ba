"""Earlier answers: undo across a reload, the list, and answers that wait in the browser's storage."""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Any

from tests.app.support import ServerProcess
from tests.browser.support import answers, ready, save, word

Start = Callable[..., ServerProcess]
Open = Callable[..., Any]
TEXTS = [f"Text{number} here." for number in range(8)]


def shown(page: Any) -> str:
    return page.locator("#view .text").inner_text()


def test_undo_works_after_a_reload(server: Start, new_page: Open) -> None:
    running = server(TEXTS)
    page = ready(new_page(f"{running.url}?session=anna"))
    word(page, "here").dblclick()
    for key in ("a", "x", "Space"):
        page.keyboard.press(key)
    save(page)
    page.reload()
    ready(page)
    assert shown(page) == TEXTS[3]
    for _ in range(3):
        page.keyboard.press("Backspace")
    word(page, "Text0").wait_for()
    assert page.locator(".ent").count() == 1
    page.keyboard.press("Delete")
    page.keyboard.press("x")
    word(page, "Text3").wait_for()
    save(page)
    found = {example["text"]: example["answer"] for example in answers(running, 3)}
    assert found == {TEXTS[0]: "reject", TEXTS[1]: "reject", TEXTS[2]: "ignore"}


def test_undo_works_for_answers_that_were_never_sent(server: Start, new_page: Open) -> None:
    running = server(TEXTS)
    page = ready(new_page(running.url))
    page.route("**/give_answers", lambda route: route.abort())
    for key in ("a", "a"):
        page.keyboard.press(key)
    page.reload()
    ready(page)
    assert shown(page) == TEXTS[2]
    page.keyboard.press("Backspace")
    assert shown(page) == TEXTS[1]
    page.unroute("**/give_answers")
    page.keyboard.press("x")
    word(page, "Text2").wait_for()
    save(page)
    assert {example["text"]: example["answer"] for example in answers(running, 2)} == {
        TEXTS[0]: "accept",
        TEXTS[1]: "reject",
    }


def test_answer_that_is_being_changed_is_not_lost_with_the_tab(server: Start, new_page: Open) -> None:
    running = server(TEXTS)
    page = ready(new_page(running.url))
    page.keyboard.press("a")
    page.keyboard.press("Backspace")
    assert shown(page) == TEXTS[0]
    page.close()
    again = page.context.new_page()
    again.goto(running.url)
    ready(again)
    assert [example["answer"] for example in answers(running, 1)] == ["accept"]
    assert shown(again) == TEXTS[1]


def test_list_goes_back_to_any_answer(server: Start, new_page: Open) -> None:
    running = server(TEXTS)
    page = ready(new_page(f"{running.url}?session=anna"))
    for key in ("a", "x", "a", "Space"):
        page.keyboard.press(key)
    save(page)
    page.reload()
    ready(page)
    page.keyboard.press("h")
    page.locator("#history-list li").first.wait_for()
    assert page.locator("#history-list .sign").all_inner_texts() == ["–", "✓", "✕", "✓"]
    page.locator("#history-list button", has_text="Text1").click()
    assert shown(page) == TEXTS[1]
    assert page.locator("#count").inner_text() == "3 / 8"
    page.keyboard.press("a")
    word(page, "Text4").wait_for()
    save(page)
    assert {example["text"]: example["answer"] for example in answers(running, 4)}[TEXTS[1]] == "accept"
    assert page.locator("#count").inner_text() == "4 / 8"


def test_leaving_a_task_for_an_earlier_one_keeps_what_was_marked(server: Start, new_page: Open) -> None:
    page = ready(new_page(server(TEXTS).url))
    page.keyboard.press("a")
    word(page, "here").dblclick()
    page.keyboard.press("Escape")
    page.keyboard.press("Backspace")
    assert shown(page) == TEXTS[0]
    page.keyboard.press("a")
    word(page, "Text1").wait_for()
    assert page.locator(".ent").count() == 1


def test_killed_server_loses_no_answer(server: Start, new_page: Open) -> None:
    running = server(TEXTS, batch_size=8)
    page = ready(new_page(f"{running.url}?session=anna"))
    page.keyboard.press("a")
    running.stop(signal.SIGKILL)
    for key in ("a", "x", "a"):
        page.keyboard.press(key)
    page.locator("#save.trouble").wait_for()
    assert "kept here" in page.locator("#save").inner_text()
    running.start()
    page.locator("#save", has_text="saved").wait_for(timeout=40000)
    found = [(example["text"], example["answer"]) for example in answers(running, 4)]
    assert found == [(TEXTS[0], "accept"), (TEXTS[1], "accept"), (TEXTS[2], "reject"), (TEXTS[3], "accept")]


def test_overlap_shows_every_session_every_task(server: Start, new_page: Open) -> None:
    running = server(TEXTS[:2], feed_overlap=True)
    for name in ("anna", "ben"):
        page = ready(new_page(f"{running.url}?session={name}"))
        assert shown(page) == TEXTS[0]
        page.keyboard.press("a")
        assert page.locator("#count").inner_text() == "1 / 2"
        page.keyboard.press("x")
        save(page)
    assert len(answers(running, 4)) == 4
