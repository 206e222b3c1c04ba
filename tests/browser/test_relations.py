"""Relations: arcs from head to child, made and changed by mouse and by keys alone, and what the answers say of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bioactive.annotate.tasks import Task, add_tokens
from bioactive.tokenizer import blank
from tests.app.support import ServerProcess
from tests.browser.support import answers, drag, ready, save, word
from tests.browser.test_accessibility import violations

Start = Callable[..., ServerProcess]
Open = Callable[..., Any]

TEXT = "Aspirin treats severe gout, but aspirin induced bleeding."
#       0       1      2      3   4 5   6       7       8       9
SETTINGS: dict[str, Any] = {
    "view_id": "relations",
    "labels": ["TREATS", "CAUSES"],
    "relations_span_labels": ["DRUG", "DISEASE"],
    "wrap_relations": True,
}
DRUG = {"start": 0, "end": 7, "label": "DRUG"}
GOUT = {"start": 15, "end": 26, "label": "DISEASE"}
GIVEN = {"head": 6, "child": 8, "label": "CAUSES", "color": "#123456", "note": "kept"}


def related(text: str = TEXT, spans: Any = (DRUG, GOUT), relations: Any = ()) -> Task:
    """A task whose commas and stops are neither head nor child."""
    (task,) = add_tokens(blank("en"), [{"text": text, "spans": list(spans), "relations": list(relations)}])
    for token in task["tokens"]:
        if token["text"] in ",.":
            token["disabled"] = True
    return task


def opened(server: Start, new_page: Open, *tasks: Task, **settings: Any) -> tuple[ServerProcess, Any]:
    running = server(list(tasks) or [related()], **{**SETTINGS, **settings})
    page = ready(new_page(running.url))
    page.locator(".links").first.wait_for(state="attached")
    return running, page


def links(page: Any) -> list[tuple[int, int, str]]:
    """Head, child and label of the relations on the page."""
    script = "document.getElementById('view').relations.map(r => [r.head, r.child, r.label])"
    return [tuple(found) for found in page.evaluate(script)]


def arcs(page: Any) -> list[str]:
    """The labels of the arcs that are drawn."""
    frame = "requestAnimationFrame"  # arcs are drawn in the frame after a change
    page.evaluate(f"() => new Promise(done => {frame}(() => {frame}(() => {frame}(done))))")
    assert page.locator(".arc").count() == page.locator(".link").count()
    return [label.removesuffix("×").strip() for label in page.locator(".link").all_inner_texts()]


def test_click_on_head_then_child_makes_a_relation(server: Start, new_page: Open) -> None:
    running, page = opened(server, new_page)
    word(page, "Aspirin").click()
    word(page, "gout").click()
    page.keyboard.press("2")
    word(page, "aspirin").click()
    word(page, "bleeding").click()
    assert links(page) == [(0, 3, "TREATS"), (6, 8, "CAUSES")]
    assert arcs(page) == ["TREATS", "CAUSES"]
    page.keyboard.press("a")
    save(page)
    (example,) = answers(running, 1)
    assert example["relations"] == [
        {
            "head": 0,
            "child": 3,
            "head_span": {"start": 0, "end": 7, "token_start": 0, "token_end": 0, "label": "DRUG"},
            "child_span": {"start": 15, "end": 26, "token_start": 2, "token_end": 3, "label": "DISEASE"},
            "color": "#0072b2",
            "label": "TREATS",
        },
        {
            "head": 6,
            "child": 8,
            "head_span": {"start": 32, "end": 39, "token_start": 6, "token_end": 6, "label": None},
            "child_span": {"start": 48, "end": 56, "token_start": 8, "token_end": 8, "label": None},
            "color": "#d55e00",
            "label": "CAUSES",
        },
    ]
    assert example["text"][32:39] == "aspirin" and example["text"][48:56] == "bleeding"
    assert [(span["start"], span["end"]) for span in example["spans"]] == [(0, 7), (15, 26)]


def test_drag_makes_a_relation_and_a_second_click_on_its_label_deletes_it(server: Start, new_page: Open) -> None:
    _, page = opened(server, new_page)
    drag(page, "bleeding", "aspirin")
    assert links(page) == [(8, 6, "TREATS")]
    page.locator(".link").click()
    assert links(page) == [(8, 6, "TREATS")]
    page.locator(".link.selected").click()
    assert links(page) == []
    page.keyboard.press("Control+z")
    assert links(page) == [(8, 6, "TREATS")] and arcs(page) == ["TREATS"]


def test_click_on_the_arc_selects_it(server: Start, new_page: Open) -> None:
    _, page = opened(server, new_page, related(relations=[GIVEN]))
    page.locator(".arc .hit").wait_for(state="attached")
    page.wait_for_timeout(200)
    at = "p => { const q = p.getPointAtLength(30), m = p.getScreenCTM(); return [q.x + m.e, q.y + m.f]; }"
    page.mouse.click(*page.locator(".arc .hit").evaluate(at))
    page.locator(".link.selected").wait_for()
    page.keyboard.press("1")
    assert links(page) == [(6, 8, "TREATS")]


def test_keys_alone_link_relabel_delete_and_answer(server: Start, new_page: Open) -> None:
    running, page = opened(server, new_page)
    for key in ("ArrowRight", "Enter", "ArrowRight", "ArrowRight", "Enter"):  # Aspirin; treats; severe gout
        page.keyboard.press(key)
    assert links(page) == [(0, 3, "TREATS")]
    # The comma is passed over; a digit gives the relation its label at once.
    for key in ("ArrowRight", "ArrowRight", "Enter", "ArrowRight", "ArrowRight", "2"):
        page.keyboard.press(key)
    assert links(page) == [(0, 3, "TREATS"), (6, 8, "CAUSES")]
    for key in ("e", "e", "1", "e", "Delete"):
        page.keyboard.press(key)
    assert links(page) == [(6, 8, "TREATS")]
    page.keyboard.press("Control+z")
    assert links(page) == [(0, 3, "TREATS"), (6, 8, "TREATS")]
    page.keyboard.press("a")
    save(page)
    assert [relation["label"] for relation in answers(running, 1)[0]["relations"]] == ["TREATS", "TREATS"]


def test_word_is_no_child_of_itself_and_escape_lets_the_head_go(server: Start, new_page: Open) -> None:
    _, page = opened(server, new_page)
    word(page, "severe").click()
    word(page, "gout").click()  # the same span
    assert links(page) == [] and page.locator(".head").count() == 0
    word(page, "treats").click()
    assert page.locator(".head").inner_text() == "treats"
    assert "treats: now the child" in page.locator("#live").inner_text()
    page.keyboard.press("Escape")
    assert page.locator(".head").count() == 0
    word(page, ",").click(force=True)  # it is disabled
    word(page, "treats").click()
    assert links(page) == []


def test_same_relation_counts_once_and_another_label_is_another(server: Start, new_page: Open) -> None:
    _, page = opened(server, new_page)
    for label in ("1", "1", "2"):
        page.keyboard.press("Escape")
        page.keyboard.press(label)
        drag(page, "Aspirin", "gout")
    assert links(page) == [(0, 3, "TREATS"), (0, 3, "CAUSES")]
    assert arcs(page) == ["TREATS", "CAUSES"]
    heights = [box["y"] for box in (link.bounding_box() for link in page.locator(".link").all())]
    assert abs(heights[0] - heights[1]) > 10


def test_relations_of_the_task_come_back_as_they_were(server: Start, new_page: Open) -> None:
    running, page = opened(server, new_page, related(relations=[GIVEN]), related("Another aspirin.", spans=[]))
    assert arcs(page) == ["CAUSES"]
    page.keyboard.press("a")
    word(page, "Another").wait_for()
    page.keyboard.press("Backspace")
    word(page, "treats").wait_for()
    assert links(page) == [(6, 8, "CAUSES")]
    page.keyboard.press("a")
    page.keyboard.press("x")
    save(page)
    assert [example["relations"] for example in answers(running, 2)] == [[GIVEN], []]


def test_spans_are_marked_and_their_relations_go_with_them(server: Start, new_page: Open) -> None:
    running, page = opened(server, new_page, related(relations=[{"head": 0, "child": 3, "label": "TREATS"}, GIVEN]))
    page.keyboard.press("r")
    assert page.locator("label-bar [role=radio]").all_inner_texts()[0].startswith("DRUG")
    word(page, "aspirin").dblclick()
    page.keyboard.press("2")
    drag(page, "induced", "bleeding")
    word(page, "gout").click(position={"x": 4, "y": 10})
    page.keyboard.press("Delete")
    assert links(page) == [(6, 8, "CAUSES")]
    page.keyboard.press("Control+z")
    assert links(page) == [(0, 3, "TREATS"), (6, 8, "CAUSES")]
    page.keyboard.press("r")
    assert page.locator("label-bar [role=radio]").all_inner_texts()[0].startswith("TREATS")
    page.keyboard.press("a")
    save(page)
    (example,) = answers(running, 1)
    assert [span["label"] for span in example["spans"]] == ["DRUG", "DISEASE", "DRUG", "DISEASE"]
    assert example["relations"][1]["child_span"] == {
        "start": 40,
        "end": 56,
        "token_start": 7,
        "token_end": 8,
        "label": "DISEASE",
    }


def test_arc_on_wrapped_lines_is_cut_and_one_line_scrolls(server: Start, new_page: Open) -> None:
    text = "Aspirin " + "very " * 60 + "seldom induced bleeding."
    far = {"head": 0, "child": 63, "label": "CAUSES"}
    _, page = opened(server, new_page, related(text, spans=[], relations=[far]))
    page.set_viewport_size({"width": 768, "height": 900})
    assert arcs(page) == ["CAUSES"]
    path = page.locator(".arc .way").get_attribute("d")
    assert path.count("M") >= 4  # a piece on each line
    page.keyboard.press("w")
    assert arcs(page) == ["CAUSES"]
    assert page.locator(".arc .way").get_attribute("d").count("M") == 1
    assert page.locator(".stage").evaluate("s => s.scrollWidth > s.clientWidth + 500")
    page.keyboard.press("End")
    assert page.locator(".stage").evaluate("s => s.scrollLeft") > 500
    # What is linked stays on the page's own width.
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_arc_moves_no_word_while_there_is_room(server: Start, new_page: Open) -> None:
    _, page = opened(server, new_page)
    script = "[...document.querySelectorAll('.tok')].map(w => w.getBoundingClientRect()).map(box => [box.x, box.y])"
    before = page.evaluate(script)
    drag(page, "Aspirin", "gout")
    drag(page, "bleeding", "Aspirin")
    assert arcs(page) and page.evaluate(script) == before


def test_labels_of_arcs_never_cover_one_another(server: Start, new_page: Open) -> None:
    pairs = [(0, 3), (6, 8), (0, 8), (3, 8), (1, 0), (7, 6), (8, 3)]
    given = [{"head": head, "child": child, "label": "CAUSES"} for head, child in pairs]
    _, page = opened(server, new_page, related(relations=given))
    assert len(arcs(page)) == len(pairs)
    boxes = [link.bounding_box() for link in page.locator(".link").all()]
    for number, one in enumerate(boxes):
        for other in boxes[number + 1 :]:
            apart = abs(one["y"] - other["y"]) > 12 or (
                one["x"] > other["x"] + other["width"] or other["x"] > one["x"] + one["width"]
            )
            assert apart, (one, other)
    (top, *_) = sorted(box["y"] for box in boxes)
    assert top > page.locator(".link-tools").bounding_box()["y"] + 20


def test_review_shows_arcs_and_stores_the_version_that_stands(server: Start, new_page: Open) -> None:
    versions = [
        {"spans": [DRUG], "relations": [GIVEN], "sessions": ["anna", "carl"], "answer": "accept"},
        {"spans": [DRUG], "relations": [{**GIVEN, "label": "TREATS"}], "sessions": ["ben"], "answer": "accept"},
    ]
    task = {**related(spans=[DRUG]), "view_id": "relations", "versions": versions}
    running, page = opened(server, new_page, task, view_id="review")
    assert arcs(page)
    assert page.locator("relations-text .link").all_inner_texts() == ["CAUSES", "TREATS"]
    page.keyboard.press("Shift+Digit2")
    page.keyboard.press("a")
    save(page)
    assert [relation["label"] for relation in answers(running, 1)[0]["relations"]] == ["TREATS"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("wrapped", [True, False])
def test_relations_pass_axe(scheme: str, wrapped: bool, server: Start, new_page: Open) -> None:
    task = related(relations=[GIVEN, {"head": 0, "child": 3, "label": "TREATS"}])
    running = server([task], **{**SETTINGS, "wrap_relations": wrapped})
    page = ready(new_page(running.url, color_scheme=scheme))
    page.locator(".link").first.wait_for()
    assert violations(page) == []
    page.keyboard.press("e")  # an arc is selected
    page.keyboard.press("r" if wrapped else "ArrowRight")
    assert violations(page) == []


def test_overlapping_spans_are_told_and_left_out(server: Start, new_page: Open) -> None:
    inner = {"start": 22, "end": 26, "label": "SITE"}
    running, page = opened(server, new_page, related(spans=[DRUG, GOUT, inner]))
    assert page.locator(".hidden-spans").inner_text().endswith("others: 1.")
    page.keyboard.press("a")
    save(page)
    assert [span["label"] for span in answers(running, 1)[0]["spans"]] == ["DRUG", "DISEASE"]
