"""Wrong passwords and tokens, counted by where they come from, so that nobody finds the right one by trying."""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable

# Different wrong ones from one address within the window.
ALLOWED = 10
WINDOW = 60.0  # seconds
# Addresses remembered; the one that failed longest ago is forgotten first.
ADDRESSES = 10_000


class Attempts:
    """Remembers wrong credentials for a while, as hashes.

    The same wrong one counts once: a page that was left open with an old cookie asks again and again, and guesses
    nothing.

    clock (Callable[[], float]): Seconds that only go up.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._wrong: dict[str, dict[bytes, float]] = {}

    def failed(self, client: str, credentials: str) -> None:
        """Remember wrong credentials.

        client (str): The address they came from.
        credentials (str): What was tried; "" is no attempt.
        """
        if not credentials:
            return
        tried = self._recent(client)
        tried[hashlib.sha256(credentials.encode("utf-8", "replace")).digest()] = self._clock()
        self._wrong.pop(client, None)
        self._wrong[client] = tried
        if len(self._wrong) > ADDRESSES:
            del self._wrong[next(iter(self._wrong))]

    def wait(self, client: str) -> int:
        """How many seconds an address has to wait before it may try again; 0 when it need not."""
        tried = sorted(self._recent(client).values())
        return math.ceil(tried[-ALLOWED] + WINDOW - self._clock()) if len(tried) >= ALLOWED else 0

    def _recent(self, client: str) -> dict[bytes, float]:
        now = self._clock()
        return {key: when for key, when in self._wrong.get(client, {}).items() if now - when < WINDOW}
