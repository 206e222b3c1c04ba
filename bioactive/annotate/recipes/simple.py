"""The shorter recipes: `spans.manual`, `match`, `textcat.manual`, `textcat.correct`, `textcat.teach` and `mark`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...blocks import blocks
from ...errors import error
from ..loaders import load_source
from ..matcher import PatternMatcher
from ..sorters import BestOfWindows
from ..tasks import Task, add_tokens
from ..teach import TextClassifier, classifiers, infer_exclusive
from .common import fitting, pipeline_name, without_answer
from .ner_manual import ner_manual
from .ner_teach import uncertainty

if TYPE_CHECKING:
    from spacy.language import Language

INPUTS = ("text", "html")
# Texts that the pipeline gets at a time; with more, the first task comes later.
BATCH = 10


def spans_manual(
    dataset: str,
    nlp: Language,
    source: str | Path | Iterable[Task],
    label: Sequence[str],
    patterns: str | Path | None = None,
) -> dict[str, Any]:
    """Mark spans that may overlap, by hand. As `ner_manual` otherwise."""
    return {**ner_manual(dataset, nlp, source, label, patterns), "view_id": "spans_manual"}


def match(
    dataset: str,
    nlp: Language,
    source: str | Path | Iterable[Task],
    patterns: str | Path,
    label: Sequence[str] | None = None,
    label_task: bool = False,
    combine: bool = False,
    label_span: bool = True,
) -> dict[str, Any]:
    """Accept or reject the matches of patterns, one at a time.

    An accepted match is a right span, a rejected one is excluded, and nothing is said about the other words.

    dataset (str): Where the answers go.
    nlp (Language): Its tokenizer is used; the whole pipeline where a pattern asks for what it sets.
    source (str | Path | Iterable[Task]): Texts or tasks, as in `loaders.load_source`.
    patterns (str | Path): A JSONL file of patterns, as `matcher.PatternMatcher` reads them.
    label (Sequence[str] | None): Leave out patterns of other labels.
    label_task (bool): Ask whether the label fits the whole text, once for each label that is matched.
    combine (bool): Show all matches of a text that do not overlap together.
    label_span (bool): With `label_task`, say the label at the matches too; without it they always have theirs.
    RETURNS (dict): The recipe.
    RAISES (BioactiveError): B408 for the source or the patterns, B414 for no pattern, B601 for a line that is none.
    """
    matcher = PatternMatcher(
        nlp,
        label_span=label_span or not label_task,
        label_task=label_task,
        combine_matches=combine or label_task,
        filter_labels=label or None,
    ).from_disk(patterns)
    if not matcher.labels:
        raise error("B414")
    stream = load_source(source, nlp.vocab)
    stream.apply(lambda tasks: map(without_answer, fitting(tasks, nlp, stream.source.tally)))
    stream.apply(lambda tasks: (task for _, task in matcher(tasks)))
    stream.apply(add_tokens, nlp=nlp, stream=stream, skip=True)
    stream.source.split = True
    return {
        "dataset": dataset,
        "view_id": "classification" if label_task else "ner",
        "stream": stream,
        "update": matcher.update,
        "config": {"labels": matcher.labels, "lang": nlp.lang},
    }


def textcat_teach(
    dataset: str,
    nlp: Language,
    source: str | Path | Iterable[Task],
    label: Sequence[str] | None = None,
    window: int = 200,
) -> dict[str, Any]:
    """Accept or reject labels of whole texts, those that a pipeline is least sure of first.

    dataset (str): Where the answers go.
    nlp (Language): A pipeline with a text classifier.
    source (str | Path | Iterable[Task]): Texts or tasks, as in `loaders.load_source`.
    label (Sequence[str] | None): The labels to ask about; all that the pipeline knows when not given.
    window (int): How many questions are put in order at a time; with more, the first task comes later.
    RETURNS (dict): The recipe.
    RAISES (BioactiveError): B408 for the source, B608 for a pipeline that classifies no texts, B616 for a label that it
        does not know.
    """
    classifier = TextClassifier(nlp, list(label) if label else None)
    stream = load_source(source, nlp.vocab)
    stream.apply(lambda tasks: map(without_answer, fitting(tasks, nlp, stream.source.tally)))
    stream.apply(lambda tasks: (task for _, task in classifier(tasks)))
    stream.apply(lambda tasks: BestOfWindows(map(uncertainty, tasks), window, 1.0))
    stream.source.split = len(classifier.asked) != 1
    return {
        "dataset": dataset,
        "view_id": "classification",
        "stream": stream,
        "config": {"labels": classifier.labels, "lang": nlp.lang, "model": pipeline_name(nlp)},
    }


def textcat_manual(
    dataset: str,
    source: str | Path | Iterable[Task],
    label: Sequence[str],
    exclusive: bool = False,
    accept_empty: bool = True,
) -> dict[str, Any]:
    """Give labels to whole texts, by hand.

    dataset (str): Where the answers go.
    source (str | Path | Iterable[Task]): Texts or tasks, as in `loaders.load_source`.
    label (Sequence[str]): The labels. With one, the question is yes or no; with more, they are options.
    exclusive (bool): Whether one label at most fits a text.
    accept_empty (bool): Take an accepted answer that chooses no option: it says that no label fits.
    RETURNS (dict): The recipe.
    RAISES (BioactiveError): B408 for the source, B414 when there is no label; B623 goes to the annotator.
    """
    if not label:
        raise error("B414")
    stream = load_source(source, keys=INPUTS)
    options = [{"id": name, "text": name} for name in label]

    def ask(tasks: Iterable[Task]) -> Iterator[Task]:
        for task in tasks:
            question = {"label": label[0]} if len(label) == 1 else {"options": options}
            yield {**without_answer(task), **question}

    def check(answer: Task) -> None:
        if answer.get("answer") == "accept" and not answer.get("accept"):
            raise error("B623")

    stream.apply(ask)
    style = "single" if exclusive else "multiple"
    made = {
        "dataset": dataset,
        "view_id": "classification" if len(label) == 1 else "choice",
        "stream": stream,
        "config": {"labels": list(label), "choice_style": style, "choice_auto_accept": exclusive},
    }
    return made if accept_empty or len(label) == 1 else {**made, "validate_answer": check}


def textcat_correct(
    dataset: str,
    nlp: Language,
    source: str | Path | Iterable[Task],
    label: Sequence[str] | None = None,
    threshold: float = 0.5,
    component: str | None = None,
) -> dict[str, Any]:
    """Correct the labels that a pipeline gives to whole texts.

    dataset (str): Where the answers go.
    nlp (Language): A pipeline with a text classifier. One whose labels exclude each other suggests one at most.
    source (str | Path | Iterable[Task]): Texts or tasks, as in `loaders.load_source`.
    label (Sequence[str] | None): The labels to show; all that the pipeline knows when not given.
    threshold (float): A label is chosen from the start when it is at least as likely, 0.0 to 1.0.
    component (str | None): Which text classifier suggests; by default the last.
    RETURNS (dict): The recipe; its `update` teaches the pipeline.
    RAISES (BioactiveError): B408 for the source, B616 for a label that the pipeline does not know, B622 for a pipeline
        that classifies no texts.
    """
    if not classifiers(nlp, component):
        raise error("B622", wanted="classifies texts", pipes=", ".join(nlp.pipe_names) or "none")
    classifier = TextClassifier(nlp, list(label) if label else None, component=component)
    exclusive = infer_exclusive(nlp, classifier.name)
    options = [{"id": name, "text": name} for name in classifier.labels]
    stream = load_source(source, nlp.vocab)

    def ask(tasks: Iterable[Task]) -> Iterator[Task]:
        rest = map(without_answer, fitting(tasks, nlp, stream.source.tally))
        for batch in blocks(rest, BATCH):
            for task, scores in zip(batch, classifier.scores([task["text"] for task in batch]), strict=True):
                likely = sorted(classifier.labels, key=lambda name: -scores[name])
                chosen = [name for name in likely if scores[name] >= threshold][: 1 if exclusive else None]
                yield {**task, "options": options, "accept": chosen}

    stream.apply(ask)
    config = {
        "labels": classifier.labels,
        "lang": nlp.lang,
        "choice_style": "single" if exclusive else "multiple",
        "exclude_by": "input",
        "model": pipeline_name(nlp),
    }
    made = {"dataset": dataset, "view_id": "choice", "stream": stream, "config": config}
    return {**made, "update": classifier.update}


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
