"""Many annotators at once on one server: how long give and take last, and the rate at which that becomes too long.

    python benchmarks/annotate_load.py --annotators 50 --rates 10,50,100,200 --seconds 20 [--busy]
    python benchmarks/annotate_load.py --learn PIPELINE --train TRAIN.spacy --dev DEV.spacy    (a real training beside)
    python benchmarks/annotate_load.py --annotators 200 --stored 1000000 [--db postgresql://...]
        (an empty database, or one that was filled by this command before)
    python benchmarks/annotate_load.py --endure 20000    (the server's memory over one long session)

A rate is answers a second of all annotators together; what happens while they sit down is not counted. Requests go to
this machine only, and end by themselves. The client shares the processor with the server, so it speaks HTTP over plain
sockets: a client library takes as long for a request as the server.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import typer
from sqlalchemy import text

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bioactive.annotate.learning import STATUS, Worker
from bioactive.annotate.store import Store
from bioactive.annotate.tasks import to_json
from tests.app.support import ServerProcess

ARRIVAL = 5.0  # seconds in which the annotators of a rate sit down, one after the other


SHIFT = 1_000_000  # so that each number has seven digits
SESSION = "'ds-s' || CAST(input_hash % :sessions AS VARCHAR)"
# SQLite and PostgreSQL both know these. The content's places are filled in by the database.
FILL = (
    """
    INSERT INTO example (input_hash, task_hash, content)
    WITH RECURSIVE
        n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :stored),
        content (input_hash, made) AS (
            SELECT i, replace(replace(:template, '@number', CAST(:shift + i AS VARCHAR)), '@hash', CAST(i AS VARCHAR))
            FROM n
        )
    SELECT input_hash, input_hash, replace(made, '@session', {session}) FROM content ORDER BY input_hash
    """,
    """
    INSERT INTO link (example_id, dataset_id)
    SELECT example.id, dataset.id FROM example JOIN dataset ON dataset.name IN ('ds', {session}) ORDER BY example.id
    """,
    """
    INSERT INTO receipt (dataset_id, session, input_hash, task_hash, example_id, answer_id, digest, received)
    SELECT dataset.id, {session}, input_hash, task_hash, example.id, 'filled-' || CAST(example.id AS VARCHAR), '',
        1700000000 + example.id
    FROM example JOIN dataset ON dataset.name = 'ds' ORDER BY example.id
    """,
    "ANALYZE",
)
FILL = tuple(statement.replace("{session}", SESSION) for statement in FILL)


class Times(dict[str, list[float]]):
    """Milliseconds by kind of request, and what went wrong."""

    def __init__(self, begin: float) -> None:
        super().__init__(take=[], give=[])
        self.begin = begin
        self.errors: list[str] = []

    def summary(self) -> dict[str, Any]:
        """Median, p99 and number of requests, by kind."""
        out: dict[str, Any] = {"errors": len(self.errors), **({"first_error": self.errors[0]} if self.errors else {})}
        for kind, values in self.items():
            ordered = sorted(values) or [0.0]
            out[kind] = {"n": len(values), "p50": _at(ordered, 0.5), "p99": _at(ordered, 0.99)}
        return out


def _at(ordered: list[float], share: float) -> float:
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 1)


class Page:
    """What one annotator's browser does: one connection, one request after the other.

    url (str): The server's address.
    times (Times): Told how long each request took, once `times.begin` has come.
    """

    def __init__(self, url: str, times: Times) -> None:
        self.host, self.port = urlsplit(url).hostname or "", urlsplit(url).port
        self.times = times
        self.streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def post(self, kind: str, path: str, body: Any) -> Any:
        """One request, timed; ConnectionError for an answer other than 200."""
        sent = json.dumps(body).encode()
        head = f"POST /{path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        start = time.perf_counter()
        self.streams = self.streams or await asyncio.open_connection(self.host, self.port)
        reader, writer = self.streams
        writer.write(f"{head}Content-Length: {len(sent)}\r\n\r\n".encode() + sent)
        status, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().lower().split("\r\n")
        length = next(int(line.partition(":")[2]) for line in lines if line.startswith("content-length:"))
        found = await reader.readexactly(length)
        if time.monotonic() >= self.times.begin:
            self.times[kind].append((time.perf_counter() - start) * 1000)
        if " 200 " not in status:
            raise ConnectionError(f"{status}: {found.decode()}")
        return json.loads(found)


async def annotate(page: Page, session: str, pause: float, end: float, seed: int) -> None:
    """One annotator: takes ten tasks, gives an answer after each pause."""
    rng = random.Random(seed)
    await asyncio.sleep(rng.uniform(0, ARRIVAL))
    held: list[dict[str, Any]] = []
    while time.monotonic() < end:
        try:
            if len(held) < 5:
                have = [task["_task_hash"] for task in held]
                asked = {"session_id": session, "have": have}
                held += (await page.post("take", "get_session_questions", asked))["tasks"]
            if held:
                answer = {**held.pop(0), "answer": "accept", "_answer_id": str(uuid.uuid4())}
                await page.post("give", "give_answers", {"session_id": session, "answers": [answer]})
        except (OSError, EOFError, KeyError, StopIteration) as problem:
            page.times.errors.append(f"{type(problem).__name__}: {problem}")
            page.streams = None
        await asyncio.sleep(max(0.0, min(rng.expovariate(1 / pause), end - time.monotonic())))


async def step(url: str, annotators: int, rate: float, seconds: float) -> dict[str, Any]:
    """All annotators at one rate, for so many seconds after they have sat down."""
    times = Times(time.monotonic() + ARRIVAL)
    names = [f"ds-r{rate:g}-{number}" for number in range(annotators)]
    end = times.begin + seconds
    people = [annotate(Page(url, times), name, annotators / rate, end, n) for n, name in enumerate(names)]
    await asyncio.gather(*people)
    return {"rate": rate, "answers_per_s": round(len(times["give"]) / seconds, 1), **times.summary()}


def spent(process: int) -> float:
    """Seconds of processor time that a process has used, all of its threads together."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def load() -> float:
    """How many processes of this machine wanted a processor in the last minute."""
    return round(os.getloadavg()[0], 1)


