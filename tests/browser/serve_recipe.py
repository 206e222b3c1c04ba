"""Serve a recipe for the browser tests: serve_recipe.py DATABASE NAME. Prints the page's address."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bioactive.annotate.running import serve_made
from bioactive.annotate.store import Store

TEXTS = ["<b>Aspirin</b> & gout", "second text", "third text"]
TEMPLATE = """
<style>.lead { color: rgb(1, 2, 3); }</style>
<p class="lead" id="lead" style="margin-left: 7px">{{text}}</p><div id="raw">{{{extra}}}</div>
{{#tags}}<i class="tag">{{name}}</i>{{/tags}}{{^tags}}<i class="none">no tags</i>{{/tags}}
<input id="slider" type="range" min="0" max="9" value="0" oninput="takeScore(this)">
<button id="mark" onclick="document.getElementById('lead').title = 'marked'">Mark</button>
<a id="link" class="{{{odd}}}" href="{{odd_link}}">link</a>
<button id="bad" onclick="alert('{{text}}')">Bad</button>
<p id="score">{{score}}</p>
"""
SCRIPT = """
window.told = [];
for (const name of ["mount", "update", "answer", "undo", "end"]) {
  document.addEventListener(`prodigy${name}`, (event) => window.told.push([name, event.detail.answer ?? null]));
}
document.addEventListener("prodigyanswer", (event) => { event.detail.task.by = "script"; });
function takeScore(slider) { window.prodigy.update({ score: Number(slider.value) }); }
"""


def html() -> dict[str, Any]:
    """A template with everything, a script and styles."""
    attack = "<img src=x onerror='window.hacked = 1'><script>window.hacked = 1</script><b>bold</b>"
    tasks = [
        {
            "text": text,
            "extra": attack,
            "odd": 'x" onmouseover="window.hacked = 1',
            "odd_link": "javascript:window.hacked = 1",
            "tags": [{"name": "<i>x</i>"}] if not n else [],
        }
        for n, text in enumerate(TEXTS)
    ]
    config = {"html_template": TEMPLATE, "javascript": SCRIPT, "global_css": ".lead { font-style: italic; }"}
    return {"dataset": "ds", "view_id": "html", "stream": tasks, "config": config}


def blocks() -> dict[str, Any]:
    """Two templates, options with keys of their own, and a field."""
    options = [{"id": 1, "text": "yes"}, {"id": "no", "text": "no"}]
    tasks = [{"text": text, "options": options, "html": "<em>of the task</em>"} for text in TEXTS]
    config = {
        "blocks": [
            {"view_id": "html", "html_template": "<h3 class='first'>{{text}}</h3>"},
            {"view_id": "html", "html": "<hr class='second'>"},
            {"view_id": "choice", "text": None, "html": None},
            {"view_id": "text_input", "field_id": "why", "field_rows": 2},
        ],
        "choice_style": "multiple",
        "keymap_by_label": {"1": "y", "no": "n"},
        "buttons": ["accept", "undo"],
        "keymap": {"accept": ["q"], "ignore": ["i"]},
        "custom_theme": {"cardMaxWidth": 500},
    }
    return {"dataset": "ds", "view_id": "blocks", "stream": tasks, "config": config}


def pairs() -> dict[str, Any]:
    """Labels and options with keys of their own; an option shows a text with spans."""
    tokens = [{"text": word, "start": 2 * n, "end": 2 * n + 1, "id": n, "ws": True} for n, word in enumerate("ab")]
    spans = [{"start": 2, "end": 3, "label": "ONE"}]
    options = [{"id": "first", "text": "a b", "spans": spans}, {"id": "second", "text": "second", "meta": "0.50"}]
    config = {
        "blocks": [{"view_id": "spans_manual", "labels": ["ONE", "TWO"]}, {"view_id": "choice", "text": None}],
        "keymap_by_label": {"0": "q", "1": "w", "ONE": "1", "TWO": "2"},
        "choice_style": "multiple",
    }
    stream = [{"text": "a b", "tokens": tokens, "options": options}]
    return {"dataset": "ds", "view_id": "blocks", "stream": stream, "config": config}


def hooks() -> dict[str, Any]:
    """A page that asks for another stream."""

    def search(ctrl: Any, *, query: str) -> dict[str, int]:
        ctrl.reset_stream([{"text": f"{query} {number}"} for number in range(2)])
        return {"found": 2}

    config = {
        "html_template": "<p id='shown'>{{text}}</p><button id='go' onclick='go()'>Go</button>",
        "javascript": "function go() { prodigy.event('search', { query: 'fever' }).then(() => prodigy.resetQueue()); }",
    }
    stream = [{"text": text} for text in TEXTS]
    return {"dataset": "ds", "view_id": "html", "stream": stream, "event_hooks": {"search": search}, "config": config}


def spans() -> dict[str, Any]:
    """Entities whose label has a colour of its own; a script adds one."""
    tokens = [
        {"text": "IL-2", "start": 0, "end": 4, "id": 0, "ws": True},
        {"text": "works", "start": 5, "end": 10, "id": 1, "ws": False},
    ]
    config = {"labels": ["GENE", "OTHER"], "custom_theme": {"labels": {"GENE": "rgb(9, 8, 7)"}}, "theme": "dark"}
    return {
        "dataset": "ds",
        "view_id": "ner_manual",
        "stream": [{"text": "IL-2 works", "tokens": tokens}],
        "config": config,
    }


def sorted_away() -> dict[str, Any]:
    """A sorter asks about one task and passes two over."""
    from bioactive.annotate.sorters import prefer_high_scores

    scores = zip((0.9, 0.1, 0.3), ({"text": text} for text in TEXTS), strict=True)
    return {"dataset": "ds", "view_id": "text", "stream": prefer_high_scores(scores)}


RECIPES: dict[str, Callable[[], dict[str, Any]]] = {
    "html": html,
    "blocks": blocks,
    "hooks": hooks,
    "pairs": pairs,
    "spans": spans,
    "sorted_away": sorted_away,
}


if __name__ == "__main__":
    database, name = sys.argv[1:]
    made = RECIPES[name]()
    Store(database).close()
    serve_made(name, made, {"port": 0}, database, lambda controller, url: print(url, flush=True))
