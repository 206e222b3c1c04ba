"""One question at a time to an OpenAI-compatible chat interface: cached, retried, timed out, within a budget."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPResponse
from ipaddress import ip_address
from pathlib import Path
from threading import get_ident
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, OpenerDirector, Request, build_opener

from ..errors import error
from ..strict_json import loads
from .budget import Budget
from .prompt import Message

# What a server means to pass, by itself.
PASSING = frozenset({408, 409, 425, 429, 500, 502, 503, 504})
LONGEST_WAIT = 60.0
LARGEST_REPLY = 1 << 24
# Marks of role and turn around a message, generously.
TOKENS_A_MESSAGE = 16
CHUNK = 1 << 16


@dataclass(frozen=True)
class ChatOptions:
    """Whom to ask, and how.

    url (str): Address up to "/chat/completions", such as "http://127.0.0.1:8000/v1".
    model (str): Its name there.
    key_variable (str): Environment variable that holds the key; without one none is sent.
    max_tokens (int): Longest answer.
    temperature (float): 0.0 for the most probable answer.
    timeout (float): Seconds for one request, from sending it to its last byte.
    retries (int): Further tries after a time-out or an error that may pass.
    backoff (float): Seconds before the second try; each further one waits twice as long.
    budget (int): Tokens of questions and answers together; 0 for no limit. Answers from the cache cost nothing.
    cache (Path | None): Folder of answers, by the hash of the request.
    """

    url: str
    model: str
    key_variable: str = "OPENAI_API_KEY"
    max_tokens: int = 1024
    temperature: float = 0.0
    timeout: float = 60.0
    retries: int = 4
    backoff: float = 1.0
    budget: int = 0
    cache: Path | None = None


class Unanswered(Exception):
    """A question without an answer: the server failed each time, or what it sent is no answer."""


class OverBudget(Exception):
    """A question that was not sent, as its answer might pass the budget."""


@dataclass
class Chat:
    """Asks, and remembers.

    options (ChatOptions): Whom, and how.
    sleep (Callable): Waits for some seconds.
    RAISES (BioactiveError): B557 for an address that is none, or to which a key must not go unencrypted.
    """

    options: ChatOptions
    sleep: Callable[[float], object] = time.sleep
    budget: Budget = field(init=False)
    cached: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self.budget = Budget(self.options.budget)
        self._key = os.environ.get(self.options.key_variable, "")
        _check_address(self.options.url, bool(self._key))
        # A redirected request would take the key to another host.
        self._opener: OpenerDirector = build_opener(_NoRedirects)

    def ask(self, messages: Sequence[Message]) -> str:
        """The answer to a conversation.

        messages (Sequence[Message]): The conversation.
        RETURNS (str): What the model says next.
        RAISES (BioactiveError): B558 when the server refuses the request for good; (OverBudget, Unanswered): see there.
        """
        options = self.options
        payload = {
            "model": options.model,
            "messages": list(messages),
            "max_tokens": options.max_tokens,
            "temperature": options.temperature,
        }
        path = self._path(payload)
        if path is not None and path.is_file():
            self.cached += 1
            return str(json.loads(path.read_text(encoding="utf8"))["reply"])
        reply, usage = self._within_budget(payload)
        if path is not None:
            _keep(path, {"request": payload, "reply": reply, "usage": usage})
        return reply

    def _path(self, payload: dict[str, Any]) -> Path | None:
        if self.options.cache is None:
            return None
        told = json.dumps([self.options.url, payload], sort_keys=True).encode("ascii")
        name = hashlib.sha256(told).hexdigest()
        return self.options.cache / name[:2] / f"{name}.json"

    def _within_budget(self, payload: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Ask until there is an answer; each try is paid for."""
        most = most_tokens(payload["messages"]) + self.options.max_tokens
        for attempt in range(self.options.retries + 1):
            if not self.budget.reserve(most):
                raise OverBudget
            spent, wait = most, self.options.backoff * 2**attempt
            try:
                reply, usage = _read(self._post(payload))
                told = usage.get("total_tokens")
                spent = told if isinstance(told, int) and told >= 0 else most
                return reply, usage
            except HTTPError as problem:
                spent = 0  # a server that refuses has written nothing
                with problem:
                    self._refused(problem)
                wait = max(wait, _asked_to_wait(problem))
            except (URLError, TimeoutError, ConnectionError, HTTPException, Unanswered):
                pass  # it may have been worked on, so `spent` stays what it may have cost at the most
            finally:
                self.budget.settle(most, spent)
            if attempt < self.options.retries:
                self.sleep(min(wait, LONGEST_WAIT))
        raise Unanswered

    def _refused(self, problem: HTTPError) -> None:
        """Raise, unless the error may pass."""
        if problem.code not in PASSING:
            told = problem.read(2000).decode("utf8", "replace")
            if self._key:  # some servers quote it when they refuse it
                told = told.replace(self._key, "***")
            raise error("B558", url=self.options.url, status=problem.code, told=" ".join(told.split())[:300])

    def _post(self, payload: dict[str, Any]) -> bytes:
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        body = json.dumps(payload).encode("ascii")
        request = Request(f"{self.options.url.rstrip('/')}/chat/completions", body, headers)
        deadline = time.monotonic() + self.options.timeout
        with self._opener.open(request, timeout=self.options.timeout) as response:
            return _read_until(response, deadline)


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *args: Any) -> None:
        return None


def most_tokens(messages: Sequence[Message]) -> int:
    """The most tokens that messages can be: a token holds one byte at the least."""
    return sum(len(one["content"].encode("utf8", "surrogatepass")) + TOKENS_A_MESSAGE for one in messages)


def _read_until(response: HTTPResponse, deadline: float) -> bytes:
    """The body; a server that sends it drop by drop is not waited for past the deadline."""
    parts, size = [], 0
    while part := response.read1(CHUNK):
        parts.append(part)
        size += len(part)
        if time.monotonic() > deadline or size > LARGEST_REPLY:
            raise TimeoutError
    return b"".join(parts)


def _read(body: bytes) -> tuple[str, dict[str, Any]]:
    """What the model said, and what it cost."""
    try:
        found = loads(body)
        reply = found["choices"][0]["message"]["content"]
        usage = found.get("usage")
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as problem:
        raise Unanswered from problem
    if not isinstance(reply, str):
        raise Unanswered
    return reply, usage if isinstance(usage, dict) else {}


def _asked_to_wait(problem: HTTPError) -> float:
    try:
        return max(0.0, float(problem.headers.get("Retry-After", 0)))
    except ValueError:
        return 0.0


def _check_address(url: str, with_key: bool) -> None:
    found = urlsplit(url)
    if found.scheme not in ("http", "https") or not found.hostname:
        raise error("B557", url=url, problem="it is no http or https address")
    if with_key and found.scheme == "http" and not _is_this_machine(found.hostname):
        raise error("B557", url=url, problem="the key would go there unencrypted")


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _keep(path: Path, value: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f"{path.name}.{os.getpid()}-{get_ident()}.new")
    new.write_text(json.dumps(value), encoding="utf8")
    new.replace(path)
