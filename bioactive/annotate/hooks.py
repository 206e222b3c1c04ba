"""Event hooks: functions of a recipe that its page calls by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import error
from .tasks import to_json


def call_hook(controller: Any, name: str, payload: Mapping[str, Any]) -> Any:
    """Call an event hook.

    controller (Controller): Its recipe has `event_hooks`; it is the hook's first argument.
    name (str): The hook's name.
    payload (Mapping): Its keyword arguments.
    RETURNS (Any): What the hook returned, if that can be written as JSON, else its text.
    RAISES (BioactiveError): B617 when the recipe has no such hook. What the hook raises goes on.
    """
    hooks = controller.components.get("event_hooks") or {}
    if name not in hooks:
        raise error("B617", name=name, known=", ".join(sorted(hooks)) or "none")
    found = hooks[name](controller, **payload)
    try:
        to_json(found)
    except (TypeError, ValueError):
        return str(found)
    return found
