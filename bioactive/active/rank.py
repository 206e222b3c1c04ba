"""Rank a pool of texts by how unsure a pipeline is about them, as a stream.

Kept in memory are the n best tasks and a 64-bit fingerprint of each text, by which repeats are known; never the pool.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import islice
from math import isnan, nan
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import get_words_and_spaces

from bioactive.annotate.tasks import TASK_HASH, Task, excerpt, keep_disabled, span_of, tokens_of
from bioactive.errors import BioactiveError, error

from .measures import TEXT_ONLY, get_measure, uniform
from .pool import text_of
from .posteriors import Belief, find_adapter, posterior, text_only

# Score, tie-breaker, and the negated position in the pool, so that no two keys are equal.
Key = tuple[float, float, int]
Item = tuple[int, Task]
WINDOW = 16  # batches read ahead


@dataclass
class Ranking:
    """Ranked tasks, and what became of the pool.

    tasks (list[Task]): The least certain first.
    measure (str): What they are ranked by.
    seen (int): Items of the pool.
    empty, duplicates, too_long (int): Items left out: blank, with a text seen before, or longer than the pipeline takes
        (`nlp.max_length` characters).
    scored, words (int): Texts that were scored, and their words.
    """

    tasks: list[Task] = field(default_factory=list)
    measure: str = ""
    seen: int = 0
    empty: int = 0
    duplicates: int = 0
    too_long: int = 0
    scored: int = 0
    words: int = 0


def rank(
    nlp: Language,
    pool: Iterable[Task | str],
    measure: str = "mnlp",
    n: int | None = None,
    seed: int = 0,
    **options: Any,
) -> list[Task]:
    """The tasks that a pipeline is least sure of: `rank_pool(...).tasks`, with the same arguments."""
    return rank_pool(nlp, pool, measure, n, seed, **options).tasks


def rank_pool(
    nlp: Language,
    pool: Iterable[Task | str],
    measure: str = "mnlp",
    n: int | None = None,
    seed: int = 0,
    *,
    batch_size: int = 64,
    text_key: str = "text",
    suggest: bool = True,
) -> Ranking:
    """Score a pool and keep the n texts with the highest scores.

    nlp (Language): The pipeline.
    pool (Iterable[Task | str]): Texts, or dicts with a text; read once, from front to back.
    measure (str): A name in `measures`; "random" and "length" need no component that says how sure it is.
    n (int | None): How many to keep; None keeps all.
    seed (int): Decides ties, and the order of "random".
    batch_size (int): Texts a batch; the ranking does not depend on it.
    text_key (str): Key of the text in a dict.
    suggest (bool): Add `tokens` and the predicted `spans`, each with its probability as `score`. Spans that an item
        brings along are kept instead.
    RETURNS (Ranking): Tasks with the keys of their items, `text`, `score`, and measure and score in `meta`.
    RAISES (BioactiveError): B320 when the pipeline cannot say how sure it is, B321 for an unknown measure, B323 when an
        item has no text, B325 when a score is not a number.
    """
    score = get_measure(measure, seed)
    by_text = measure in TEXT_ONLY
    if not by_text:
        find_adapter(nlp)  # fails before the pool is read
    ranking = Ranking(measure=measure)
    best: list[tuple[Key, Task]] = []
    for batch in _batches(_usable(pool, text_key, nlp.max_length, ranking), batch_size):
        docs = [tokenise(nlp, eg) for _, eg in batch]
        believed = [text_only(doc) for doc in docs] if by_text else posterior(nlp, docs)
        for (position, eg), doc, belief in zip(batch, docs, believed, strict=True):
            value = score(belief)
            ranking.scored += 1
            ranking.words += belief.words
            key = _key(eg["text"], value, seed, position)
            if n is None or len(best) < n or (best and key > best[0][0]):
                task = _scored(eg, measure, value)
                _keep(best, key, task if by_text or not suggest else with_spans(task, doc, belief.spans), n)
    ranking.tasks = [task for _, task in sorted(best, key=lambda entry: entry[0], reverse=True)]
    if by_text and suggest:
        ranking.tasks = _predicted(nlp, ranking.tasks, batch_size)
    return ranking


def tokenise(nlp: Language, task: Task) -> Doc:
    """A task's text as a Doc: on the task's own tokens where they spell its text, else on the pipeline's."""
    try:
        words, spaces = get_words_and_spaces([token["text"] for token in task["tokens"]], task["text"])
    except (KeyError, TypeError, ValueError):
        return nlp.make_doc(task["text"])
    return Doc(nlp.vocab, words=words, spaces=spaces)


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
    new["spans"] = [_span(doc, belief) for belief in beliefs]
    return new


