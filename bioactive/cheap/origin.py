"""Cheap labels on a Doc, each with where it comes from: in `doc.spans["cheap"]`, and in the spans of a task."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timezone
from typing import Any, NamedTuple

from spacy.tokens import Doc, Span, SpanGroup

from ..corpus.align import AlignOptions, CharSpan, align, annotate
from ..corpus.jsonl import doc_to_task, task_to_doc
from ..corpus.tally import Tally

CHEAP = "cheap"
SOURCES = "sources"
Task = dict[str, Any]


class Origin(NamedTuple):
    """Where a label comes from.

    name (str): Kind and name of the source: "terms:mesh.tsv", "pipeline:en_ner_bc5cdr_md", "llm:MODEL", ...
    version (str): What tells this state of the source from any other: a version, or a fingerprint of its files.
    when (str): Time of the labelling, ISO 8601 in UTC.
    """

    name: str
    version: str
    when: str


def now() -> str:
    """The time, to the second, as an origin has it."""
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


def set_cheap(doc: Doc, spans: Iterable[CharSpan], origin: Origin, tally: Tally) -> Doc:
    """Annotate a Doc with what a source says of its text.

    doc (Doc): A tokenised Doc; it is changed.
    spans (Iterable[CharSpan]): The labels. Of overlapping ones the outermost counts; the words of one that the
        tokenizer cuts through count as not annotated.
    origin (Origin): Where they come from.
    tally (Tally): Gets the counts of what was dropped.
    RETURNS (Doc): The Doc, with its labels in `doc.ents` and, with their origins, in `doc.spans["cheap"]`.
    """
    found, cut = align(doc, spans, AlignOptions(), tally)
    annotate(doc, found, "outermost", tally, [(span.start, span.end) for span in cut])
    return set_origins(doc, [origin] * len(doc.ents), origin)


def set_origins(doc: Doc, of_entities: Sequence[Origin], of_doc: Origin) -> Doc:
    """Note the origin of each entity of a Doc, and of the Doc, which may hold no entity."""
    sources = [list(one) for one in of_entities]
    doc.spans[CHEAP] = SpanGroup(doc, name=CHEAP, spans=list(doc.ents), attrs={SOURCES: sources})
    doc.user_data[CHEAP] = list(of_doc)
    return doc


def origins(doc: Doc) -> list[tuple[Span, Origin]]:
    """The cheap labels of a Doc with their origins, also after a .spacy file; none of a Doc without."""
    group = doc.spans.get(CHEAP, ())
    return [(span, Origin(*one)) for span, one in zip(group, group.attrs[SOURCES] if group else (), strict=True)]


def origin_of(doc: Doc) -> Origin | None:
    """Where the labels of a Doc come from; None for a Doc that no cheap source has seen."""
    found = doc.user_data.get(CHEAP)
    return Origin(*found) if found else None


def to_task(doc: Doc) -> Task:
    """A cheaply labelled Doc as a task; spans say where they come from under the key "source", as `meta` does.

    The key does not count for a task's hashes: the same span from another source asks the same question.
    """
    labelled = origins(doc)
    task = doc_to_task(doc, [span for span, _ in labelled])
    for written, (_, origin) in zip(task["spans"], labelled, strict=True):
        written["source"] = origin._asdict()
    for token, shown in zip(doc, task["tokens"], strict=True):
        if token.ent_iob == 0:
            shown["disabled"] = True
    found = origin_of(doc)
    if found is not None:
        task["meta"] = {**task.get("meta", {}), "source": found.name}
        task["source"] = found._asdict()
    return task


def from_task(task: Task, tokenizer: Callable[[str], Doc], origin: Origin, tally: Tally, where: str) -> Doc | None:
    """A Doc of a task with labels, each with the origin that it brings, or with one given for all that bring none.

    task (Task): As `to_task` writes it, or from elsewhere.
    tokenizer (Callable): For a task without tokens.
    origin (Origin): For labels that do not say where they come from.
    tally (Tally): Gets the counts of what was dropped.
    where (str): Place of the task, for messages.
    RETURNS (Doc | None): The Doc; None where an annotator ignored the task.
    """
    doc = task_to_doc(task, tokenizer, None, tally, where)
    if doc is None:
        return None
    given = {(span["start"], span["end"]): span["source"] for span in task.get("spans") or [] if _is_origin(span)}
    told = [given.get((ent.start_char, ent.end_char)) for ent in doc.ents]
    own = Origin(**task["source"]) if _is_origin(task) else origin
    return set_origins(doc, [Origin(**one) if one else own for one in told], own)


def _is_origin(item: Any) -> bool:
    found = item.get("source") if isinstance(item, dict) else None
    return isinstance(found, dict) and set(found) == set(Origin._fields)
