"""Tasks that show what a pipeline found in their texts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import isnan, nan

from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import get_words_and_spaces

from bioactive.annotate.tasks import TASK_HASH, Task, keep_disabled, only_asked, span_of, tokens_of
from bioactive.errors import BioactiveError
from bioactive.evaluation.chunks import Chunks

from .posteriors import Belief, posterior


def tokenise(nlp: Language, task: Task, chunks: Chunks | None = None) -> Doc:
    """A task's text as a Doc: on the task's own tokens where they spell its text, else on the pipeline's.

    chunks (Chunks | None): What remembers the pipeline's tokens from one text to the next.
    """
    try:
        words, spaces = get_words_and_spaces([token["text"] for token in task["tokens"]], task["text"])
    except (KeyError, TypeError, ValueError):
        return (chunks or nlp).make_doc(task["text"])
    return Doc(nlp.vocab, words=words, spaces=spaces)


def pool_doc(nlp: Language, eg: Task) -> Doc:
    """A pool item as a Doc with its id, and without labels.

    nlp (Language): Its tokenizer cuts an item without tokens.
    eg (Task): The item.
    """
    doc = tokenise(nlp, eg)
    meta = eg.get("meta")
    if isinstance(meta, dict) and "doc_id" in meta:
        doc.user_data["doc_id"] = meta["doc_id"]
    return doc


def with_spans(task: Task, doc: Doc, beliefs: Iterable[Belief]) -> Task:
    """A task with tokens and predicted spans.

    task (Task): The task; spans of its own are kept.
    doc (Doc): Its text, tokenised.
    beliefs (Iterable[Belief]): Predicted entities of the Doc.
    RETURNS (Task): A new task. A hash of the question asked before is taken off, as the question is another now.
    """
    new = {**task, "tokens": tokens_of(doc)}
    if all({"start", "end"} <= set(token) for token in task.get("tokens") or []):
        new = keep_disabled(new, task)
    if task.get("spans"):
        return new
    new.pop(TASK_HASH, None)
    new["spans"] = [span_with_score(doc, belief) for belief in beliefs]
    return only_asked(new)


def span_with_score(doc: Doc, belief: Belief) -> Task:
    """A predicted entity as a task span, with its probability where there is one.

    doc (Doc): The Doc.
    belief (Belief): The entity.
    RETURNS (Task): The span.
    """
    span = span_of(doc[belief.start : belief.end])
    span["label"] = belief.label
    return span if isnan(belief.prob) else {**span, "score": round(belief.prob, 4)}


def suggested(nlp: Language, tasks: Sequence[Task]) -> list[Task]:
    """Tasks with what the pipeline says of them, for measures that did not ask it."""
    docs = [tokenise(nlp, task) for task in tasks]
    return [with_spans(*row) for row in zip(tasks, docs, _answers(nlp, docs), strict=True)]


def _answers(nlp: Language, docs: list[Doc]) -> list[tuple[Belief, ...]]:
    try:
        return [belief.spans for belief in posterior(nlp, docs)]
    except BioactiveError as problem:
        if problem.code != "B320":
            raise
    # It cannot say how sure it is, but what it found can be shown.
    plain = nlp.pipe(docs, batch_size=max(1, len(docs)))
    return [tuple(Belief(ent.start, ent.end, ent.label_, nan) for ent in doc.ents) for doc in plain]
