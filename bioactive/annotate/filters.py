"""Filters: tasks of a stream that are left out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from .stream import support_both_streams
from .tasks import INPUT_HASH, TASK_HASH, Task, set_hashes


@support_both_streams()
def filter_duplicates(
    stream: Iterable[Task],
    by_input: bool = True,
    by_task: bool = True,
    warn_fn: Any = None,
    warn_threshold: float = 0.4,
) -> Iterator[Task]:
    """Leave out tasks that came before.

    stream (Iterable[Task]): Tasks.
    by_input (bool): Those about an input that came before.
    by_task (bool): Those that ask what was asked before.
    warn_fn, warn_threshold: Kept for recipes that give them; what is left out is counted where a stream is served.
    YIELDS (Task): Tasks with hashes.
    """
    inputs: set[int] = set()
    tasks: set[int] = set()
    for task in stream:
        task = set_hashes(task)
        known = (by_input and task[INPUT_HASH] in inputs) or (by_task and task[TASK_HASH] in tasks)
        inputs.add(task[INPUT_HASH])
        tasks.add(task[TASK_HASH])
        if not known:
            yield task


@support_both_streams()
def filter_empty(stream: Iterable[Task], key: str = "text", skip: bool = False) -> Iterator[Task]:
    """Leave out tasks without a value for a key.

    stream (Iterable[Task]): Tasks.
    key (str): The key.
    skip (bool): Kept for recipes that give it.
    YIELDS (Task): The others.
    """
    yield from (task for task in stream if task.get(key) not in (None, ""))


@support_both_streams()
def filter_inputs(stream: Iterable[Task], input_hashes: Collection[int]) -> Iterator[Task]:
    """Leave out tasks whose input hash is among some."""
    known = set(input_hashes)
    yield from (task for task in map(set_hashes, stream) if task[INPUT_HASH] not in known)


@support_both_streams()
def filter_tasks(stream: Iterable[Task], task_hashes: Collection[int]) -> Iterator[Task]:
    """Leave out tasks whose task hash is among some."""
    known = set(task_hashes)
    yield from (task for task in map(set_hashes, stream) if task[TASK_HASH] not in known)


@support_both_streams()
def filter_seen_before(
    stream: Iterable[Task], db: Any, datasets: Sequence[str], exclude_by: str = "task"
) -> Iterator[Task]:
    """Leave out tasks that datasets have an answer to.

    stream (Iterable[Task]): Tasks.
    db (Store): Where the datasets are.
    datasets (Sequence[str]): The datasets.
    exclude_by (str): "task" or "input".
    YIELDS (Task): The others.
    """
    by_input = exclude_by == "input"
    names = [datasets] if isinstance(datasets, str) else list(datasets)
    known = db.get_input_hashes(*names) if by_input else db.get_task_hashes(*names)
    keep: Mapping[bool, Any] = {True: filter_inputs, False: filter_tasks}
    yield from keep[by_input](stream, known)
