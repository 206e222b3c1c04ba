"""`ner.manual`: a person marks entities in plain text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import BioactiveError, error
from ..loaders import load_source
from ..matcher import PatternMatcher
from ..tasks import Task, add_tokens
from .common import fitting, pipeline_name, without_answer

if TYPE_CHECKING:
    from spacy.language import Language

MISPLACED = "tasks with spans off the token edges skipped"


def ner_manual(
    dataset: str,
    nlp: Language,
    source: str | Path | Iterable[Task],
    label: Sequence[str],
    patterns: str | Path | None = None,
) -> dict[str, Any]:
    """Mark entities by hand.

    dataset (str): Where the answers go.
    nlp (Language): Its tokenizer is used.
    source (str | Path | Iterable[Task]): Texts or tasks, as in `loaders.load_source`; spans of a task are shown.
    label (Sequence[str]): The labels to choose from.
    patterns (str | Path | None): A JSONL file of patterns, as `matcher.PatternMatcher` reads them; their matches are
        shown as suggestions, where a task brings no spans of its own.
    RETURNS (dict): The recipe.
    RAISES (BioactiveError): B408 for the source, B414 when there is no label, B601 for a line that is no pattern.
    """
    if not label:
        raise error("B414")
    matcher = (
        None
        if patterns is None
        else PatternMatcher(nlp, combine_matches=True, all_examples=True, filter_labels=label).from_disk(patterns)
    )
    stream = load_source(source, nlp.vocab)

    def on_skip(task: Task, problem: BioactiveError) -> None:
        stream.source.tally.add(MISPLACED, problem.message)

    stream.apply(lambda tasks: map(without_answer, fitting(tasks, nlp, stream.source.tally)))
    if matcher is not None:
        stream.apply(suggest_matches, matcher=matcher)
    stream.apply(add_tokens, nlp=nlp, stream=stream, skip=True, on_skip=on_skip)
    return {
        "dataset": dataset,
        "view_id": "ner_manual",
        "stream": stream,
        "config": {"labels": list(label), "lang": nlp.lang, "model": pipeline_name(nlp)},
    }


def suggest_matches(tasks: Iterable[Task], matcher: PatternMatcher) -> Iterator[Task]:
    """Tasks with the matches of patterns that do not overlap as their spans; spans of a task's own are kept."""
    for task in tasks:
        if task.get("spans"):
            yield task
            continue
        yield from (found for _, found in matcher([task]))
