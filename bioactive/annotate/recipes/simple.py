"""Recipes without a pipeline's predictions: `spans.manual`, `textcat.manual` and `mark`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import error
from ..loaders import load_source
from ..tasks import Task
from .common import without_answer
from .ner_manual import ner_manual

if TYPE_CHECKING:
    from spacy.language import Language

INPUTS = ("text", "html")


def spans_manual(
    dataset: str, nlp: Language, source: str | Path | Iterable[Task], label: Sequence[str]
) -> dict[str, Any]:
    """Mark spans that may overlap, by hand. As `ner_manual` otherwise."""
    return {**ner_manual(dataset, nlp, source, label), "view_id": "spans_manual"}


def textcat_manual(
    dataset: str, source: str | Path | Iterable[Task], label: Sequence[str], exclusive: bool = False
) -> dict[str, Any]:
    """Give labels to whole texts, by hand.

    dataset (str): Where the answers go.
    source (str | Path | Iterable[Task]): Texts or tasks, as in `loaders.load_source`.
    label (Sequence[str]): The labels. With one, the question is yes or no; with more, they are options.
    exclusive (bool): Whether one label at most fits a text.
    RETURNS (dict): The recipe.
    RAISES (BioactiveError): B408 for the source, B414 when there is no label.
    """
    if not label:
        raise error("B414")
    stream = load_source(source, keys=INPUTS)
    options = [{"id": name, "text": name} for name in label]

    def ask(tasks: Iterable[Task]) -> Iterator[Task]:
        for task in tasks:
            question = {"label": label[0]} if len(label) == 1 else {"options": options}
            yield {**without_answer(task), **question}

    stream.apply(ask)
    view_id = "classification" if len(label) == 1 else "choice"
    style = "single" if exclusive else "multiple"
    return {
        "dataset": dataset,
        "view_id": view_id,
        "stream": stream,
        "config": {"labels": list(label), "choice_style": style, "choice_auto_accept": exclusive},
    }


def mark(
    dataset: str, source: str | Path | Iterable[Task], view_id: str, label: Sequence[str] | None = None
) -> dict[str, Any]:
    """Go through tasks as they are, and accept or reject each.

    dataset (str): Where the answers go.
    source (str | Path | Iterable[Task]): Tasks, as in `loaders.load_source`.
    view_id (str): The view that shows them.
    label (Sequence[str] | None): Labels to choose from, for a view that has any.
    RETURNS (dict): The recipe.
    RAISES (BioactiveError): B408 for the source.
    """
    stream = load_source(source, keys=INPUTS)
    stream.apply(lambda tasks: map(without_answer, tasks))
    return {"dataset": dataset, "view_id": view_id, "stream": stream, "config": {"labels": list(label or [])}}
