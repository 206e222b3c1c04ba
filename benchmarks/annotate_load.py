"""Many annotators at once on one server: how long give and take last, and the rate at which that becomes too long.

    python benchmarks/annotate_load.py --annotators 50 --rates 10,50,100,200 --seconds 20 [--busy]

A rate is answers a second of all annotators together, once all have sat down. Requests go to this machine only, and
end by themselves.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import random
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import typer

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.app.support import ServerProcess, numbered_tasks

ARRIVAL = 5.0  # seconds in which the annotators of a rate sit down, one after the other


class Times(dict[str, list[float]]):
    """Milliseconds by kind of request, and what went wrong."""

    def __init__(self) -> None:
        super().__init__(take=[], give=[])
        self.errors = 0

    def summary(self) -> dict[str, Any]:
        """Median, p99 and number of requests, by kind."""
        out: dict[str, Any] = {"errors": self.errors}
        for kind, values in self.items():
            ordered = sorted(values) or [0.0]
            out[kind] = {"n": len(values), "p50": _at(ordered, 0.5), "p99": _at(ordered, 0.99)}
        return out


def _at(ordered: list[float], share: float) -> float:
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 1)


async def annotate(client: httpx.AsyncClient, session: str, pause: float, end: float, times: Times, seed: int) -> None:
    """One annotator: takes ten tasks, gives an answer after each pause."""
    rng = random.Random(seed)
    await asyncio.sleep(rng.uniform(0, ARRIVAL))
    held: list[dict[str, Any]] = []
    while time.monotonic() < end:
        try:
            if len(held) < 5:
                have = [task["_task_hash"] for task in held]
                body = {"session_id": session, "have": have}
                held += (await post(client, "take", "get_session_questions", body, times))["tasks"]
            if held:
                answer = {**held.pop(0), "answer": "accept"}
                await post(client, "give", "give_answers", {"session_id": session, "answers": [answer]}, times)
        except (httpx.HTTPError, KeyError):
            times.errors += 1
        await asyncio.sleep(rng.expovariate(1 / pause))


async def post(client: httpx.AsyncClient, kind: str, path: str, body: Any, times: Times) -> Any:
    """One request, timed."""
    start = time.perf_counter()
    found = (await client.post(path, json=body)).raise_for_status().json()
    times[kind].append((time.perf_counter() - start) * 1000)
    return found


async def step(url: str, annotators: int, rate: float, seconds: float) -> dict[str, Any]:
    """All annotators at one rate."""
    times = Times()
    limits = httpx.Limits(max_connections=annotators, max_keepalive_connections=annotators)
    async with httpx.AsyncClient(base_url=url, timeout=30, limits=limits) as client:
        end = time.monotonic() + seconds
        names = [f"ds-r{rate:g}-{number}" for number in range(annotators)]
        pause = annotators / rate
        await asyncio.gather(*(annotate(client, name, pause, end, times, n) for n, name in enumerate(names)))
    return {"rate": rate, "answers_per_s": round(len(times["give"]) / seconds, 1), **times.summary()}


def busy() -> None:
    """What a training does to one core."""
    import os

    import numpy as np

    os.nice(10)  # as the worker does
    matrix = np.random.default_rng(0).normal(size=(400, 400))
    while True:
        matrix = np.tanh(matrix @ matrix)


def main(
    annotators: int = typer.Option(50, "--annotators"),
    rates: str = typer.Option("10,25,50,100,200", "--rates", help="Answers a second, with commas between"),
    seconds: float = typer.Option(20.0, "--seconds", help="How long each rate runs"),
    db: str = typer.Option("", "--db", help="Database URL [default: a new SQLite file]"),
    tasks: int = typer.Option(100_000, "--tasks"),
    with_busy: bool = typer.Option(False, "--busy", help="Keep one core busy beside, as a training does"),
) -> None:
    """Run the rates one after the other, and print a line of JSON for each."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        source = folder / "tasks.jsonl"
        source.write_text("".join(json.dumps(task) + "\n" for task in numbered_tasks(tasks)), encoding="utf-8")
        server = stack.enter_context(ServerProcess(db or str(folder / "answers.db"), source))
        if with_busy:
            beside = multiprocessing.get_context("spawn").Process(target=busy, daemon=True)
            beside.start()
            stack.callback(beside.terminate)
        for rate in (float(rate) for rate in rates.split(",")):
            typer.echo(json.dumps(asyncio.run(step(server.url, annotators, rate, seconds))))


if __name__ == "__main__":
    typer.run(main)
