"""`ner.manual`: a person marks entities in plain text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import BioactiveError, error
from ..loaders import load_source
from ..tasks import Task, add_tokens
from .common import fitting, pipeline_name, without_answer

if TYPE_CHECKING:
    from spacy.language import Language

MISPLACED = "tasks with spans off the token edges skipped"


def ner_manual(
    dataset: str, nlp: Language, source: str | Path | Iterable[Task], label: Sequence[str]
) -> dict[str, Any]:
    """Mark entities by hand.

    dataset (str): Where the answers go.
    nlp (Language): Its tokenizer is used.
    source (str | Path | Iterable[Task]): Texts or tasks, as in `loaders.load_source`; spans of a task are shown.
    label (Sequence[str]): The labels to choose from.
    RETURNS (dict): The recipe.
    RAISES (BioactiveError): B408 for the source, B414 when there is no label.
    """
    if not label:
        raise error("B414")
    stream = load_source(source, nlp.vocab)

    def on_skip(task: Task, problem: BioactiveError) -> None:
        stream.source.tally.add(MISPLACED, problem.message)

    stream.apply(lambda tasks: map(without_answer, fitting(tasks, nlp, stream.source.tally)))
    stream.apply(add_tokens, nlp=nlp, stream=stream, skip=True, on_skip=on_skip)
    return {
        "dataset": dataset,
        "view_id": "ner_manual",
        "stream": stream,
        "config": {"labels": list(label), "lang": nlp.lang, "model": pipeline_name(nlp)},
    }
