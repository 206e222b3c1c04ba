"""How far a dataset is."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


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
    function: Callable[..., float | None], controller: Any, session: str | None, answers: object, result: Any
) -> float | None:
    """Call a recipe's `progress`, which takes (ctrl, update_return) or (ctrl, session, answers, update_return).

    function (Callable): The recipe's function.
    controller, session, answers, result: What it may get.
    RETURNS (float | None): The share done, 0.0 to 1.0.
    """
    names = inspect.signature(function).parameters
    if len(names) == 2 and not any(name.kind is name.VAR_POSITIONAL for name in names.values()):
        return function(controller, result)
    return function(controller, session, answers, result)