def memory(process: int) -> float:
    """MiB that a process holds in memory, without what it shares with files."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("RssAnon"))


async def endure(server: ServerProcess, answers: int, parts: int = 10) -> None:
    """One session that answers without a pause, ten tasks at a time; prints the server's memory now and then."""
    page, given, told = Page(server.url, Times(0.0)), 0, 0
    assert server.process is not None
    while given < answers:
        tasks = (await page.post("take", "get_session_questions", {"session_id": "ds-one", "have": []}))["tasks"]
        made = [{**task, "answer": "accept", "_answer_id": str(task["_task_hash"])} for task in tasks]
        given += (await page.post("give", "give_answers", {"session_id": "ds-one", "answers": made}))["stored"]
        if not tasks or given >= told:
            held = round(memory(server.process.pid), 1)
            typer.echo(json.dumps({"answers": given, "server_mib": held, **page.times.summary()}))
            page.times, told = Times(0.0), told + answers // parts
        if not tasks:
            return


async def first_task(server: ServerProcess, start: float) -> dict[str, Any]:
    """How long a server took to answer at all, and to find the first task that nobody has answered."""
    up = time.perf_counter() - start
    page, process = Page(server.url, Times(0.0)), server.process
    assert process is not None
    tasks = (await page.post("take", "get_session_questions", {"session_id": "ds-s0", "have": []}))["tasks"]
    assert tasks, "there is no task"
    found = {"up_s": up, "first_task_s": time.perf_counter() - start, "server_cpu_s": spent(process.pid)}
    return {**{key: round(value, 1) for key, value in found.items()}, "server_mib": round(memory(process.pid), 1)}


def busy() -> None:
    """What a training does to one core."""
    import numpy as np

    from bioactive.annotate.learning import give_way

    give_way()  # as the worker does
    matrix = np.random.default_rng(0).normal(size=(400, 400))
    while True:
        matrix = np.tanh(matrix @ matrix)


def learning(pipeline: Path, train: Path, dev: Path, source: Path, folder: Path, database: str) -> Worker:
    """The worker that `ner.active` starts: it trains on what the scripted annotators answer, and ranks."""
    options = {
        "--train": train,
        "--dev": dev,
        "--models": folder / "models",
        "--folder": folder,
        "--max-epochs": 3,
        "--pool": 500,
    }
    words = [str(word) for pair in options.items() for word in pair]
    worker = Worker(["learn", "ds", str(pipeline.resolve()), str(source), *words], folder, database)
    worker.start()
    return worker


def numbered(first: int, count: int) -> Iterator[dict[str, Any]]:
    """Tasks whose number, of seven digits, is their hash too, so that a database can make answers to them by itself."""
    for number in range(first, first + count):
        yield {**task_with(str(SHIFT + number)), "_input_hash": number, "_task_hash": number}


