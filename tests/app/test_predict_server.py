"""`bioactive serve` on a real socket: entities, concurrent requests, bad input, access."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from bioactive.annotate.access import Access
from bioactive.annotate.listening import bind, web_server
from bioactive.errors import BioactiveError
from bioactive.serving.entities import Finder
from bioactive.serving.server import Options, create_app, serve
from bioactive.tokenizer import blank
from tests.app.support import ROOT, suggesting_pipeline

TEXT = "TNF-alpha and IL-2 in T cells."


@contextlib.contextmanager
def served(options: Options, access: Access | None = None) -> Iterator[str]:
    """The address of a server in a thread of this process."""
    listener = bind("localhost", 0)
    with ThreadPoolExecutor(1) as thread:
        finder = Finder(suggesting_pipeline(), options.spans_key, options.batch_size)
        server = web_server(create_app(finder, thread, options, access))
        work = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        work.start()
        try:
            yield f"http://localhost:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            work.join(20)
            listener.close()


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with served(Options(max_texts=50, max_chars=200, max_bytes=20_000, batch_size=8)) as address:
        yield address


def ask(url: str, **body: object) -> httpx.Response:
    return httpx.post(f"{url}/predict", json=body)


def test_entities_have_offsets_and_confidences(url: str) -> None:
    answer = ask(url, text=TEXT)
    assert answer.status_code == 200
    assert answer.json() == {
        "docs": [
            {
                "entities": [
                    {"start": 0, "end": 9, "label": "PROTEIN", "text": "TNF-alpha", "confidence": 0.25},
                    {"start": 14, "end": 18, "label": "PROTEIN", "text": "IL-2", "confidence": 0.75},
                    {"start": 22, "end": 29, "label": "CELL", "text": "T cells", "confidence": 0.25},
                ]
            }
        ]
    }


@pytest.mark.parametrize("text", ["", " \n\t", "no entity here", "\x00", "😀" * 20])
def test_texts_without_entities_are_answered(url: str, text: str) -> None:
    assert ask(url, texts=[text, TEXT]).json()["docs"][0] == {"entities": []}


def test_offsets_count_code_points(url: str) -> None:
    text = "\ufeff😀 У больных\r\nIL-2 e\u0301 CD28"
    for entity in ask(url, text=text).json()["docs"][0]["entities"]:
        assert text[entity["start"] : entity["end"]] == entity["text"]
    assert ask(url, texts=[]).json() == {"docs": []}


def test_concurrent_requests_get_their_own_answers(url: str) -> None:
    async def one(client: httpx.AsyncClient, number: int) -> None:
        texts = [f"{'x' * (number % 5)} {number} IL-2 {i}" for i in range(number % 12)]
        docs = (await client.post(f"{url}/predict", json={"texts": texts})).json()["docs"]
        assert [doc["entities"][0]["start"] for doc in docs] == [text.index("IL-2") for text in texts]

    async def main() -> None:
        async with httpx.AsyncClient(timeout=60) as client:
            await asyncio.gather(*(one(client, number) for number in range(120)))

    asyncio.run(main())


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "B830"),
        ({"text": "a", "texts": ["b"]}, "B830"),
        ({"texts": ["a"] * 51}, "B830"),
        ({"texts": ["a", "b" * 201]}, "B831"),
        ({"text": 3}, "B834"),
        ({"texts": "a"}, "B834"),
        ({"texts": ["a", None]}, "B834"),
        (["a"], "B834"),
    ],
)
def test_bad_bodies_are_explained(url: str, body: object, code: str) -> None:
    answer = httpx.post(f"{url}/predict", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, code)


@pytest.mark.parametrize("body", [b"", b"{", b"text=IL-2", b'{"text": "\\ud800"}', b'{"text": "\xff"}', b"[" * 5000])
def test_bytes_that_are_no_request_are_refused(url: str, body: bytes) -> None:
    answer = httpx.post(f"{url}/predict", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422)
    assert httpx.get(f"{url}/health").json() == {"status": "ok"}


def test_bodies_over_the_limit_are_refused(url: str) -> None:
    assert ask(url, texts=["a" * 150] * 200).status_code == 413

    def pieces() -> Iterator[bytes]:
        yield b'{"text": "'
        for _ in range(100):
            yield b"a" * 1000

    # Sent without a length: the connection ends, or the request is refused, before all of it is read.
    with contextlib.suppress(httpx.TransportError):
        sent = httpx.post(f"{url}/predict", content=pieces(), headers={"Content-Type": "application/json"})
        assert sent.status_code >= 400
    assert ask(url, text=TEXT).status_code == 200


def test_other_names_and_other_sites_are_refused(url: str) -> None:
    assert httpx.get(f"{url}/info", headers={"Host": "evil.example"}).status_code == 400
    assert httpx.get(f"{url}/info", headers={"Origin": "http://evil.example"}).status_code == 403


def test_info_and_openapi_describe_the_server(url: str) -> None:
    about = httpx.get(f"{url}/info").json()
    assert about["labels"] == ["CELL", "PROTEIN"] and about["max_texts"] == 50
    paths = httpx.get(f"{url}/openapi.json").json()["paths"]
    assert set(paths) == {"/predict", "/info", "/health"}
    assert paths["/predict"]["post"]["responses"]["200"]["content"]["application/json"]["schema"]


def test_password_is_asked_for() -> None:
    with served(Options(), Access(token="secret-1")) as url:
        assert ask(url, text=TEXT).status_code == 401
        assert httpx.get(f"{url}/health").status_code == 200
        headers = {"Authorization": "Bearer secret-1"}
        assert httpx.post(f"{url}/predict", json={"text": TEXT}, headers=headers).status_code == 200


def test_pipeline_without_entities_is_refused_and_the_port_given_back() -> None:
    with pytest.raises(BioactiveError, match="B307"):
        serve(lambda: blank("en"), Options(port=0))


def test_port_in_use_is_told_before_a_pipeline_is_loaded() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(BioactiveError, match="B405"):
        serve(pytest.fail, Options(host="127.0.0.1", port=taken.getsockname()[1]))  # type: ignore[arg-type]


def test_command_serves_a_folder_and_ends_when_told(tmp_path: Path) -> None:
    nlp = blank("en")
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "PROTEIN", "pattern": "IL-2"}])  # type: ignore[attr-defined]
    nlp.to_disk(tmp_path / "model")
    command = [sys.executable, "-m", "bioactive", "serve", str(tmp_path / "model"), "--port", "0"]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("BIOACTIVE_")}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=clean)
    assert process.stdout is not None
    try:
        url = process.stdout.readline().split()[1].removesuffix("/predict")
        for _ in range(200):
            with contextlib.suppress(httpx.TransportError):
                answer = ask(url, text="IL-2 fell")
                break
            time.sleep(0.05)
        assert answer.json()["docs"][0]["entities"] == [
            {"start": 0, "end": 4, "label": "PROTEIN", "text": "IL-2", "confidence": None}
        ]
    finally:
        process.terminate()
        process.stdout.close()
        assert process.wait(20) in (0, -15)
