"""What the NER recipes share: finding a pipeline, its labels, and texts that it can take."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ...corpus.tally import Tally
from ...errors import error, first_line
from ...lean import lean_imports
from ..tasks import ANNOTATOR_ID, INPUT_HASH, SESSION_ID, TASK_HASH, TIMESTAMP, VIEW_ID, Task, hash_of_asked

if TYPE_CHECKING:
    from spacy.language import Language

TOO_LONG = "texts too long for the pipeline skipped"
ANSWER_KEYS = frozenset({"answer", INPUT_HASH, TASK_HASH, VIEW_ID, SESSION_ID, ANNOTATOR_ID, TIMESTAMP})


def load_pipeline(name: str) -> Language:
    """Load a pipeline, or make an empty one that only tokenizes.

    name (str): An installed pipeline, the folder of one, or a language code, which may be written `blank:en`.
    RETURNS (Language): The pipeline.
    RAISES (BioactiveError): B416 when there is none.
    """
    with lean_imports():
        return _loaded(name)


def _loaded(name: str) -> Language:
    import spacy

    if spacy.util.is_package(name) or Path(name).exists():
        try:
            return spacy.load(name)
        except (OSError, ValueError) as problem:
            raise error("B416", name=name, reason=first_line(problem)) from problem
    if name.startswith("blank:"):
        return _blank(name, name.removeprefix("blank:"))
    if len(name) > 3 or not name.isalpha():
        raise error("B416", name=name, reason="no pipeline of this name is installed, and there is no such folder")
    return _blank(name, name)


def _blank(name: str, lang: str) -> Language:
    from ...tokenizer import blank

    try:
        return blank(lang)
    except ImportError as problem:
        raise error("B416", name=name, reason="spaCy knows no such language") from problem


def pipeline_labels(nlp: Language, sets: str = "doc.ents") -> list[str]:
    """The labels of all components of a pipeline that set entities, or "doc.spans", in order."""
    labels: dict[str, None] = {}
    for name, component in nlp.pipeline:
        if sets in nlp.get_pipe_meta(name).assigns:
            labels.update(dict.fromkeys(getattr(component, "labels", ())))
    return list(labels)


def pipeline_name(nlp: Language) -> str:
    """The name and version of a pipeline, as its package would be called."""
    return f"{nlp.meta['lang']}_{nlp.meta['name']}-{nlp.meta['version']}"


def fitting(tasks: Iterable[Task], nlp: Language, tally: Tally) -> Iterator[Task]:
    """Leave out texts that are longer than a pipeline takes.

    tasks (Iterable[Task]): Tasks with `text`.
    nlp (Language): Its `max_length` is the limit, in characters.
    tally (Tally): Counts what is left out.
    YIELDS (Task): The rest.
    """
    for task in tasks:
        if len(task["text"]) <= nlp.max_length:
            yield task
        else:
            tally.add(TOO_LONG, task["text"][:60])


def without_answer(task: Task) -> Task:
    """A task without the answer, the hashes and the session that an earlier round may have left in it.

    One that asks about some of its words only has the hash of these.
    """
    return hash_of_asked({key: value for key, value in task.items() if key not in ANSWER_KEYS})
