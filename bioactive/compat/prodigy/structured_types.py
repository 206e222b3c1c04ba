"""`prodigy.structured_types`: the hashes of a task."""

from __future__ import annotations

from typing import Any

from bioactive.annotate.tasks import INPUT_HASH, TASK_HASH

__all__ = ["get_input_hash", "get_task_hash"]


def get_input_hash(task: dict[str, Any]) -> int:
    """The hash of a task's input."""
    return int(task[INPUT_HASH])


def get_task_hash(task: dict[str, Any]) -> int:
    """The hash of a task's question."""
    return int(task[TASK_HASH])