def task_with(number: str) -> dict[str, Any]:
    """The task with a number of seven characters in its text."""
    places = [("Sample", 0), (number, 7), ("has", 15), ("IL-2", 19), (".", 24)]
    tokens = [
        {"text": word, "start": start, "end": start + len(word), "id": index, "ws": index < 4}
        for index, (word, start) in enumerate(places)
    ]
    return {"text": f"Sample {number} has IL-2 .", "tokens": tokens, "spans": []}


def fill(database: str, stored: int, sessions: int) -> None:
    """Let a database answer the first tasks of `numbered` as so many sessions, a statement a table, unless it has."""
    with Store(database) as store:
        if "ds" in store:
            return
        store.add_dataset("ds")
        for number in range(sessions):
            store.add_dataset(f"ds-s{number}", session=True)
        values = {"stored": stored, "sessions": sessions, "shift": SHIFT, "template": _content_template()}
        with store.database.write() as connection:
            for statement in FILL:
                connection.execute(text(statement), {name: values[name] for name in values if f":{name}" in statement})


def _content_template() -> str:
    answered = {**task_with("@number"), "_input_hash": "@hash", "_task_hash": "@hash"}
    told = {"answer": "accept", "_session_id": "@session", "_view_id": "ner_manual"}
    return to_json({**answered, **told}).replace('"@hash"', "@hash")


def main(
    annotators: int = typer.Option(50, "--annotators"),
    rates: str = typer.Option("10,25,50,100,200", "--rates", help="Answers a second, with commas between"),
    seconds: float = typer.Option(20.0, "--seconds", help="How long each rate runs"),
    db: str = typer.Option("", "--db", help="Database URL [default: a new SQLite file]"),
    tasks: int = typer.Option(100_000, "--tasks"),
    endure_answers: int = typer.Option(0, "--endure", help="Instead: memory over so many answers of one session"),
    with_busy: bool = typer.Option(False, "--busy", help="Keep one core busy beside, as a training does"),
    pipeline: Path | None = typer.Option(None, "--learn", help="Let a worker train this pipeline beside"),
    train: Path = typer.Option(Path(), "--train", help="With --learn: its corpus"),
    dev: Path = typer.Option(Path(), "--dev", help="With --learn: its dev set"),
    stored: int = typer.Option(0, "--stored", help="Answers that are there before, to tasks that the source has too"),
    left_out: bool = typer.Option(False, "--left-out", help="With --stored: the source does not have their tasks"),
) -> None:
    """Run the rates one after the other, and print a line of JSON for each."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        source = folder / "tasks.jsonl"
        address = db or str(folder / "answers.db")
        first = stored if left_out else 0
        with source.open("w", encoding="utf-8") as lines:
            lines.writelines(json.dumps(task) + "\n" for task in numbered(first, stored + tasks - first))
        if stored:
            start = time.perf_counter()
            fill(address, stored, annotators)
            typer.echo(json.dumps({"filled_s": round(time.perf_counter() - start, 1), "machine_load": load()}))
        start = time.perf_counter()
        server = stack.enter_context(ServerProcess(address, source))
        if stored:
            typer.echo(json.dumps(asyncio.run(first_task(server, start))))
        if endure_answers:
            asyncio.run(endure(server, endure_answers))
            return
        if with_busy:
            beside = multiprocessing.get_context("spawn").Process(target=busy, daemon=True)
            beside.start()
            stack.callback(beside.terminate)
        if pipeline is not None:
            stack.callback(learning(pipeline, train, dev, source, folder / "worker", address).stop)
        for rate in (float(rate) for rate in rates.split(",")):
            assert server.process is not None
            before = spent(server.process.pid)
            found = asyncio.run(step(server.url, annotators, rate, seconds))
            found["server_cpu_s"] = round(spent(server.process.pid) - before, 1)
            found["server_mib"] = round(memory(server.process.pid), 1)
            if pipeline is not None:
                found["worker"] = (folder / "worker" / STATUS).read_text(encoding="utf-8")
            typer.echo(json.dumps({**found, "machine_load": load()}))
        if stored:
            start = time.perf_counter()
            command = [
                sys.executable,
                "-m",
                "bioactive",
                "db-out",
                "ds",
                "-o",
                str(folder / "out.jsonl"),
                "--db",
                address,
            ]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            used = resource.getrusage(resource.RUSAGE_CHILDREN)
            found = {"db_out_s": round(time.perf_counter() - start, 1), "largest_child_mib": used.ru_maxrss // 1024}
            typer.echo(json.dumps({**found, "machine_load": load()}))


if __name__ == "__main__":
    typer.run(main)
