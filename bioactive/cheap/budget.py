"""A budget of tokens that several threads draw on."""

from __future__ import annotations

from threading import Lock


class Budget:
    """Tokens that may be spent; what a request may cost at the most is put aside before it is sent.

    limit (int): Tokens; 0 for no limit.

    `spent` and `reserved` are tokens, `requests` is how often some were put aside.
    """

    def __init__(self, limit: int = 0) -> None:
        self.limit = limit
        self.spent = 0
        self.reserved = 0
        self.requests = 0
        self.lock = Lock()

    def reserve(self, tokens: int) -> bool:
        """Put tokens aside; False when the budget might be passed by them, and nothing is put aside then."""
        with self.lock:
            if self.limit and self.spent + self.reserved + tokens > self.limit:
                return False
            self.reserved += tokens
            self.requests += 1
            return True

    def settle(self, reserved: int, spent: int) -> None:
        """Take back what was put aside, and note what was spent."""
        with self.lock:
            self.reserved -= reserved
            self.spent += spent
