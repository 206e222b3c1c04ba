"""What every request passes: checks of host, origin, access and size, and headers that keep scripts out."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .access import Access
from .attempts import Attempts

# A batch of ten texts of 100,000 characters with their tokens is about 20 MB.
BODY_LIMIT = 64 * 1024 * 1024
LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
DIRECTIVES = {
    "default-src": ["'none'"],
    "script-src": ["'self'"],
    "style-src": ["'self'"],
    "img-src": ["'self'", "data:"],
    "connect-src": ["'self'"],
    "base-uri": ["'none'"],
    "form-action": ["'none'"],
    "frame-ancestors": ["'none'"],
}


def make_policy(more: Mapping[str, Sequence[str]]) -> str:
    """The Content-Security-Policy: what the page needs, and what a recipe asks for besides.

    more (Mapping[str, Sequence[str]]): Further sources by directive.
    RETURNS (str): The header's value.
    """
    names = [*DIRECTIVES, *(name for name in more if name not in DIRECTIVES)]
    return "; ".join(" ".join([name, *DIRECTIVES.get(name, []), *more.get(name, [])]) for name in names)


POLICY = make_policy({})
SECURITY_HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",
}


class Guard:
    """Middleware that turns away what no page of ours sends.

    app (ASGIApp): The application behind it.
    host (str): The host that the server is bound to.
    limit (int): The largest body taken, in bytes.
    access (Access | None): What a request has to bring; None lets everybody in.
    policy (str): The Content-Security-Policy of what is served.
    """

    def __init__(
        self, app: ASGIApp, host: str, limit: int = BODY_LIMIT, access: Access | None = None, policy: str = POLICY
    ) -> None:
        self.app = app
        self.headers = {**SECURITY_HEADERS, "Content-Security-Policy": policy}
        self.limit = limit
        self.access = access
        self.attempts = Attempts()
        # Another site's name may be made to point at this machine; only our own names are answered on loopback.
        self.names = LOCAL_NAMES if is_loopback(host) else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refusal = self._refusal(headers) or self._entrance(scope, headers)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        await self.app(scope, self._limited(receive), _with_headers(send, self.headers))

    def _refusal(self, headers: Headers) -> JSONResponse | None:
        host = headers.get("host", "")
        if self.names is not None and _name(f"//{host}") not in self.names:
            return _refuse(400, "This server answers to localhost only. Start it with --host to serve a network.")
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc != host:
            return _refuse(403, "Requests from other sites are not taken.")
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > self.limit:
            return _refuse(413, f"The body is larger than {self.limit} bytes.")
        return None

    def _entrance(self, scope: Scope, headers: Headers) -> Response | None:
        """What somebody gets who has not shown yet that he may come in."""
        if self.access is None or scope["path"] == "/health":
            return None
        client = (scope.get("client") or ("",))[0]
        wait = self.attempts.wait(client)
        if wait:
            refusal = _refuse(429, "Too many wrong passwords or tokens came from there. Wait a minute.")
            refusal.headers["Retry-After"] = str(wait)
            return refusal
        if self.access.allows(headers):
            return None
        query = self.access.entry(scope["query_string"].decode("latin-1"))
        if scope["path"] == "/" and query is not None:
            kept = {**SECURITY_HEADERS, "Set-Cookie": self.access.cookie()}
            return RedirectResponse(f"./?{query}" if query else "./", 303, kept)
        self.attempts.failed(client, self.access.shown(headers, scope["query_string"].decode("latin-1")))
        message, extra = self.access.refusal()
        return JSONResponse({"detail": message}, 401, {**SECURITY_HEADERS, **extra})

    def _limited(self, receive: Receive) -> Receive:
        received = 0

        async def limited() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self.limit:
                # A body without a stated length: the application sees the client go away.
                return {"type": "http.disconnect"}
            return message

        return limited


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a host."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _name(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _refuse(status: int, detail: str) -> JSONResponse:
    return JSONResponse({"detail": detail}, status_code=status, headers=SECURITY_HEADERS)


def _with_headers(send: Send, added: Mapping[str, str]) -> Send:
    async def send_with_headers(message: Any) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in added.items():
                headers.setdefault(name, value)
        await send(message)

    return send_with_headers
