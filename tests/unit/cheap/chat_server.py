"""A local server that plays a language model: each answer in turn is right, late, broken or an error."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = str | int | Callable[[list[dict[str, str]]], Any]


@dataclass
class Played:
    """What the server says, and what it was asked.

    script (list): Answers in turn, the last for ever: a text is what the model says; a number is a status; LATE waits;
        DRIP sends byte by byte; RAW, a body that is no JSON; MOVED, a redirection; a function makes the text.
    """

    script: list[Answer]
    asked: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    usage: bool = True
    lateness: float = 1.0

    def next(self, payload: dict[str, Any]) -> Answer:
        self.asked.append(payload)
        return self.script[min(len(self.asked), len(self.script)) - 1]


LATE, DRIP, RAW, MOVED = "<late>", "<drip>", "<raw>", "<moved>"


@contextmanager
def playing(*script: Answer, usage: bool = True, lateness: float = 1.0) -> Iterator[tuple[str, Played]]:
    """A server on a free port of this machine: its address and its record."""
    played = Played(list(script), usage=usage, lateness=lateness)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            payload = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            played.keys.append(self.headers.get("Authorization"))
            answer = played.next(payload) if self.path == "/v1/chat/completions" else 404
            try:
                self._answer(answer, payload)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True  # the client has stopped waiting

        def _answer(self, answer: Answer, payload: dict[str, Any]) -> None:
            if isinstance(answer, int):
                self._send(answer, b'{"error": "as asked"}', {"Retry-After": "7"} if answer == 429 else {})
            elif answer == MOVED:
                self._send(302, b"", {"Location": "http://127.0.0.1:1/v1/chat/completions"})
            elif answer == RAW:
                self._send(200, b'{"choices": [')
            else:
                if answer == LATE:
                    time.sleep(played.lateness)
                text = answer(payload["messages"]) if callable(answer) else answer
                body: dict[str, Any] = {"choices": [{"message": {"role": "assistant", "content": text}}]}
                if played.usage:
                    body["usage"] = {"total_tokens": 50}
                self._send(200, json.dumps(body).encode(), drip=answer == DRIP)

        def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None, drip: bool = False) -> None:
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
                self.send_header(name, value)
            self.end_headers()
            for part in [body[i : i + 1] for i in range(len(body))] if drip else [body]:
                self.wfile.write(part)
                self.wfile.flush()
                time.sleep(0.05 if drip else 0)

        def log_message(self, *args: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1", played
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
