"""Texts a second of `bioactive serve` against `nlp.pipe` in the same process, in turns.

    python benchmarks/serve.py MODEL assets/demo/en/pool.jsonl --texts 800

Every text is another one, and no vector is kept. A text per CPU second counts the clients' processor time too.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import spacy
import typer

from bioactive.annotate.listening import address, bind, web_server
from bioactive.evaluation.blocks import uncached
from bioactive.serving.entities import Finder
from bioactive.serving.server import Options, create_app


async def ask(url: str, texts: list[str], size: int, clients: int) -> None:
    """Have clients send all texts, `size` a request."""
    parts = iter([texts[start : start + size] for start in range(0, len(texts), size)])
    async with httpx.AsyncClient(timeout=600) as client:

        async def one() -> None:
            for part in parts:
                (await client.post(f"{url}predict", json={"texts": part})).raise_for_status()

        await asyncio.gather(*(one() for _ in range(clients)))


def timed(name: str, number: int, work: Callable[[], object]) -> None:
    """Print how many texts went through in a second."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(f"{name:34} {number / wall:6.0f} texts/s, {number / cpu:6.0f} texts per CPU second", flush=True)


def main(model: str, pool: Path, texts: int = 800, turns: int = 2) -> None:
    """Measure in turns, on texts of a .jsonl file that are told apart by a number."""
    lines = [json.loads(line)["text"] for line in pool.read_text(encoding="utf8").splitlines() if line.strip()]
    asked = [f"{lines[i % len(lines)]} ({i})" for i in range(texts)]
    nlp = spacy.load(model)
    listener = bind("localhost", 0)
    url = address(listener, "localhost")
    with uncached(nlp, folder=True), ThreadPoolExecutor(1) as thread:
        server = web_server(create_app(Finder(nlp), thread, Options()))
        work = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        work.start()
        list(nlp.pipe(asked[:64]))
        for _ in range(turns):
            timed("nlp.pipe, batches of 64", texts, lambda: list(nlp.pipe(asked, batch_size=64)))
            for size, clients in ((200, 1), (1, 32), (1, 1)):
                name = f"{clients} client(s), {size} a request"
                timed(name, texts, lambda s=size, c=clients: asyncio.run(ask(url, asked, s, c)))  # type: ignore[misc]
        server.should_exit = True
        work.join()
    listener.close()


if __name__ == "__main__":
    typer.run(main)
