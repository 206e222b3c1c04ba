"""JSON that somebody else wrote. Standard library only."""

from __future__ import annotations

import json
from typing import Any


def loads(text: str | bytes) -> Any:
    """Read JSON, and nothing that merely looks like it.

    text (str | bytes): UTF-8, if bytes.
    RETURNS (Any): The value.
    RAISES (ValueError): For what is no JSON; for NaN and infinities; for nesting deeper than the interpreter can
        follow; for half of a surrogate pair, which is no character and can be neither tokenized nor sent on as UTF-8.
    """
    try:
        found = json.loads(text, parse_constant=_no_constant)
    except RecursionError:
        # The error itself would be raised at the depth at which it was found.
        raise ValueError("it is nested too deeply") from None
    # A file's own bytes cannot hold half of a pair; an escape can.
    escape = rb"\ud" if isinstance(text, bytes) else r"\ud"
    if escape in text.lower() and not is_text(json.dumps(found, ensure_ascii=False)):  # type: ignore[operator]
        raise ValueError("it has half of a surrogate pair")
    return found


def is_text(text: str) -> bool:
    """Whether a text can be written as UTF-8."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")
