"""The page in a real browser: every way to mark, relabel, delete, answer and come back."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.app.support import ServerProcess
from tests.browser.support import TEXT, answers, drag, ready, save, spans, word

Start = Callable[..., ServerProcess]
Open = Callable[..., Any]


def test_drag_marks_a_span_and_accept_stores_it(server: Start, new_page: Open) -> None:
    running = server([TEXT, "Next one."])
    page = ready(new_page(f"{running.url}?session=anna"))
    page.keyboard.press("2")
    drag(page, "T", "cells")
    assert spans(page) == [(17, 24, "CELL")]
    page.keyboard.press("a")
    word(page, "Next").wait_for()
    save(page)
    (example,) = answers(running, 1)
    (span,) = example["spans"]
    assert example["text"][span["start"] : span["end"]] == "T cells"
    assert example["tokens"][span["token_end"]]["end"] == span["end"]
    assert (example["answer"], example["_session_id"], example["_view_id"]) == ("accept", "ds-anna", "ner_manual")


def test_drag_backwards_and_double_click_mark(server: Start, new_page: Open) -> None:
    page = ready(new_page(server([TEXT]).url))
    drag(page, "cells", "human")
    word(page, "spleen").dblclick()
    assert [span[2] for span in spans(page)] == ["PROTEIN", "PROTEIN"]
    assert spans(page)[1][:2] == (32, 38)


def test_marking_moves_no_word(server: Start, new_page: Open) -> None:
    page = ready(new_page(server([TEXT * 8]).url))
    script = "[...document.querySelectorAll('.tok')].map(w => w.getBoundingClientRect()).map(box => [box.x, box.y])"
    before = page.evaluate(script)
    drag(page, "T", "cells")
    word(page, "IL-2").dblclick()
    assert page.evaluate(script) == before


def test_span_is_deleted_by_key_and_by_click_on_its_name(server: Start, new_page: Open) -> None:
    page = ready(new_page(server([TEXT]).url))
    drag(page, "T", "cells")
    drag(page, "spleen", "spleen")
    word(page, "T").click(position={"x": 4, "y": 10})
    page.keyboard.press("Delete")
    assert [span[:2] for span in spans(page)] == [(32, 38)]
    page.locator(".name").click()
    assert spans(page) == []
    page.keyboard.press("Control+z")
    assert len(spans(page)) == 1


def test_digit_relabels_the_selected_span_only(server: Start, new_page: Open) -> None:
    page = ready(new_page(server([TEXT]).url))
    drag(page, "T", "cells")
    drag(page, "spleen", "spleen")
    word(page, "T").click(position={"x": 4, "y": 10})
    page.keyboard.press("3")
    assert [span[2] for span in spans(page)] == ["DISEASE", "PROTEIN"]
    assert page.locator("label-bar [aria-checked=true]").inner_text().startswith("PROTEIN")
    page.keyboard.press("Escape")
    page.keyboard.press("2")
    assert page.locator("label-bar [aria-checked=true]").inner_text().startswith("CELL")
    assert [span[2] for span in spans(page)] == ["DISEASE", "PROTEIN"]


def test_keyboard_alone_marks_relabels_deletes_and_answers(server: Start, new_page: Open) -> None:
    running = server([TEXT, "Next one."])
    page = ready(new_page(running.url))
    for key in ["ArrowRight"] * 4 + ["Shift+ArrowRight", "2", "Escape", "ArrowRight", "Enter"]:
        page.keyboard.press(key)
    assert len(spans(page)) == 2
    page.keyboard.press("Delete")
    page.keyboard.press("Control+ArrowRight")
    page.keyboard.press("3")
    assert [span[2] for span in spans(page)] == ["DISEASE"]
    page.keyboard.press("a")
    word(page, "Next").wait_for()
    page.keyboard.press("Space")
    page.locator("#message", has_text="No more tasks").wait_for()
    assert [example["answer"] for example in answers(running, 2)] == ["accept", "ignore"]


def test_new_span_takes_the_place_of_those_it_covers(server: Start, new_page: Open) -> None:
    page = ready(new_page(server([TEXT]).url))
    drag(page, "T", "cells")
    drag(page, "human", "cells")
    assert spans(page) == [(11, 24, "PROTEIN")]


def test_undo_brings_the_answer_back_and_the_newest_counts(server: Start, new_page: Open) -> None:
    running = server([TEXT, "Next one."])
    page = ready(new_page(running.url))
    drag(page, "T", "cells")
    page.keyboard.press("a")
    word(page, "Next").wait_for()
    save(page)
    page.keyboard.press("Backspace")
    word(page, "IL-2").wait_for()
    assert len(spans(page)) == 1
    page.keyboard.press("x")
    word(page, "Next").wait_for()
    save(page)
    assert [example["answer"] for example in answers(running, 1)] == ["reject"]
    assert page.locator("#count").inner_text() == "1 / 2"


def test_undo_before_sending_takes_the_answer_back(server: Start, new_page: Open) -> None:
    running = server([TEXT, "Next one."])
    page = ready(new_page(running.url))
    page.keyboard.press("x")
    page.keyboard.press("Backspace")
    word(page, "IL-2").wait_for()
    page.keyboard.press("a")
    save(page)
    assert [example["answer"] for example in answers(running, 1)] == ["accept"]


def test_reload_goes_on_with_the_same_task_and_repeats_none(server: Start, new_page: Open) -> None:
    page = ready(new_page(server([f"Text {number} here." for number in range(8)], batch_size=3).url))
    page.keyboard.press("a")
    page.keyboard.press("a")
    page.locator(".tok", has_text="2").wait_for()
    page.reload()
    page.locator(".tok", has_text=re.compile("^2$")).wait_for()
    page.locator("#count", has_text="2 / 8").wait_for()
    assert page.locator(".tok", has_text=re.compile("^[01]$")).count() == 0


def test_answers_survive_a_server_that_is_away(server: Start, new_page: Open) -> None:
    running = server(["One here.", "Two here.", "Three here."])
    page = ready(new_page(running.url))
    running.stop()
    page.keyboard.press("a")
    page.keyboard.press("a")
    page.locator("#save.trouble").wait_for()
    page.close()
    running.start()
    context_page = page.context.new_page()
    context_page.goto(running.url)
    ready(context_page)
    assert [example["text"] for example in answers(running, 2)] == ["One here.", "Two here."]
    assert context_page.locator(".text").inner_text() == "Three here."


def test_two_sessions_get_different_tasks(server: Start, new_page: Open) -> None:
    running = server([f"Text {number} here." for number in range(12)], batch_size=2)
    shown = {ready(new_page(f"{running.url}?session={name}")).locator(".text").inner_text() for name in ("anna", "ben")}
    assert len(shown) == 2


@pytest.mark.parametrize(
    "text",
    [
        "<script>document.title='owned'</script> & <b onclick=x>bold</b>",
        "\u202eright to left\u202c mark \u200binvisible\u200b",
        "עברית IL-2 מפעיל תאי T",
        "😀 two 👩‍🔬 words é naïve",
        "Two  spaces\tand a tab",
        "x" * 3000,
        "Zu\u0301n\u0303i a\u0301\u0302\u0323\u0308 \u0301 re\u0301sume\u0301",
        "word " * 20_000,
    ],
    ids=["script", "bidi marks", "hebrew", "emoji", "spaces", "long word", "combining marks", "100,000 characters"],
)
def test_hostile_text_shows_as_it_is_and_keeps_offsets(text: str, server: Start, new_page: Open) -> None:
    running = server([text])
    page = ready(new_page(running.url))
    assert page.locator(".text").evaluate("element => element.textContent") == text
    assert page.title() == "ds · bioactive"
    assert page.locator(".text script, .text b").count() == 0
    for key in ("End", "Enter", "Home", "Shift+ArrowRight", "Enter", "a"):
        page.keyboard.press(key)
    save(page)
    (example,) = answers(running, 1)
    assert example["text"] == text
    assert example["spans"]
    for span in example["spans"]:
        first, last = example["tokens"][span["token_start"]], example["tokens"][span["token_end"]]
        assert (first["start"], last["end"]) == (span["start"], span["end"])
        assert text[first["start"] : first["end"]] == first["text"]


def test_disabled_words_cannot_be_marked(server: Start, new_page: Open) -> None:
    from bioactive.annotate.tasks import add_tokens
    from bioactive.tokenizer import blank

    (task,) = add_tokens(blank("en"), [{"text": "one two three four"}])
    for index in (0, 3):
        task["tokens"][index]["disabled"] = True
    page = ready(new_page(server([task]).url))
    drag(page, "one", "four")
    assert [span[:2] for span in spans(page)] == [(4, 13)]
    word(page, "four").dblclick(force=True)
    assert len(spans(page)) == 1


def test_suggestions_show_confidence_and_reason(server: Start, new_page: Open) -> None:
    found = [
        {"start": 0, "end": 4, "label": "PROTEIN", "score": 0.41},
        {"start": 17, "end": 24, "label": "CELL", "score": 0.97},
    ]
    task = {"text": TEXT, "spans": found, "meta": {"measure": "mnlp", "score": 0.31234}}
    page = ready(new_page(server([task]).url))
    low, high = page.locator(".ent").all()
    assert low.get_attribute("title") == "PROTEIN, confidence 41 %"
    assert "t0" in low.get_attribute("class")
    assert "t3" in high.get_attribute("class")
    assert page.locator("#meta").inner_text().split() == ["measure", "mnlp", "score", "0.312"]


def test_mark_changes_as_little_of_a_long_text_as_of_a_short_one(server: Start, new_page: Open) -> None:
    script = """() => {
        const view = document.getElementById('view');
        for (let n = 0; n < 20; n += 1) view.mark(n * 7, n * 7 + 2, 'CELL');
        view.arrangeNames();
        const observer = new MutationObserver(() => {});
        observer.observe(view, {subtree: true, childList: true, attributes: true, characterData: true});
        view.mark(140, 142, 'CELL');
        view.arrangeNames();
        return new Set(observer.takeRecords().map(record => record.target)).size;
    }"""
    changed = []
    for words in (200, 2000):
        text = " ".join(f"word{number}" for number in range(words))
        changed.append(ready(new_page(server([text]).url)).evaluate(script))
    short, long = changed
    assert short > 0
    assert long == short, "what a mark costs is not to grow with the text"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 768])
def test_nothing_runs_off_the_page(scheme: str, width: int, server: Start, new_page: Open, tmp_path: Path) -> None:
    labels = ",".join(f"LABEL_{number}" for number in range(10))
    page = new_page(
        server([TEXT * 6], labels=labels).url, viewport={"width": width, "height": 800}, color_scheme=scheme
    )
    ready(page)
    for key in ("4", "Home", "Enter"):
        page.keyboard.press(key)
    page.screenshot(path=str(tmp_path / f"{scheme}{width}.png"))
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.locator("label-bar button").count() == 10


def test_roles_and_names_for_screen_readers(server: Start, new_page: Open) -> None:
    page = ready(new_page(server([TEXT]).url))
    drag(page, "T", "cells")
    assert page.get_by_role("radio", name="PROTEIN").get_attribute("aria-checked") == "true"
    assert page.get_by_role("group", name="PROTEIN").count() == 1
    assert page.get_by_role("option").count() == page.locator(".tok").count()
    assert page.get_by_role("progressbar").get_attribute("aria-valuenow") == "0"
    assert page.locator("#live").inner_text() == "T cells: PROTEIN"
    for name in ("Accept", "Reject", "Ignore", "Undo"):
        assert page.get_by_role("button", name=name).count() == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_have_contrast_enough(scheme: str, server: Start, new_page: Open) -> None:
    labels = ",".join(f"L{number}" for number in range(10))
    text = " ".join(f"w{number}" for number in range(10))
    page = ready(new_page(server([text], labels=labels).url, color_scheme=scheme))
    ratios = page.evaluate(
        """() => {
        const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
        const rgb = (colours) => {
            canvas.clearRect(0, 0, 1, 1);
            for (const colour of colours) { canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); }
            return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
        };
        const light = (c) => c.map(v => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
            .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
        const ratio = (a, b) => { const [x, y] = [light(a), light(b)].sort(); return (y + .05) / (x + .05); };
        const style = (selector, name) => getComputedStyle(document.querySelector(selector))[name];
        const view = document.getElementById('view'), card = style('.card', 'backgroundColor');
        document.getElementById('labels').names.forEach((label, i) => view.mark(i, i, label));
        const found = ['.meta', '.session'].map(quiet => ratio(rgb([style(quiet, 'color')]), rgb([card])));
        for (const ent of document.querySelectorAll('.ent')) {
            const css = getComputedStyle(ent);
            found.push(ratio(rgb([css.color]), rgb([card, css.backgroundColor])));
            found.push(ratio(rgb([getComputedStyle(ent.querySelector('.name')).color]), rgb([card])));
        }
        return found;
    }"""
    )
    assert len(ratios) == 22
    assert min(ratios) >= 4.5
