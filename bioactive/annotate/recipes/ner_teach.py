"""`ner.teach`: a pipeline's uncertain entities, one at a time, to accept or reject."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..tasks import INPUT_HASH, TASK_HASH, Task
from .ner_correct import ner_correct

if TYPE_CHECKING:
    from spacy.language import Language

UNSURE = 0.5


def ner_teach(
    dataset: str,
    nlp: Language,
    source: str | Path | Iterable[Task],
    label: Sequence[str] | None = None,
    window: int = 200,
) -> dict[str, Any]:
    """Accept or reject the entities of a pipeline, the least certain first.

    An accepted span is required, a rejected one is excluded, and nothing is said about the other words.

    dataset (str): Where the answers go.
    nlp (Language): The pipeline.
    source (str | Path | Iterable[Task]): Texts or tasks, as in `ner_correct`.
    label (Sequence[str] | None): The labels to ask about; all that the pipeline knows when not given.
    window (int): How many candidates are put in order at a time; with more, the first task comes later.
    RETURNS (dict): The recipe.
    RAISES (BioactiveError): B408 for the source, B414 when there is no label.
    """
    recipe = ner_correct(dataset, nlp, source, label)
    recipe["stream"].apply(candidates)
    recipe["stream"].apply(least_certain_first, window=window)
    recipe["stream"].source.split = True
    # A text gives several questions: one answered says nothing about the others.
    del recipe["on_load"]
    return {**recipe, "view_id": "ner", "config": {**recipe["config"], "exclude_by": "task"}}


def candidates(tasks: Iterable[Task]) -> Iterator[Task]:
    """One task for each suggested span, with the span's probability as the task's score."""
    for task in tasks:
        base = {key: value for key, value in task.items() if key not in (INPUT_HASH, TASK_HASH)}
        for span in task.get("spans") or []:
            score = span.get("score")
            meta = {**(base.get("meta") or {}), **({} if score is None else {"score": score})}
            yield {**base, "spans": [span], "meta": meta, **({} if score is None else {"score": score})}


def least_certain_first(tasks: Iterable[Task], window: int) -> Iterator[Task]:
    """Put tasks in the order of their uncertainty, a window at a time; equal ones stay in order.

    tasks (Iterable[Task]): Tasks with `score`, a probability; those without come last.
    window (int): How many are looked at together.
    YIELDS (Task): The same tasks.
    """
    rest = iter(tasks)
    while batch := list(islice(rest, window)):
        yield from sorted(batch, key=lambda task: abs(task.get("score", 2 * UNSURE + 1) - UNSURE))
