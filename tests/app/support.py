"""Helpers of the annotation tests: a pipeline without trained parts, a PostgreSQL server, a server process."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from spacy.language import Language
from spacy.tokens import Doc, SpanGroup

from bioactive.annotate.tasks import Task
from bioactive.tokenizer import blank

ROOT = Path(__file__).resolve().parents[2]
PROTEINS = ("IL-2", "TNF-alpha", "CD28")


@Language.component("test_scores")
def give_scores(doc: Doc) -> Doc:
    """Leave the entities with a score each where `crf_ner` leaves them."""
    scores = [0.25 + 0.5 * (number % 2) for number in range(len(doc.ents))]
    doc.spans["crf_ner"] = SpanGroup(doc, name="crf_ner", attrs={"scores": scores}, spans=list(doc.ents))
    return doc


def suggesting_pipeline() -> Language:
    """A pipeline that cuts sentences and suggests words from a list."""
    nlp = blank("en")
    nlp.add_pipe("sentencizer")
    ruler = nlp.add_pipe("entity_ruler")
    patterns = [{"label": "PROTEIN", "pattern": word} for word in PROTEINS]
    ruler.add_patterns([*patterns, {"label": "CELL", "pattern": "T cells"}])
    nlp.add_pipe("test_scores")
    return nlp


def postgres_server() -> Iterator[str]:
    """The URL of a PostgreSQL server for the tests: BIOACTIVE_POSTGRES, or one that is started and stopped here."""
    if "BIOACTIVE_POSTGRES" in os.environ:
        yield os.environ["BIOACTIVE_POSTGRES"]
        return
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    control = shutil.which("pg_ctl") or next(iter(map(str, Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))), None)
    if control is None:
        pytest.skip("no PostgreSQL server is installed here, and BIOACTIVE_POSTGRES names none")
    # The server refuses to run as root.
    user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    with tempfile.TemporaryDirectory(prefix="bioactive-pg-", dir="/tmp") as folder:
        if os.geteuid() == 0:
            try:
                shutil.chown(folder, user)
            except LookupError:
                pytest.skip("PostgreSQL does not run as root, and there is no user postgres here")
        data, log = f"{folder}/data", f"{folder}/log"
        _as(user, control, "initdb", "-D", data, "-o", f"-A trust -U {user}")
        _as(user, control, "start", "-w", "-D", data, "-l", log, "-o", f"-c listen_addresses= -k {folder}")
        try:
            yield f"postgresql://{user}@/postgres?host={folder}"
        finally:
            _as(user, control, "stop", "-m", "fast", "-D", data)


def restart_postgres(url: str) -> None:
    """Stop the server that `postgres_server` has started as a power cut would, and start it again.

    url (str): What `postgres_server` gave.
    """
    if "BIOACTIVE_POSTGRES" in os.environ:
        pytest.skip("the server that BIOACTIVE_POSTGRES names is not ours to restart")
    user, folder = url.partition("//")[2].partition("@")[0], url.rpartition("host=")[2]
    control = shutil.which("pg_ctl") or next(iter(map(str, Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))))
    _as(user, control, "restart", "-w", "-m", "immediate", "-D", f"{folder}/data", "-l", f"{folder}/log")


def _as(user: str, *command: str) -> None:
    quoted = " ".join(f"'{word}'" for word in command)
    full = ["su", user, "-s", "/bin/sh", "-c", quoted] if os.geteuid() == 0 else list(command)
    done = subprocess.run(full, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd="/tmp", timeout=120)
    if done.returncode:
        pytest.skip(f"PostgreSQL does not start here: {done.stderr.decode(errors='replace')[-200:]}")


class AppClient:
    """Calls an ASGI application without a network.

    app (Any): The application.
    base_url (str): What the requests are addressed to.
    """

    def __init__(self, app: Any, base_url: str = "http://localhost:8080") -> None:
        self.app, self.base_url = app, base_url

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """One request, on an event loop of its own."""

        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url=self.base_url) as client:
                return await client.request(method, path, **options)

        return asyncio.run(send())

    def get(self, path: str, **options: Any) -> httpx.Response:
        """A GET request."""
        return self.request("GET", path, **options)

    def post(self, path: str, **options: Any) -> httpx.Response:
        """A POST request."""
        return self.request("POST", path, **options)


class ServerProcess:
    """A real server in a process of its own.

    db (str): Its database.
    tasks (Path): A JSONL file of tasks with tokens.
    """

    def __init__(self, db: str, tasks: Path, **config: Any) -> None:
        self.db, self.tasks, self.config = db, tasks, config
        self.process: subprocess.Popen[str] | None = None
        self.url = ""

    def start(self) -> ServerProcess:
        """Start it, and wait until the page can be opened."""
        options = [f"{key}={v if isinstance(v, str) else json.dumps(v)}" for key, v in self.config.items()]
        command = [sys.executable, str(Path(__file__).with_name("serve.py")), self.db, str(self.tasks), *options]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip()
        assert self.url, "the server did not start"
        self.config["port"] = self.url.rstrip("/").rpartition(":")[2]
        for _ in range(200):
            with contextlib.suppress(httpx.TransportError):
                httpx.get(f"{self.url}health")
                return self
            time.sleep(0.05)
        raise AssertionError("the server does not answer")

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End it: politely, or with SIGKILL."""
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(20)
            assert self.process.stdout is not None
            self.process.stdout.close()
            self.process = None

    def __enter__(self) -> ServerProcess:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()


def numbered_tasks(count: int) -> list[Task]:
    """Tasks with a text of their own each."""
    return [{"text": f"Sample {number} has IL-2 .", "tokens": _tokens(number), "spans": []} for number in range(count)]


def _tokens(number: int) -> list[Task]:
    tokens, start = [], 0
    for index, word in enumerate(["Sample", str(number), "has", "IL-2", "."]):
        tokens.append({"text": word, "start": start, "end": start + len(word), "id": index, "ws": index < 4})
        start += len(word) + 1
    return tokens
