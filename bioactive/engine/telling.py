"""How results and failures travel between the processes of an engine: as JSON, never pickled."""

from __future__ import annotations

import json
from typing import Any

from bioactive.errors import BioactiveError, error, first_line

VALUE = "value"
# Code, which is "" for a fault without one, and message.
Failure = list[str]


def packed(value: Any) -> bytes:
    """A value of JSON's types, as it travels."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False).encode("ascii")


def told(problem: BaseException) -> Failure:
    """A failure in words that travel: its code where it has one, else its kind and first line.

    problem (BaseException): The failure.
    """
    if isinstance(problem, BioactiveError):
        return [problem.code, problem.message]
    return ["", f"{type(problem).__name__}: {first_line(problem)}"]


def raised(failure: Failure, done: int, tries: int) -> BioactiveError:
    """The error that a failure becomes again.

    failure (Failure): From `told`.
    done (int): Items that were finished before it.
    tries (int): How often the item was tried.
    """
    code, message = failure
    return BioactiveError(code, message) if code else error("B962", done=done, tries=tries, reason=message)
