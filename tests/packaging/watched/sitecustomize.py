"""Loaded at the start of every Python process that has this folder on its path: no connection leaves the machine.

Whatever would reach another machine, names that are looked up included, is written to the file that
BIOACTIVE_NETWORK_LOG names, and refused.
"""

from __future__ import annotations

import os
import sys
from typing import Any

LOOPBACK = ("127.", "::1", "localhost", "0.0.0.0")
EVENTS = {"socket.connect": 1, "socket.sendto": 1, "socket.getaddrinfo": 0, "socket.gethostbyname": 0}


def watch(event: str, args: tuple[Any, ...]) -> None:
    """Refuse what would go to another machine."""
    if event not in EVENTS:
        return
    target = args[EVENTS[event]]
    host = target[0] if isinstance(target, tuple) else target
    # A text in place of a pair is a socket of this machine's file system; None is this machine itself.
    on_disk = EVENTS[event] == 1 and not isinstance(target, tuple)
    if on_disk or host is None or str(host).startswith(LOOPBACK):
        return
    with open(os.environ["BIOACTIVE_NETWORK_LOG"], "a", encoding="utf-8") as log:
        log.write(f"{event} {target!r} {sys.argv!r}\n")
    raise PermissionError(f"no connection to {target!r}: the network is cut")


sys.addaudithook(watch)
