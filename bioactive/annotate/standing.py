"""How far a dataset is."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from .sessions import Session

logger = logging.getLogger("bioactive")


@dataclass(frozen=True)
class Standing:
    """How far a dataset is, for one session.

    total (int): Answers in the dataset.
    mine (int): Those of the session.
    done (int): Those that `expected` counts: where every session answers every task, only its own.
    expected (int | None): How many there will be in the end; None when unknown.
    progress (float | None): Share done, 0.0 to 1.0.
    learning (dict | None): What a recipe says of the pipeline that learns beside: `doing`, `revision`, `answers`.
    """

    total: int
    mine: int
    done: int
    expected: int | None
    progress: float | None
    learning: dict[str, Any] | None = None


def call_progress(
    function: Callable[..., float | None], controller: Any, session: Session, answers: Sequence[Any], result: Any
) -> float | None:
    """Call a recipe's `progress` with as many arguments as it takes.

    function (Callable): Takes (ctrl, update_return), (ctrl, session, answers, update_return), or, as in old recipes,
        (session_total, total, loss); one with `*args` gets the four.
    controller, session, answers, result: What it may get.
    RETURNS (float | None): The share done, 0.0 to 1.0; None also when the function fails, which is logged.
    """
    whole = (controller, session, answers, result)
    forms = {
        1: (controller,),
        2: (controller, result),
        3: (session.total_annotated, controller.total_annotated, result),
    }
    names = inspect.signature(function).parameters.values()
    several = any(name.kind is name.VAR_POSITIONAL for name in names)
    count = sum(name.kind in (name.POSITIONAL_ONLY, name.POSITIONAL_OR_KEYWORD) for name in names)
    try:
        found = function(*(whole if several else forms.get(count, whole)))
        return None if found is None else float(found)
    except Exception:
        # A bar that cannot be drawn is no reason to lose an answer.
        logger.exception("The recipe's progress failed")
        return None
