"""Keys and seconds of an answer, stretches against whole sentences: a scripted person works in a headless browser.

    python benchmarks/keys.py PIPELINE GOLD.spacy --tasks 50

Both ask what the pipeline is least sure of, on the page as annotators have it; the person makes the spans equal to
gold. No person is timed: the page's clock stands still and is moved on by what the model of a person below takes, so
that the seconds that the page itself stores with each answer are those of the model.

The model: every word of a text is read once, at 238 words a minute (Brysbaert 2019, How many words do we read per
minute?); a key takes .28 s, a hand's way to the mouse or back .4 s, pointing 1.1 s, one decision a task and one an edit
1.35 s (Card, Moran & Newell 1980, The keystroke-level model for user performance time with interactive systems). A
drag is a way to the mouse, two points, and the way back.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import time
from collections import Counter, defaultdict
from contextlib import ExitStack
from pathlib import Path
from statistics import mean, median
from typing import Any

import typer

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bioactive.active.rank import rank_pool
from bioactive.annotate.store import Store
from bioactive.annotate.tasks import Task, add_tokens
from tests.app.support import ServerProcess
from tests.browser.conftest import BROWSERS, FLAGS

READ, KEY, HAND, POINT, DECIDE = 60 / 238, 0.28, 0.4, 1.1, 1.35
VIEW = "document.getElementById('view')"
Mark = tuple[int, int, str]  # first and last token, label


class Person:
    """Makes the spans on the page equal to gold, and takes the model's time for it.

    page (Any): Playwright's page, with a clock that stands still.
    gold (dict[str, list]): Spans in characters with their labels, by text.
    labels (list[str]): In the order of their digits.
    """

    def __init__(self, page: Any, gold: dict[str, list[tuple[int, int, str]]], labels: list[str]) -> None:
        self.page, self.gold, self.labels = page, gold, labels
        self.keys = self.drags = 0
        self.seconds = 0.0

    def answer(self, task: Task) -> dict[str, Any]:
        """One task, from its first word to the key that ends it."""
        self.keys, self.drags, self.seconds = 0, 0, 0.0
        wanted, found = self.wanted(task), self.spans()
        self.wait(READ * len(task["tokens"]) + DECIDE)
        kind = _kind(wanted, found)
        if found and not wanted and any(token.get("disabled") for token in task["tokens"]):
            self.press("n")
        else:
            self.correct(wanted)
            assert sorted(self.spans()) == sorted(wanted), (task["text"], self.spans(), wanted)
            self.press("a")
        words = sum(not token.get("disabled") for token in task["tokens"])
        return {"kind": kind, "keys": self.keys, "drags": self.drags, "seconds": self.seconds, "words": words}

    def wanted(self, task: Task) -> list[Mark]:
        """What gold says about the words that are asked about."""
        marks = []
        for start, end, label in self.gold[task["text"]]:
            inside = [token for token in task["tokens"] if token["start"] < end and token["end"] > start]
            if any(not token.get("disabled") for token in inside):
                marks.append((inside[0]["id"], inside[-1]["id"], label))
        return marks

    def correct(self, wanted: list[Mark]) -> None:
        """Delete what is too much, mend what is nearly right, mark what is missing."""
        pairs: dict[Mark, Mark] = {}  # gold to what is there
        for span in self.spans():
            near = next((mark for mark in wanted if mark not in pairs and _meet(mark, span)), None)
            if near is None:
                self.select(span)
                self.press("Delete", decide=True)
            else:
                pairs[near] = span
        for mark, span in pairs.items():
            if mark != span:
                self.wait(DECIDE)
                self.select(span)
                self.widen(span, mark)
                if mark[2] != span[2]:
                    self.press(self.digit(mark[2]))
        for mark in wanted:
            if mark not in pairs:
                self.add(mark)

    def add(self, mark: Mark) -> None:
        """Mark a span that is missing: its label, a drag over its words, and its edges where they leave the stretch."""
        self.wait(DECIDE)
        first, last, label = mark
        script = f"[{VIEW}.label(), Boolean({VIEW}.selected), {VIEW}.units.map((unit) => !unit.disabled)]"
        chosen, selected, asked = self.page.evaluate(script)
        if chosen != label and not selected:
            self.press(self.digit(label))
            chosen = label
        inside = [index for index in range(first, last + 1) if asked[index]]
        self.drag(inside[0], inside[-1])
        made = (inside[0], inside[-1], chosen)
        if made != mark:
            self.select(made)
            self.widen(made, mark)
            if chosen != label:
                self.press(self.digit(label))

    def widen(self, span: Mark, mark: Mark) -> None:
        """Move the edges of the selected span, a key a word."""
        for at_end, steps in ((False, span[0] - mark[0]), (True, mark[1] - span[1])):
            for _ in range(abs(steps)):
                self.press(f"{'Shift+' if steps < 0 else ''}Bracket{'Right' if at_end else 'Left'}")

    def select(self, span: Mark) -> None:
        """Go to a span with `E`; the only one of a stretch is selected already."""
        script = f"{VIEW}.selected ? [{VIEW}.selected.first, {VIEW}.selected.last] : null"
        for _ in range(60):
            if self.page.evaluate(script) == list(span[:2]):
                return
            self.press("e")
        raise AssertionError(f"{span} cannot be selected")

    def drag(self, first: int, last: int) -> None:
        """Over words; over one word a double click, which takes no longer."""
        self.drags += 1
        self.wait(2 * HAND + 2 * POINT)
        words = [self.page.locator(f".tok[data-i='{index}']") for index in (first, last)]
        for word in words:
            word.scroll_into_view_if_needed()
        if first == last:
            words[0].dblclick(force=True)
            return
        start, end = (word.bounding_box() for word in words)
        self.page.mouse.move(start["x"] + 2, start["y"] + 8)
        self.page.mouse.down()
        self.page.mouse.move(end["x"] + end["width"] - 2, end["y"] + 8, steps=3)
        self.page.mouse.up()

    def press(self, key: str, decide: bool = False) -> None:
        """One key."""
        self.keys += 1
        self.wait(KEY + DECIDE * decide)
        self.page.keyboard.press(key)

    def wait(self, seconds: float) -> None:
        """Let the page's clock go on."""
        self.seconds += seconds
        self.page.clock.run_for(round(seconds * 1000))

    def digit(self, label: str) -> str:
        """The key of a label."""
        return str(self.labels.index(label) + 1)

    def spans(self) -> list[Mark]:
        """What is marked on the page."""
        found = self.page.evaluate(f"{VIEW}.spans.map((span) => [span.first, span.last, span.label])")
        return [(first, last, label) for first, last, label in found]


