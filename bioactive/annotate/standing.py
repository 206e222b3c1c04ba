"""How far a dataset is."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .loaders import BROKEN
from .outgoing import Outgoing
from .sessions import Session

if TYPE_CHECKING:
    from .controller import Controller

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


def share_done(ctrl: Controller, outgoing: Outgoing, done: int) -> float | None:
    """How much is done, 0.0 to 1.0, by counting; None when nobody knows how much there is.

    ctrl (Controller): Knows the settings and the terms.
    outgoing (Outgoing): Knows the source, and what was drawn of it.
    done (int): How many answers are there.
    """
    expected = answers_expected(ctrl, outgoing, done)
    if expected is not None:
        return min(1.0, done / expected) if expected else 1.0
    source = outgoing.stream.source
    if not source.total:
        return None
    read = min(1.0, (source.read + source.tally.counts[BROKEN]) / source.total)
    return read * (1 - outgoing.open / outgoing.drawn) if outgoing.drawn else read


def answers_expected(ctrl: Controller, outgoing: Outgoing, done: int) -> int | None:
    """How many answers there will be in the end: the target, or what the source gives; None when unknown.

    ctrl, outgoing, done: As in `share_done`.
    """
    source = outgoing.stream.source
    if ctrl.config["total_examples_target"]:
        return int(ctrl.config["total_examples_target"])
    if source.total is None or source.split:
        return None
    left_out = source.known + sum(source.tally.counts.values())
    if ctrl.terms.copies == 1:
        return done + max(0, source.total - left_out - outgoing.drawn) + outgoing.open
    return max(done, (source.total - left_out) * max(1, ctrl.terms.copies))
