"""How long an annotator waits after the command: until the page opens, and until it has its first task.

    python benchmarks/annotate_start.py PIPELINE TEXTS --times 5 [--recipe ner.active]

Each start is a process of its own with a new database; the texts are read, and the pipeline is loaded, as ever.
"""

from __future__ import annotations

import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any

import typer
from annotate_load import spent

LONGEST = 120.0  # seconds


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(url: str, body: dict[str, Any] | None, process: subprocess.Popen[bytes]) -> bytes:
    """What a server answers to a request that is repeated until it does."""
    data = None if body is None else json.dumps(body).encode()
    end = time.perf_counter() + LONGEST
    while time.perf_counter() < end and process.poll() is None:
        with suppress(urllib.error.URLError, ConnectionError):
            request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
            with urllib.request.urlopen(request, timeout=LONGEST) as answer:
                return bytes(answer.read())
        time.sleep(0.01)
    raise SystemExit(f"no answer from {url}")


def start_once(command: list[str], folder: Path) -> tuple[float, ...]:
    """Seconds from the command to the page, and to the first task; then the same in processor time of the server."""
    port = free_port()
    options = ["--db", str(folder / "answers.db"), "--port", str(port)]
    begin = time.perf_counter()
    process = subprocess.Popen([*command, *options], stdout=subprocess.DEVNULL, cwd=folder)
    try:
        wait_for(f"http://127.0.0.1:{port}/", None, process)
        page, page_cpu = time.perf_counter() - begin, spent(process.pid)
        tasks = json.loads(wait_for(f"http://127.0.0.1:{port}/get_session_questions", {}, process))["tasks"]
        first = time.perf_counter() - begin
        assert tasks, "there is no task"
        return page, first, page_cpu, spent(process.pid)
    finally:
        process.terminate()
        process.wait()


def main(
    pipeline: Path = typer.Argument(..., exists=True),
    texts: Path = typer.Argument(..., exists=True),
    times: int = typer.Option(5, "--times", min=1),
    recipe: str = typer.Option("ner.correct", "--recipe", help="ner.correct, or ner.active --no-worker"),
) -> None:
    """Print the median and the longest of several starts."""
    own = [*recipe.split(), "ds", str(pipeline.resolve()), str(texts.resolve())]
    found = []
    for _ in range(times):
        with tempfile.TemporaryDirectory() as folder:
            found.append(start_once([sys.executable, "-m", "bioactive", *own], Path(folder)))
    names = ("page", "first task", "page, processor time", "first task, processor time")
    for name, seconds in zip(names, zip(*found, strict=True), strict=True):
        print(f"{name:26} median {statistics.median(seconds):.2f} s, longest {max(seconds):.2f} s")
    print(f"machine load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    typer.run(main)