def _usable(pool: Iterable[Task | str], text_key: str, longest: int, ranking: Ranking) -> Iterator[Item]:
    """Position and item of the texts worth scoring; the others are counted."""
    known: set[int] = set()
    for position, item in enumerate(pool):
        ranking.seen += 1
        eg = {"text": item} if isinstance(item, str) else item
        text = text_of(eg, "text" if isinstance(item, str) else text_key, f"item {position + 1} of the pool")
        print_of_text = int.from_bytes(blake2b(text.encode("utf8", "surrogatepass"), digest_size=8).digest(), "big")
        if not text.strip():
            ranking.empty += 1
        elif len(text) > longest:
            ranking.too_long += 1
        elif print_of_text in known:
            ranking.duplicates += 1
        else:
            known.add(print_of_text)
            yield position, {**eg, "text": text}


def _batches(items: Iterator[Item], size: int) -> Iterator[list[Item]]:
    # Texts of like length together, within a window of the stream: the longest of a batch decides how long it takes.
    while window := list(islice(items, size * WINDOW)):
        window.sort(key=lambda item: len(item[1]["text"]))
        for start in range(0, len(window), size):
            yield window[start : start + size]


def _key(text: str, value: float, seed: int, position: int) -> Key:
    if isnan(value):
        raise error("B325", text=excerpt(text), score=value)
    # Six digits: in float32 those beyond differ with the company in the batch. The other seed keeps ties of a random
    # score from being settled by the score itself.
    return float(f"{value:.6g}"), uniform(text, seed + 1), -position


def _keep(best: list[tuple[Key, Task]], key: Key, task: Task, n: int | None) -> None:
    """Put a task into the heap of the n best; its lowest lies first."""
    if n is None or len(best) < n:
        heapq.heappush(best, (key, task))
    else:
        heapq.heapreplace(best, (key, task))


def _scored(eg: Task, measure: str, value: float) -> Task:
    meta = eg.get("meta")
    kept = meta if isinstance(meta, dict) else {} if meta is None else {"meta": meta}
    return {**eg, "score": value, "meta": {**kept, "measure": measure, "score": round(value, 4)}}


def _span(doc: Doc, belief: Belief) -> Task:
    span = span_of(doc[belief.start : belief.end])
    span["label"] = belief.label
    return span if isnan(belief.prob) else {**span, "score": round(belief.prob, 4)}


def _predicted(nlp: Language, tasks: Sequence[Task], batch_size: int) -> list[Task]:
    """Tasks with what the pipeline says of them, for measures that did not ask it."""
    found = []
    for start in range(0, len(tasks), batch_size):
        batch = tasks[start : start + batch_size]
        docs = [tokenise(nlp, task) for task in batch]
        found += [with_spans(*row) for row in zip(batch, docs, _answers(nlp, docs), strict=True)]
    return found


def _answers(nlp: Language, docs: list[Doc]) -> list[tuple[Belief, ...]]:
    try:
        return [belief.spans for belief in posterior(nlp, docs)]
    except BioactiveError as problem:
        if problem.code != "B320":
            raise
    # It cannot say how sure it is, but what it found can be shown.
    plain = nlp.pipe(docs, batch_size=max(1, len(docs)))
    return [tuple(Belief(ent.start, ent.end, ent.label_, nan) for ent in doc.ents) for doc in plain]
