"""`ner.teach`: a pipeline's uncertain entities, one at a time, to accept or reject."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import error
from ..loaders import load_source
from ..preprocess import finds_sentences, split_sentences
from ..sorters import BestOfWindows
from ..tasks import Task, only_asked
from ..teach import EntityRecognizer
from .common import fitting, pipeline_labels, pipeline_name, without_answer

if TYPE_CHECKING:
    from spacy.language import Language

UNSURE = 0.5


def ner_teach(
    dataset: str,
    nlp: Language,
    source: str | Path | Iterable[Task],
    label: Sequence[str] | None = None,
    window: int = 200,
    share: float = 0.1,
) -> dict[str, Any]:
    """Accept or reject the entities that a pipeline considers and is not certain of, the least certain first.

    An accepted span is required, a rejected one is excluded, and nothing is said about the other words.

    dataset (str): Where the answers go.
    nlp (Language): The pipeline.
    source (str | Path | Iterable[Task]): Texts or tasks, cut into sentences as in `ner_correct`.
    label (Sequence[str] | None): The labels to ask about; all that the pipeline knows when not given.
    window (int): How many candidates are put in order at a time; with more, the first task comes later.
    share (float): Which part of them is asked about, 0.0 to 1.0: most candidates are all but certain, and an answer to
        one of those teaches nothing. What is passed over can be asked about in the end.
    RETURNS (dict): The recipe.
    RAISES (BioactiveError): B408 for the source, B414 when there is no label, B622 for a pipeline that finds no
        entities.
    """
    known = pipeline_labels(nlp)
    labels = list(label or known)
    if not labels:
        raise error("B414")
    if not known:
        raise error("B622", wanted="finds entities", pipes=", ".join(nlp.pipe_names) or "none")
    model, stream = EntityRecognizer(nlp, labels), load_source(source, nlp.vocab)
    stream.apply(lambda tasks: map(without_answer, fitting(tasks, nlp, stream.source.tally)))
    stream.apply(sentences, nlp=nlp)
    stream.apply(lambda tasks: asked_about((task for _, task in model(tasks)), pipeline_name(nlp)))
    stream.apply(lambda tasks: BestOfWindows(map(uncertainty, tasks), window, share))
    # A text gives several questions: one answered says nothing about the others.
    stream.source.split = True
    config = {"labels": labels, "lang": nlp.lang, "exclude_by": "task", "model": pipeline_name(nlp)}
    return {"dataset": dataset, "view_id": "ner", "stream": stream, "config": config}


def sentences(tasks: Iterable[Task], nlp: Language) -> Iterator[Task]:
    """Cut texts where the pipeline sets sentences; tasks that bring tokens, and all where it sets none, stay whole."""
    cuts = finds_sentences(nlp)
    for cut, group in groupby(tasks, lambda task: cuts and not task.get("tokens")):
        if cut:
            yield from split_sentences(nlp, group)
        else:
            yield from group


def uncertainty(task: Task) -> tuple[float, Task]:
    """How close a task's score, a probability, is to one half, with the task."""
    return UNSURE - abs(task["score"] - UNSURE), task


def asked_about(tasks: Iterable[Task], model: str) -> Iterator[Task]:
    """The tasks whose span touches a word that is asked about; the span says which pipeline (str) suggests it."""
    for task in tasks:
        made = only_asked(task)
        if made["spans"]:
            yield {**made, "spans": [{**span, "source": model} for span in made["spans"]]}
