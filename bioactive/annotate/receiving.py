"""Answers as they come from a page: what makes one usable, and what became of a batch."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import error
from ..strict_json import is_text
from .rows import Answer
from .tasks import (
    ANNOTATOR_ID,
    ANSWERS,
    INPUT_HASH,
    SESSION_ID,
    TASK_HASH,
    TIMESTAMP,
    VIEW_ID,
    Task,
    set_hashes,
    to_json,
)

SESSION_LENGTH = 200


@dataclass(frozen=True)
class Received:
    """What became of a batch of answers.

    stored (int): New ones, durable now.
    known (int): Those that were there already.
    refused (list): Those that the recipe's `validate_answer` did not take: `index`, `answer_id`, `message`.
    """

    stored: int = 0
    known: int = 0
    refused: list[dict[str, Any]] = field(default_factory=list)


def read_answer(index: int, raw: Task, session_id: str, view_id: str) -> Answer:
    """Check an answer, and set what it leaves out.

    index (int): Its number in the batch, for the message.
    raw (Task): The answer as it came; `_answer_id`, `_shown` and `_answered` are taken out of it.
    session_id (str): The session of an answer that does not name its own.
    view_id (str): The view of an answer that does not name its own.
    RETURNS (Answer): The answer.
    RAISES (BioactiveError): B413 when it is none.
    """
    content = dict(raw)
    answer_id = str(content.pop("_answer_id", "") or "")[:128]
    shown, answered = (_seconds(content.pop(key, None)) for key in ("_shown", "_answered"))
    session = content.get(SESSION_ID) or session_id
    reason = _trouble(content, session)
    if reason:
        raise error("B413", index=index, reason=reason)
    content = set_hashes(content)
    content.setdefault(VIEW_ID, view_id)
    content[SESSION_ID] = session
    content.setdefault(ANNOTATOR_ID, session)
    content.setdefault(TIMESTAMP, int(answered or time.time()))
    return Answer(content, session, answer_id, shown, answered)


def is_json(content: object) -> bool:
    """Whether a task, or a setting, can be written as JSON."""
    try:
        to_json(content)
    except (TypeError, ValueError, RecursionError):
        return False
    return True


def as_json(content: Task) -> Task | None:
    """A task that can be written as JSON: numbers of numpy become plain ones, paths become texts; None if it cannot."""
    if is_json(content):
        return content
    try:
        made: Task = json.loads(json.dumps(content, default=_plain, allow_nan=False))
    except (TypeError, ValueError, RecursionError):
        return None
    return made


def _plain(value: object) -> object:
    if isinstance(value, Path):
        return str(value)
    if hasattr(value, "tolist"):  # scalars and arrays of numpy and torch
        return value.tolist()
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")


def _trouble(content: Task, session: object) -> str:
    if content.get("answer") not in ANSWERS:
        return f"its 'answer' is {content.get('answer')!r}, not one of {', '.join(ANSWERS)}"
    if not isinstance(session, str) or len(session) > SESSION_LENGTH:
        return f"its session is no text of at most {SESSION_LENGTH} characters"
    if not all(_is_hash(content.get(key)) for key in (INPUT_HASH, TASK_HASH)):
        return "its hashes are no signed 32-bit numbers"
    if not is_json(content):
        return "it holds NaN or an infinity"
    return "" if is_text(json.dumps(content, ensure_ascii=False)) else "it has half of a surrogate pair"


def _seconds(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) and abs(value) < 1e11 else None


def _is_hash(value: object) -> bool:
    return value is None or (isinstance(value, int) and -(2**31) <= value < 2**31)
