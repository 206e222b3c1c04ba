"""Take the pictures of the annotation page: serve made-up suggestions and photograph them with a headless browser."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import threading
from pathlib import Path
from typing import Annotated, Any

import typer

from bioactive.annotate.controller import Controller
from bioactive.annotate.listening import bind
from bioactive.annotate.server import make_server
from bioactive.annotate.store import Store
from bioactive.annotate.tasks import add_tokens, align_spans
from bioactive.tokenizer import blank

BROWSER_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def make_tasks(path: Path) -> list[dict[str, Any]]:
    """Read texts with suggestions: {"lang", "text", "meta", "suggest": [[words, label, score], ...]}, a line each."""
    tasks = []
    for line in path.read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        text, spans, after = record["text"], [], 0
        for words, label, score in record["suggest"]:
            start = text.index(words, after)
            after = start + len(words)
            spans.append({"start": start, "end": after, "label": label, "score": score})
        task = {"text": text, "spans": spans, "meta": record["meta"]}
        tasks += [align_spans(full) for full in add_tokens(blank(record["lang"]), [task])]
    return tasks


def main(
    source: Annotated[Path, typer.Argument(help="JSONL file of texts with suggestions")],
    output: Annotated[Path, typer.Argument(help="PNG file to write")],
    labels: Annotated[str, typer.Option(help="Labels, with commas between")] = "Gene,Disease,Chemical,Cell,Variant",
    width: Annotated[int, typer.Option(help="Width in pixels")] = 1280,
    height: Annotated[int, typer.Option(help="Height in pixels")] = 800,
    dark: Annotated[bool, typer.Option(help="Dark colours")] = False,
    browser: Annotated[str, typer.Option(help="Chromium to use")] = shutil.which("chromium") or "chromium",
) -> None:
    """Photograph the page with the first text of a file."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, Store(f"{folder}/answers.db") as store:
        config = {"labels": labels.split(","), "port": 0, "total_examples_target": 200}
        components = {"dataset": "abstracts", "view_id": "ner_manual", "stream": make_tasks(source)}
        controller = Controller({**components, "config": config}, store)
        # As if some were answered before.
        store.add_examples([{"text": str(n), "answer": "accept"} for n in range(47)], ["abstracts"])
        listener = bind("localhost", 0)
        server = make_server(controller)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        with sync_playwright() as playwright:
            chromium = playwright.chromium.launch(executable_path=browser, args=BROWSER_FLAGS)
            page = chromium.new_page(
                viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light"
            )
            page.goto(f"http://localhost:{listener.getsockname()[1]}/?session=anna")
            page.locator(".ent").first.wait_for()
            page.wait_for_timeout(300)
            output.parent.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=str(output))
            chromium.close()
        server.should_exit = True
        thread.join()
        listener.close()


if __name__ == "__main__":
    sys.exit(typer.run(main))
