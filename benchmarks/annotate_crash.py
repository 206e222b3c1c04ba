"""Kill the annotation server again and again while scripted annotators work, and count what was lost.

    python benchmarks/annotate_crash.py --kills 200 --annotators 8 [--db postgresql://...]

Each annotator does what the page does: it keeps an answer until the server acknowledges it, and sends it again
afterwards. Lost: acknowledged, and not in the database. Double: more than one row of one session for a task. Shared: a
task that two sessions were given.
"""

from __future__ import annotations

import json
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import typer

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bioactive.annotate.store import Store
from tests.app.support import ServerProcess, numbered_tasks

LEASE = 3600  # seconds: longer than any run, so that no lease runs out


class Annotator(threading.Thread):
    """One scripted annotator.

    server (ServerProcess): The server; it comes and goes.
    name (str): The session.
    pace (float): Seconds that one answer takes.
    """

    def __init__(self, server: ServerProcess, name: str, pace: float, seed: int) -> None:
        super().__init__()
        self.server, self.session, self.pace = server, f"ds-{name}", pace
        self.rng = random.Random(seed)
        self.given_out: set[str] = set()
        self.acknowledged: set[str] = set()
        self.unsent: list[dict[str, Any]] = []
        self.done = threading.Event()

    def run(self) -> None:
        """Answer until told to stop, then send what is left."""
        with httpx.Client(timeout=10) as client:
            while not self.done.is_set() or self.unsent:
                try:
                    self.work(client)
                except (httpx.TransportError, httpx.HTTPStatusError):
                    time.sleep(0.05)

    def work(self, client: httpx.Client) -> None:
        """Ask, answer, send; a part of the answers is sent twice."""
        self.send(client)
        if self.done.is_set():
            return
        for task in self.post(client, "get_session_questions", {"session_id": self.session})["tasks"]:
            self.given_out.add(task["text"])
            number = len(self.given_out) + self.rng.random()
            self.unsent.append({**task, "answer": "accept", "_answer_id": f"{self.session}-{task['text']}-{number}"})
            time.sleep(self.pace * self.rng.uniform(0.2, 1.8))
        if self.rng.random() < 0.3:
            self.post(client, "give_answers", {"session_id": self.session, "answers": self.unsent})
        self.send(client)

    def send(self, client: httpx.Client) -> None:
        """Send everything that was not acknowledged."""
        if not self.unsent:
            return
        self.post(client, "give_answers", {"session_id": self.session, "answers": self.unsent})
        self.acknowledged.update(answer["text"] for answer in self.unsent)
        self.unsent = []

    def post(self, client: httpx.Client, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """One request."""
        found: dict[str, Any] = client.post(f"{self.server.url}{path}", json=body).raise_for_status().json()
        return found


def kills(server: ServerProcess, number: int, seed: int) -> Iterator[float]:
    """Kill and restart the server; yields the seconds that each restart took."""
    rng = random.Random(seed)
    for _ in range(number):
        time.sleep(rng.uniform(0.05, 1.5))
        server.stop(signal.SIGKILL)
        start = time.perf_counter()
        server.start()
        yield time.perf_counter() - start


def main(
    kills_wanted: int = typer.Option(200, "--kills"),
    annotators: int = typer.Option(8, "--annotators"),
    db: str = typer.Option("", "--db", help="Database URL [default: a new SQLite file]"),
    tasks: int = typer.Option(50_000, "--tasks"),
    pace: float = typer.Option(0.2, "--pace", help="Seconds that an answer takes"),
    seed: int = typer.Option(0, "--seed"),
) -> None:
    """Run the test, print the counts, and exit with 1 when anything was lost, doubled or shared."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        address = db or str(folder / "answers.db")
        source = folder / "tasks.jsonl"
        source.write_text("".join(json.dumps(task) + "\n" for task in numbered_tasks(tasks)), encoding="utf-8")
        with Store(address) as store:
            if "ds" in store:
                store.drop_dataset("ds")
        server = stack.enter_context(ServerProcess(address, source, batch_size=5, lease_seconds=LEASE))
        people = [Annotator(server, f"a{number}", pace, seed + number) for number in range(annotators)]
        for person in people:
            person.start()
        try:
            restarts = list(kills(server, kills_wanted, seed))
        finally:
            for person in people:
                person.done.set()
            for person in people:
                person.join()
        with Store(address) as store:
            rows = Counter((example["text"], example["_session_id"]) for example in store.iter_examples("ds"))
    stored = {text for text, _ in rows}
    acknowledged = set().union(*(person.acknowledged for person in people))
    holders = Counter(text for person in people for text in person.given_out)
    report = {
        "database": "postgresql" if db else "sqlite",
        "kills": len(restarts),
        "annotators": annotators,
        "acknowledged": len(acknowledged),
        "stored": len(stored),
        "lost": len(acknowledged - stored),
        "double": sum(count - 1 for count in rows.values()) + len(rows) - len(stored),
        "shared": sum(1 for count in holders.values() if count > 1),
        "median_restart_s": round(sorted(restarts)[len(restarts) // 2], 2) if restarts else None,
    }
    typer.echo(json.dumps(report, indent=2))
    raise typer.Exit(int(bool(report["lost"] or report["double"] or report["shared"])))


if __name__ == "__main__":
    typer.run(main)
