"""The page opens at once: its files are served while the recipe, which may have a pipeline to load, is being made.

What needs the recipe waits for it. Nothing heavy is imported here: that is a part of what takes long.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.responses import FileResponse, JSONResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from . import content
from .access import Access, make_access
from .config import make_config
from .guard import Guard, is_loopback, make_policy
from .listening import address, bind, web_server
from .settings_files import read_settings

STATIC = Path(__file__).parent / "static"


class Opening:
    """An ASGI application that stands in for another until that is made.

    make (Callable): Makes the other, in a thread of its own.
    host (str): The host that the server is bound to.
    access (Access | None): What a request has to bring; None lets everybody in.
    policy (str): The Content-Security-Policy of the page.
    """

    def __init__(self, make: Callable[[], Any], host: str, access: Access | None, policy: str) -> None:
        self.make = make
        self.problem: BaseException | None = None
        self.on_failure: Callable[[], None] = lambda: None  # called when `problem` is set
        self._made: Any = None
        self._ready = asyncio.Event()
        page = Route("/", lambda request: FileResponse(STATIC / "index.html"))
        files = Mount("/static", StaticFiles(directory=STATIC))
        self._shell = Starlette(routes=[page, files])
        self._front: ASGIApp = Guard(self._before, host, access=access, policy=policy)
        self._life = Starlette(lifespan=self.lifespan)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._life(scope, receive, send)
        elif self._made is not None and self._ready.is_set():
            await self._made(scope, receive, send)
        else:
            await self._front(scope, receive, send)

    async def _before(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A request that came before the other application was there."""
        path = scope["path"]
        if path == "/" or path.startswith("/static/"):
            await self._shell(scope, receive, send)
            return
        await self._ready.wait()
        if self._made is None:
            refusal = JSONResponse({"detail": str(self.problem)}, status_code=503)
            await refusal(scope, receive, send)
        else:
            await self._made(scope, receive, send)

    @asynccontextmanager
    async def lifespan(self, _app: Starlette | None = None) -> AsyncIterator[None]:
        """From here on the other application is being made; at the end it is told that it is over."""
        loop = asyncio.get_running_loop()
        async with AsyncExitStack() as stack:

            async def begin() -> None:
                if self._made is not None:
                    await stack.enter_async_context(self._made.router.lifespan_context(self._made))
                self._ready.set()

            def work() -> None:
                try:
                    self._made = self.make()
                except BaseException as problem:
                    self.problem = problem
                    self.on_failure()
                asyncio.run_coroutine_threadsafe(begin(), loop)

            threading.Thread(target=work, name="opening", daemon=True).start()
            yield


def serve_early(
    make: Callable[[Access | None], ASGIApp], config: Mapping[str, Any], on_open: Callable[[str, str], None]
) -> None:
    """Open the page at once, and serve an application as soon as it is made, until the process is told to stop.

    make (Callable): Makes the application, given what requests have to bring; called in a thread of its own.
    config (Mapping): Settings that win over all others: `host`, `port`.
    on_open (Callable): Told the page's address and its host, before `make` is called.
    RAISES (BioactiveError): B405 or B406 when one cannot listen there, B415 for a setting; whatever `make` raises.
    """
    settings = make_config(read_settings(), None, config)
    host = settings["host"]
    access = make_access(is_loopback(host))
    listener = bind(host, settings["port"])
    try:
        on_open(address(listener, host, access), host)
        opening = Opening(lambda: make(access), host, access, make_policy(content.policy(settings)))
        server = web_server(opening)
        opening.on_failure = lambda: setattr(server, "should_exit", True)
        server.run(sockets=[listener])
    finally:
        listener.close()
    if opening.problem is not None:
        raise opening.problem
