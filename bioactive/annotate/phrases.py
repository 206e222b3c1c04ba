"""What a text that is to be related shows from the start: entities and noun phrases, and words that are left out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import error, first_line
from .matcher import PatternMatcher, read_patterns
from .preprocess import make_raw_doc
from .tasks import TASK_HASH, Task, set_hashes, span_of

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc, Span

PHRASE = "NP"  # the label of a noun phrase


def add_spans(stream: Iterable[Task], nlp: Language, ents: bool = True, phrases: bool = False) -> Iterator[Task]:
    """Tasks with what a pipeline finds, beside their own spans; what overlaps those is left out, and so are phrases
    that overlap an entity.

    stream (Iterable[Task]): Tasks with `text` and `tokens`.
    nlp (Language): The pipeline.
    ents (bool): Add its entities.
    phrases (bool): Add its noun phrases, with the label "NP".
    YIELDS (Task): Tasks with new task hashes.
    RAISES (BioactiveError): B624 for a pipeline that finds no noun phrases.
    """
    for task in stream:
        doc = nlp(make_raw_doc(nlp, task))
        spans = list(task.get("spans") or [])
        for span in [*(doc.ents if ents else []), *(_phrases(doc, nlp) if phrases else [])]:
            found = span_of(span)
            if all(found["end"] <= other["start"] or other["end"] <= found["start"] for other in spans):
                spans.append(found)
        made = {key: value for key, value in task.items() if key != TASK_HASH}
        yield set_hashes({**made, "spans": sorted(spans, key=lambda span: span["start"])})


def disable_tokens(stream: Iterable[Task], nlp: Language, patterns: str | Path) -> Iterator[Task]:
    """Tasks in whose tokens the matches of patterns have `disabled`.

    stream (Iterable[Task]): Tasks with `text` and `tokens`.
    nlp (Language): The pipeline; patterns may ask for what it sets.
    patterns (str | Path): A JSONL file of patterns; their labels say nothing here.
    YIELDS (Task): The tasks.
    RAISES (BioactiveError): B408 without a file, B601 for a line that is no pattern.
    """
    matcher = PatternMatcher(nlp)
    for number, entry in read_patterns(patterns):
        named = {"label": "", **entry} if isinstance(entry, dict) else entry
        matcher.add_patterns([named], number, str(patterns))
    for task in stream:
        found = matcher.find(nlp(make_raw_doc(nlp, task)))
        words = {token.i for match in found for token in match.span}
        tokens = [{**token, "disabled": True} if n in words else token for n, token in enumerate(task["tokens"])]
        yield {**task, "tokens": tokens}


def _phrases(doc: Doc, nlp: Language) -> list[Span]:
    from spacy.tokens import Span

    try:
        return [Span(doc, chunk.start, chunk.end, label=PHRASE) for chunk in doc.noun_chunks]
    except (ValueError, NotImplementedError) as problem:
        name = f"{nlp.lang}_{nlp.meta.get('name', '')}"
        raise error("B624", name=name, reason=first_line(problem)) from problem
