"""An annotator without a person: answers the tasks of a running server over HTTP with gold labels.

Stands in for the browser in the demo and in measurements of the loop: it asks for tasks and gives answers as the page
does.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import spacy
import typer
from spacy.tokens import DocBin, Span

# Entity of a sentence: start and end in characters other than white space, so that spacing need not agree; label.
Gold = dict[str, list[tuple[int, int, str]]]


def read_gold(path: Path) -> Gold:
    """Read what to answer.

    path (Path): A labelled .spacy file.
    RETURNS (Gold): The entities of each sentence and of each document, by text without white space.
    """
    gold: Gold = {}
    for doc in DocBin().from_disk(path).get_docs(spacy.blank("en").vocab):
        for part in (doc[:], *(doc.sents if doc.has_annotation("SENT_START") else ())):
            gold[squeezed(part.text)] = [entity(part, ent) for ent in part.ents]
    return gold


def squeezed(text: str) -> str:
    """The text without white space."""
    return "".join(text.split())


def entity(part: Span, ent: Span) -> tuple[int, int, str]:
    """An entity within a part of a document, as `Gold` has it."""
    start = len(squeezed(part.doc[part.start : ent.start].text))
    return start, start + len(squeezed(ent.text)), ent.label_


def answer(task: dict[str, Any], gold: Gold) -> dict[str, Any]:
    """Answer one task.

    task (dict): A task with text and tokens.
    gold (Gold): What to answer.
    RETURNS (dict): The task with the gold spans, accepted; ignored where the gold does not know the text or the tokens
        cut through an entity.
    """
    entities = gold.get(squeezed(task["text"]))
    if entities is None:
        return {**task, "answer": "ignore"}
    starts, ends, position = {}, {}, 0
    for token in task["tokens"]:
        length = len(squeezed(token["text"]))
        # A token of white space alone begins and ends nothing.
        if length:
            starts[position], ends[position + length] = token, token
        position += length
    if any(start not in starts or end not in ends for start, end, _ in entities):
        return {**task, "answer": "ignore"}
    spans = [span(starts[start], ends[end], label) for start, end, label in entities]
    return {**task, "spans": spans, "answer": "accept"}


def span(first: dict[str, Any], last: dict[str, Any], label: str) -> dict[str, Any]:
    """A span over two tokens and what stands between."""
    return {
        "start": first["start"],
        "end": last["end"],
        "token_start": first["id"],
        "token_end": last["id"],
        "label": label,
    }


def call(url: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """GET an address, or POST to it when there is a body."""
    data = None if body is None else json.dumps(body).encode()
    with urlopen(Request(url, data, {"Content-Type": "application/json"}), timeout=60) as response:
        found: dict[str, Any] = json.load(response)
        return found


def wait_for(url: str, alive: Callable[[], bool] = lambda: True, seconds: float = 120.0) -> None:
    """Wait until the server answers.

    alive (Callable[[], bool]): Whether there is still something to wait for.
    seconds (float): How long to wait.
    RAISES (OSError): When it does not answer, or is not alive.
    """
    end = time.monotonic() + seconds
    while True:
        try:
            call(f"{url}/health")
            return
        except OSError:
            if time.monotonic() > end or not alive():
                raise
            time.sleep(0.2)


def annotate(url: str, gold: Gold, limit: int = 0) -> dict[str, int]:
    """Answer tasks until there are no more.

    url (str): The server's address.
    gold (Gold): What to answer.
    limit (int): Stop after this many answers; 0 for no limit.
    RETURNS (dict[str, int]): Number of answers given, by kind.
    """
    given = {"accept": 0, "ignore": 0}
    session = call(f"{url}/project")["session_id"]
    while not limit or sum(given.values()) < limit:
        tasks = call(f"{url}/get_session_questions", {"session_id": session, "have": []})["tasks"]
        answers = [answer(task, gold) for task in tasks[: limit - sum(given.values()) if limit else None]]
        if not answers:
            break
        receipt = call(f"{url}/give_answers", {"session_id": session, "answers": answers})
        if receipt["refused"]:
            raise RuntimeError(f"The server refused answers: {receipt['refused'][:3]}")
        for each in answers:
            given[each["answer"]] += 1
    call(f"{url}/end_session", {"session_id": session})
    return given


def main(
    url: str = typer.Argument(..., help="Address of the server, for example http://localhost:8080"),
    gold: Path = typer.Argument(..., help="Labelled .spacy file with the answers"),
    limit: int = typer.Option(0, "--limit", "-n", help="Stop after this many answers; 0 for no limit"),
) -> None:
    """Answer the tasks of a running server with gold labels."""
    wait_for(url.rstrip("/"))
    typer.echo(annotate(url.rstrip("/"), read_gold(gold), limit))


if __name__ == "__main__":
    typer.run(main)
