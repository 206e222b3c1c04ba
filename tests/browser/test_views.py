"""The other views: what each shows and what it puts into the answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.app.support import ServerProcess
from tests.browser.support import TEXT, answers, ready, save, spans

Start = Callable[..., ServerProcess]
Open = Callable[..., Any]
OPTIONS = [{"id": "one", "text": "The <b>first</b>"}, {"id": "two", "html": "The <b onclick=x>second</b>"}]


def opened(new_page: Open, url: str) -> Any:
    page = new_page(url)
    page.locator("[data-action=accept]:enabled").wait_for()
    return page


def test_ner_asks_about_one_candidate(server: Start, new_page: Open) -> None:
    span = {"start": 17, "end": 24, "label": "CELL", "score": 0.55}
    running = server(
        [{"text": TEXT, "spans": [span]}, {"text": TEXT, "spans": [{**span, "label": "TISSUE"}]}], view_id="ner"
    )
    page = opened(new_page, running.url)
    assert page.locator(".candidate").inner_text() == "Is this a CELL?confidence 55 %"
    assert page.locator(".ent").get_attribute("aria-label") == "CELL, confidence 55 %"
    page.locator(".tok", has_text="human").dblclick()
    assert page.locator(".ent").count() == 1
    page.keyboard.press("a")
    page.keyboard.press("x")
    save(page)
    found = answers(running, 2)
    assert [(example["answer"], example["spans"][0]["label"]) for example in found] == [
        ("accept", "CELL"),
        ("reject", "TISSUE"),
    ]
    assert found[0]["spans"][0]["score"] == 0.55


def test_classification_shows_the_label_and_the_text(server: Start, new_page: Open) -> None:
    running = server([{"text": TEXT, "label": "IMMUNE"}], view_id="classification")
    page = opened(new_page, running.url)
    assert page.locator(".chip").inner_text() == "IMMUNE"
    page.keyboard.press("x")
    save(page)
    assert [(example["label"], example["answer"]) for example in answers(running, 1)] == [("IMMUNE", "reject")]


def test_choice_takes_one_and_shows_text_as_text(server: Start, new_page: Open) -> None:
    running = server([{"text": TEXT, "options": OPTIONS}], view_id="choice")
    page = opened(new_page, running.url)
    assert page.locator(".option").first.inner_text().startswith("The <b>first</b>")
    assert page.locator(".option b").inner_text() == "second"
    assert page.locator("[onclick]").count() == 0
    for key in ("1", "2", "a"):
        page.keyboard.press(key)
    save(page)
    assert answers(running, 1)[0]["accept"] == ["two"]


def test_choice_takes_several_and_undo_keeps_them(server: Start, new_page: Open) -> None:
    running = server(
        [{"text": TEXT, "options": OPTIONS}, {"text": "Next.", "options": OPTIONS}],
        view_id="choice",
        choice_style="multiple",
    )
    page = opened(new_page, running.url)
    for key in ("1", "2", "a", "Backspace"):
        page.keyboard.press(key)
    assert page.locator("input:checked").count() == 2
    for key in ("1", "a"):
        page.keyboard.press(key)
    save(page)
    assert [example["accept"] for example in answers(running, 1)] == [["two"]]


def test_choice_may_answer_by_itself(server: Start, new_page: Open) -> None:
    running = server([{"text": TEXT, "options": OPTIONS}], view_id="choice", choice_auto_accept=True)
    page = opened(new_page, running.url)
    page.locator(".option").first.click()
    page.locator("#message:visible").wait_for()
    save(page)
    assert [(example["answer"], example["accept"]) for example in answers(running, 1)] == [("accept", ["one"])]


def test_text_input_keeps_single_keys_as_text(server: Start, new_page: Open) -> None:
    running = server([{"text": TEXT}, {"text": "Next."}], view_id="text_input", field_id="name", field_label="Name")
    page = opened(new_page, running.url)
    page.keyboard.type("a x 1 😀")
    page.keyboard.press("Control+Enter")
    page.locator(".text", has_text="Next").wait_for()
    page.keyboard.press("Escape")
    page.keyboard.press("x")
    save(page)
    assert [(example["answer"], example["name"]) for example in answers(running, 2)] == [
        ("accept", "a x 1 😀"),
        ("reject", ""),
    ]


def test_text_shows_a_text(server: Start, new_page: Open) -> None:
    running = server(["<i>As it is</i>\nsecond line"], view_id="text")
    page = opened(new_page, running.url)
    assert page.locator(".text").inner_text() == "<i>As it is</i>\nsecond line"
    page.keyboard.press("Space")
    save(page)
    assert answers(running, 1)[0]["answer"] == "ignore"


def test_html_keeps_the_look_and_drops_what_acts(server: Start, new_page: Open) -> None:
    markup = (
        "<p style='color: rgb(1, 2, 3)' onclick='x()' id='view'>Red <b>bold</b></p>"
        "<script>document.title='owned'</script><iframe src='javascript:1'></iframe>"
        "<a href='javascript:alert(1)'>a</a><img src=x onerror='document.title=1'>"
    )
    page = opened(new_page, server([{"html": markup}], view_id="html").url)
    assert page.locator(".html b").inner_text() == "bold"
    assert page.locator(".html p").evaluate("p => getComputedStyle(p).color") == "rgb(1, 2, 3)"
    assert (
        page.locator(".html script, .html iframe, .html [onclick], .html [onerror], .html [href], .html [id]").count()
        == 0
    )
    assert page.title() == "ds · bioactive"


def test_html_template_puts_values_in_as_text(server: Start, new_page: Open) -> None:
    template = "<h2>{{text}}</h2><p>{{meta.score}} {{{markup}}} {{missing}}</p>"
    task = {"text": "<b>not bold</b>", "markup": "<i>italic</i>", "meta": {"score": 0.5}}
    page = opened(new_page, server([task], view_id="html", html_template=template).url)
    assert page.locator(".html h2").inner_text() == "<b>not bold</b>"
    assert page.locator(".html i").inner_text() == "italic"
    assert page.locator(".html p").inner_text().startswith("0.5")


def test_blocks_put_their_answers_together(server: Start, new_page: Open) -> None:
    blocks = [
        {"view_id": "ner_manual"},
        {"view_id": "choice", "text": None},
        {"view_id": "text_input", "field_autofocus": False},
    ]
    running = server([{"text": TEXT, "options": OPTIONS}], view_id="blocks", blocks=blocks)
    page = opened(new_page, running.url)
    page.locator(".tok", has_text="spleen").dblclick()
    page.locator(".option").nth(1).click()
    page.locator(".field input").fill("a note")
    page.keyboard.press("Escape")
    page.keyboard.press("a")
    save(page)
    (example,) = answers(running, 1)
    assert [span["label"] for span in example["spans"]] == ["PROTEIN"]
    assert (example["accept"], example["user_input"]) == (["two"], "a note")


def test_review_shows_versions_and_stores_the_one_that_stands(server: Start, new_page: Open) -> None:
    versions = [
        {"spans": [{"start": 17, "end": 24, "label": "CELL"}], "sessions": ["anna"], "answer": "accept"},
        {"spans": [{"start": 0, "end": 4, "label": "PROTEIN"}], "sessions": ["ben", "carl"], "answer": "accept"},
    ]
    running = server([{"text": TEXT, "view_id": "ner_manual", "versions": versions}], view_id="review")
    page = opened(new_page, running.url)
    current = "document.querySelector('.adjudicated ner-manual').spans.map(s => s.label)"
    assert page.evaluate(current) == ["PROTEIN"]
    assert [item.strip() for item in page.locator(".verdict").all_inner_texts()] == ["by ben, carl", "by anna"]
    page.keyboard.press("Shift+Digit2")
    assert page.evaluate(current) == ["CELL"]
    page.keyboard.press("a")
    save(page)
    (example,) = answers(running, 1)
    assert [(span["start"], span["label"]) for span in example["spans"]] == [(17, "CELL")]


def test_view_that_the_page_does_not_know_is_said(server: Start, new_page: Open) -> None:
    page = opened(new_page, server([TEXT], view_id="telepathy").url)
    assert "telepathy" in page.locator(".message.trouble").inner_text()


@pytest.mark.parametrize("lang", ["en", "ru"])
def test_interface_speaks_the_recipes_language(lang: str, server: Start, new_page: Open) -> None:
    page = opened(new_page, server([TEXT], ui_lang=lang).url)
    words = {"en": ("Accept", "History"), "ru": ("Принять", "История")}[lang]
    assert page.locator("[data-action=accept]").inner_text().startswith(words[0])
    assert page.locator("#open-history").inner_text() == words[1]
    assert page.locator("html").get_attribute("lang") == lang
    page.locator("#open-settings").click()
    page.locator("#set-lang").select_option("en" if lang == "ru" else "ru")
    assert page.locator("#open-history").inner_text() != words[1]
    assert spans(page) == []


def test_settings_stay_after_a_reload(server: Start, new_page: Open) -> None:
    page = opened(new_page, server([TEXT, "Next."]).url)
    page.locator("#open-settings").click()
    page.locator("#set-theme").select_option("dark")
    page.locator("#set-target").fill("50")
    page.locator("#set-target").blur()
    page.keyboard.press("Escape")
    page.reload()
    page.locator("[data-action=accept]:enabled").wait_for()
    assert page.locator("html").get_attribute("data-theme") == "dark"
    assert page.locator("#mine").inner_text() == "you 0 / 50"
    page.keyboard.press("a")
    assert page.locator("#mine").inner_text() == "you 1 / 50"


def test_instructions_and_flag(server: Start, new_page: Open) -> None:
    running = server([TEXT], instructions="Mark <b>every</b> cell.")
    page = opened(new_page, running.url)
    page.locator("#open-instructions").click()
    assert page.locator("#instructions-text").inner_text() == "Mark <b>every</b> cell."
    page.keyboard.press("Escape")
    page.keyboard.press("f")
    assert page.locator("#flag").get_attribute("aria-pressed") == "true"
    page.keyboard.press("a")
    save(page)
    assert answers(running, 1)[0]["flagged"] is True


@pytest.mark.parametrize(
    ("ui_lang", "line"), [("en", "ranked by revision 3, 150 answers"), ("ru", "ревизия 3, ответов: 150")]
)
def test_page_says_what_the_tasks_are_ranked_by(ui_lang: str, line: str, server: Start, new_page: Open) -> None:
    learning = {"doing": "waiting", "revision": 3, "answers": 150}
    page = ready(new_page(server([TEXT], learning=learning, ui_lang=ui_lang).url))
    assert line in page.locator("#learning").inner_text()
    assert not page.locator("#learning.trouble").count()


def test_page_says_that_the_worker_has_stopped_and_goes_on(server: Start, new_page: Open) -> None:
    learning = {"doing": "stopped", "revision": 0, "answers": 0}
    running = server([TEXT, "Another one."], learning=learning)
    page = ready(new_page(running.url))
    assert "has stopped" in page.locator("#learning.trouble").inner_text()
    page.keyboard.press("a")
    save(page)
    assert len(answers(running, 1)) == 1


def test_whole_text_may_be_emptied_and_accepted_with_one_key(server: Start, new_page: Open) -> None:
    span = {"start": 0, "end": 4, "label": "PROTEIN"}
    running = server([{"text": TEXT, "spans": [span]}], ask_nothing=True)
    page = ready(new_page(running.url))
    assert not page.locator("#learning").is_visible()
    page.keyboard.press("n")
    save(page)
    (example,) = answers(running, 1)
    assert (example["answer"], example["spans"]) == ("accept", [])


@pytest.mark.parametrize("width", [340, 640])
def test_name_of_a_span_stays_within_the_text(server: Any, browser: Any, width: int) -> None:
    text = "The level of phosphatidylinositol-4,5-bisphosphate-3-kinase rose with BRAF and a b."
    label = "A_LABEL_THAT_IS_WIDER_THAN_ITS_WORDS"
    places = [(text.rindex(word), len(word)) for word in ("The", text.split()[3], "BRAF", "b")]
    spans = [{"start": start, "end": start + length, "label": label} for start, length in places]
    running = server([{"text": text, "spans": spans}], labels=[label])
    page = browser.new_page(viewport={"width": width, "height": 700})
    try:
        page.goto(f"{running.url}?session=anna")
        # Names are moved once they are laid out, which on a busy machine is some frames later.
        page.wait_for_function(
            """() => {
              const [text, ...names] = [document.querySelector('.text'), ...document.querySelectorAll('.name')]
                .map((each) => each?.getBoundingClientRect());
              return names.length === 4
                && names.every((name) => text.left - 1 <= name.left && name.right <= text.right + 1);
            }""",
            timeout=5000,
        )
    finally:
        page.close()