def _meet(one: Mark, other: Mark) -> bool:
    return one[0] <= other[1] and other[0] <= one[1]


def _kind(wanted: list[Mark], found: list[Mark]) -> str:
    if sorted(wanted) == sorted(found):
        return "right suggestion" if wanted else "nothing there, nothing suggested"
    if not wanted:
        return "nothing there, something suggested"
    if sorted(mark[:2] for mark in wanted) == sorted(span[:2] for span in found):
        return "one label wrong" if len(found) == 1 else "labels wrong"
    return "other"


def work(page: Any, person: Person, count: int) -> list[dict[str, Any]]:
    """All tasks of a page, one after the other."""
    told, last = [], None
    for _ in range(count):
        task = _next_task(page, last)
        last = task["_task_hash"]
        told.append(person.answer(task))
    page.keyboard.press("Control+s")
    return told


def _next_task(page: Any, last: int | None) -> Task:
    for _ in range(400):
        task: Task | None = page.evaluate(f"{VIEW}?.task ?? null")
        if task is not None and task["_task_hash"] != last:
            return task
        time.sleep(0.025)
        page.clock.run_for(0)
    raise AssertionError("no further task came")


def summary(told: list[dict[str, Any]], logged: list[float]) -> dict[str, Any]:
    """What the answers of one unit took: by the person's own count, and by the times that the page stored."""
    kinds: dict[str, list[str]] = defaultdict(list)
    for one in told:
        kinds[one["kind"]].append(f"{one['keys']}{' and a drag' * one['drags']}")
    off = max(abs(one["seconds"] - seconds) for one, seconds in zip(told, logged, strict=True))
    return {
        "tasks": len(told),
        "keys": {kind: dict(Counter(keys).most_common()) for kind, keys in sorted(kinds.items())},
        "keys_mean": round(mean(one["keys"] for one in told), 2),
        "drags": sum(one["drags"] for one in told),
        "words": sum(one["words"] for one in told),
        "median_s": round(median(logged), 1),
        "median_s_a_word": round(median(s / one["words"] for one, s in zip(told, logged, strict=True)), 2),
        "log_off_by_s": round(off, 3),
    }


def ask(browser: Any, tasks: list[Task], gold: dict[str, list[Any]], labels: list[str], folder: Path) -> dict[str, Any]:
    """Let a person answer tasks on a page of their own; returns what it took."""
    folder.mkdir()
    source = folder / "tasks.jsonl"
    source.write_text("".join(json.dumps(task) + "\n" for task in tasks), encoding="utf-8")
    database = str(folder / "answers.db")
    with ServerProcess(database, source, labels=labels) as server:
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.clock.install(time=0)
        page.clock.pause_at(1)
        page.goto(server.url)
        told = work(page, Person(page, gold, labels), len(tasks))
        with Store(database) as store:
            for _ in range(200):
                if store.count_dataset("ds") == len(tasks):
                    break
                page.clock.run_for(1000)
                time.sleep(0.1)
            logged = [answered - shown for _, shown, answered, _ in store.times("ds")]
        page.close()
    return summary(told, logged)


def main(
    pipeline: Path = typer.Argument(..., help="Pipeline that suggests and ranks"),
    gold: Path = typer.Argument(..., help="Labelled sentences, .spacy, that it was not trained on"),
    tasks: int = typer.Option(50, "--tasks", help="Of each unit"),
    measure: str = typer.Option("entropy", "--measure"),
    pool: int = typer.Option(400, "--pool", help="Sentences to choose from"),
) -> None:
    """Answer as many stretches and sentences, and print a line of JSON for each."""
    import spacy
    from playwright.sync_api import sync_playwright
    from spacy.tokens import DocBin

    nlp = spacy.load(pipeline)
    docs = [doc for doc in DocBin().from_disk(gold).get_docs(nlp.vocab) if doc.text.strip()][:pool]
    truth = {doc.text: [(ent.start_char, ent.end_char, ent.label_) for ent in doc.ents] for doc in docs}
    labels = sorted({label for spans in truth.values() for _, _, label in spans})
    path = os.environ.get("BIOACTIVE_BROWSER") or next(filter(None, map(shutil.which, BROWSERS)), None)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        browser = stack.enter_context(sync_playwright()).chromium.launch(executable_path=path, args=FLAGS)
        for unit in ("stretch", "sentence"):
            ranking = rank_pool(nlp, list(truth), measure, tasks, unit=unit)
            made = list(add_tokens(nlp, ranking.tasks))
            typer.echo(json.dumps({"unit": unit, **ask(browser, made, truth, labels, folder / unit)}))


if __name__ == "__main__":
    typer.run(main)
