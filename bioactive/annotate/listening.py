"""Where a server listens, and how; imports little, so that a page can be opened before the rest is there."""

from __future__ import annotations

import errno
import socket
import sys

import uvicorn
from starlette.types import ASGIApp

from ..errors import error
from .access import Access

# Seconds that a connection stays open without a request: longer than most answers take, so that few open it anew.
KEEP_ALIVE = 75
# Seconds that a thread computes before another may: the loop that reads and writes requests is to wait less than the
# interpreter's 5 ms for each turn.
SWITCH_SECONDS = 0.0005


def bind(host: str, port: int) -> socket.socket:
    """Take an address to listen on.

    host (str): A name or an address.
    port (int): The port; 0 for any that is free.
    RETURNS (socket.socket): The bound socket.
    RAISES (BioactiveError): B405 when the port is in use, B406 when one cannot listen there.
    """
    if not 0 <= port < 65536:
        raise error("B406", host=host, port=port, reason="there is no such port")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as problem:
        raise error("B406", host=host, port=port, reason=problem.strerror or problem) from problem
    try:
        # A port that a program left a moment ago is free; one that a program listens on is not.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen()
    except OSError as problem:
        listener.close()
        if problem.errno == errno.EADDRINUSE:
            raise error("B405", host=host, port=port) from problem
        raise error("B406", host=host, port=port, reason=problem.strerror or problem) from problem
    return listener


def address(listener: socket.socket, host: str, access: Access | None = None) -> str:
    """Where the page is.

    listener (socket.socket): What `bind` gave.
    host (str): The host that was asked for.
    access (Access | None): Its token, when it has one, becomes part of the address.
    """
    port = listener.getsockname()[1]
    query = f"?token={access.token}" if access is not None and access.token else ""
    return f"http://[{host}]:{port}/{query}" if ":" in host else f"http://{host}:{port}/{query}"


def web_server(app: ASGIApp) -> uvicorn.Server:
    """The web server of an application; `run(sockets=[...])` starts it, `should_exit = True` ends it."""
    sys.setswitchinterval(SWITCH_SECONDS)
    config = uvicorn.Config(
        app, log_level="warning", timeout_graceful_shutdown=5, timeout_keep_alive=KEEP_ALIVE, server_header=False
    )
    return uvicorn.Server(config)
