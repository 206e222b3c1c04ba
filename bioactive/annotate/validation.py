"""Whether a task has what its view shows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeGuard

from ..errors import error
from .tasks import Task, excerpt, to_json

TEXT = ("text",)
TEXT_OR_MARKUP = ("text", "html", "image")


def validate(view_id: str, tasks: Iterable[Task], config: Mapping[str, Any] | None = None) -> None:
    """Check tasks against what a view needs; views that are not known need nothing.

    view_id (str): The view.
    tasks (Iterable[Task]): The tasks.
    config (Mapping | None): The settings: a template or options may stand there for all tasks.
    RAISES (BioactiveError): B607 for the first task that lacks something.
    """
    for task in tasks:
        reason = trouble(view_id, task, config or {})
        if reason:
            raise error("B607", view=view_id, reason=reason, task=excerpt(_written(task), 200))


def trouble(view_id: str, task: Any, config: Mapping[str, Any]) -> str:
    """What a task lacks for a view; "" for nothing."""
    if not isinstance(task, dict):
        return f"it is no dict but {type(task).__name__}"
    check = CHECKS.get(view_id)
    return check(task, config) if check is not None else ""


def misshapen(task: Task) -> str:
    """What is wrong with the form of a task's spans and tokens, in whatever view; "" for nothing."""
    for key in ("spans", "tokens"):
        found = task.get(key) or []
        if not isinstance(found, list) or not all(isinstance(part, dict) for part in found):
            return f"'{key}' is no list of objects"
    text = task.get("text")
    for span in task.get("spans") or []:
        start, end = span.get("start"), span.get("end")
        # A span of a picture has another kind of place.
        if isinstance(text, str) and (start, end) != (None, None) and not _is_stretch(span, len(text)):
            return f"the span {start!r} to {end!r} is not within the text of {len(text)} characters"
    if any(not has_place(token) for token in task.get("tokens") or []):
        return "a token has no 'start' or no 'end'"
    return ""


def _is_stretch(part: object, length: int) -> bool:
    """Whether a span lies within a text of so many characters, and holds one at least."""
    return has_place(part) and part["start"] < part["end"] <= length


def has_place(part: object) -> TypeGuard[Task]:
    """Whether a span or token says where it begins and ends, in characters."""
    start, end = (part.get("start"), part.get("end")) if isinstance(part, dict) else (None, None)
    return isinstance(start, int) and isinstance(end, int) and 0 <= start <= end


def _needs(*keys: str) -> Callable[[Task, Mapping[str, Any]], str]:
    def check(task: Task, config: Mapping[str, Any]) -> str:
        return "" if any(task.get(key) is not None for key in keys) else f"it has no {' or '.join(map(repr, keys))}"

    return check


def _text(task: Task, config: Mapping[str, Any]) -> str:
    if not isinstance(task.get("text"), str):
        return "its 'text' is no text" if "text" in task else "it has no 'text'"
    return _spans(task)


def _spans(task: Task) -> str:
    length = len(task["text"])
    for span in task.get("spans") or []:
        if not _is_stretch(span, length):
            return f"its span {span!r} is no stretch of its text, which has {length} characters"
    return ""


def _marked(task: Task, config: Mapping[str, Any]) -> str:
    reason = _text(task, config)
    if reason or task.get("tokens"):
        return reason
    return "it has no 'tokens': pass the stream through add_tokens" if task["text"] else ""


def _related(task: Task, config: Mapping[str, Any]) -> str:
    reason, count = _marked(task, config), len(task.get("tokens") or [])
    for relation in [] if reason else task.get("relations") or []:
        ends = [relation.get("head"), relation.get("child")] if isinstance(relation, dict) else [None]
        if not all(isinstance(end, int) and 0 <= end < count for end in ends):
            return f"'head' and 'child' of its relation {relation!r} are not two of its {count} tokens"
    return reason


def _choice(task: Task, config: Mapping[str, Any]) -> str:
    options = task.get("options", config.get("options"))
    if not isinstance(options, (list, tuple)):
        return "it has no 'options'"
    wrong = [option for option in options if not isinstance(option, dict) or "id" not in option]
    return f"its option {wrong[0]!r} has no 'id'" if wrong else ""


def _html(task: Task, config: Mapping[str, Any]) -> str:
    given = config.get("html_template") or config.get("html")
    return "" if given or task.get("html") is not None else "it has no 'html', and the recipe no 'html_template'"


def _blocks(task: Task, config: Mapping[str, Any]) -> str:
    blocks = config.get("blocks")
    if not isinstance(blocks, (list, tuple)) or not blocks:
        return "the recipe's config has no 'blocks'"
    for block in blocks:
        if not isinstance(block, dict) or not block.get("view_id"):
            return f"the block {block!r} has no 'view_id'"
        reason = trouble(block["view_id"], {**task, **_filled(block)}, {**config, **block, "blocks": None})
        if reason:
            return f"for its block {block['view_id']!r}: {reason}"
    return ""


def _filled(block: Mapping[str, Any]) -> dict[str, Any]:
    # A block may blank what the task has, as with "text": None; what it marks is the task's own all the same.
    return {key: value for key, value in block.items() if value is not None and key != "view_id"}


def _written(task: Any) -> str:
    try:
        return to_json(task)
    except (TypeError, ValueError, RecursionError):
        return repr(task)


CHECKS: dict[str, Callable[[Task, Mapping[str, Any]], str]] = {
    "text": _text,
    "ner": _text,
    "spans": _text,
    "ner_manual": _marked,
    "spans_manual": _marked,
    "relations": _related,
    "classification": _needs(*TEXT_OR_MARKUP, "label"),
    "choice": _choice,
    "html": _html,
    "blocks": _blocks,
    "review": _needs("versions"),
}
