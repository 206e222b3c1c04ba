"""Rank a pool of texts by how unsure a pipeline is about them, as a stream.

Kept in memory are the n best tasks and a 64-bit fingerprint of each text, by which repeats are known; never the pool.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from math import isnan, nan
from typing import Any

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc

from bioactive.annotate.tasks import Task, excerpt
from bioactive.blocks import OnDone, blocks
from bioactive.errors import error
from bioactive.evaluation.blocks import zone
from bioactive.evaluation.chunks import Chunks

from .differing import differing
from .intake import Intake, Item
from .measures import uniform
from .posteriors import Posterior, find_adapter, posterior, text_only
from .ranking import Memory, Ranking, RankOptions, Shelf
from .sampled import samples_of
from .sift import diversity_of
from .stretches import (
    Shape,
    Stretch,
    entity_bounds,
    find_stretches,
    free_words,
    stretch_task,
    word_tokens,
    worth,
)
from .suggest import suggested, tokenise, with_spans

# Score, tie-breaker, and the negated position in the pool, so that no two keys are equal.
Key = tuple[float, float, int]
# The score of a text and the stretches to ask about, given which of its words may be asked about.
Judge = Callable[[Doc, Posterior, "np.ndarray | None"], tuple[float, list[Stretch]]]


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
    **options: Any,
) -> Ranking:
    """Score a pool and keep the n texts with the highest scores.

    nlp (Language): The pipeline.
    pool (Iterable[Task | str]): Texts, or dicts with a text; read once, from front to back.
    measure, n, seed, options: As in `RankOptions`.
    RETURNS (Ranking): Tasks with the keys of their items, `text`, `score`, and measure and score in `meta`.
    RAISES (BioactiveError): B320 when the pipeline cannot say how sure it is, B321 for an unknown measure, B323 when an
        item has no text, B325 when a score is not a number.
    """
    ranker = Ranker(nlp, RankOptions(measure, n, seed, **options))
    for block in blocks(pool, ranker.options.block_size):
        ranker.score(ranker.usable(block))
    ranker.ranking.tasks = list(ranker.ranked())
    return ranker.ranking


class Ranker:
    """Scores a pool block by block, and keeps the n best.

    nlp (Language): The pipeline.
    options (RankOptions): What to rank by.
    shelf (Shelf | None): Where the tasks lie; None keeps them in memory.
    RAISES (BioactiveError): B320 when the pipeline cannot say how sure it is, B321 or B530 for an unknown measure,
            B536 for an unknown unit, B541 for an unknown kind of diversity.
    """

    def __init__(self, nlp: Language, options: RankOptions, shelf: Shelf | None = None) -> None:
        self.nlp = nlp
        self.options = options
        self.shelf = shelf or Memory()
        self.ranking = Ranking(measure=options.chosen_by)
        measure = options.get_measure()
        self.judge = _judge(options, measure)
        diversity_of(options.diverse_by)
        needed = samples_of(measure)
        self.sampling: dict[str, Any] = {"samples": options.samples or needed, "seed": options.seed} if needed else {}
        if not options.by_text:
            find_adapter(nlp)  # fails before the pool is read
        self.chunks = Chunks(nlp)
        self.intake = Intake(options.text_key, nlp.max_length)
        self.best: list[tuple[Key, Any]] = []  # a heap: its lowest lies first

    def usable(self, block: Sequence[Task | str]) -> list[Item]:
        """Position and item of the texts of the next block that are worth scoring; the others are counted."""
        found = self.intake.usable(block)
        self.count(self.intake.counts)
        return found

    def count(self, counts: Mapping[str, int]) -> None:
        """Take over what an `Intake` counted so far."""
        for name, number in counts.items():
            setattr(self.ranking, name, number)

    def take(self, block: Mapping[str, Any]) -> None:
        """Take over what was found in a block, elsewhere or by `score`.

        block (Mapping): `counts` of the pool up to its end; of elsewhere also `found`, keys and tasks, and what
            `Ranking.tallied` names.
        """
        self.count(block["counts"])
        self.ranking.add(block)
        for (value, tie, position), task in block.get("found", ()):
            key = (value, tie, position)
            if self.wants(key):
                self.keep(key, self.shelf.append((key, task)))

    def score(self, items: Sequence[Item], on_done: OnDone = lambda items: None) -> None:
        """Score the usable items of a block, and keep those that are among the n best so far.

        items (Sequence[Item]): From `usable`.
        on_done (Callable): Told how many were scored since it was told last.
        """
        # Texts of like length together: the longest of a batch decides how long it takes.
        by_length = iter(sorted(items, key=lambda item: len(item[1]["text"])))
        with zone(self.nlp):
            for batch in blocks(by_length, self.options.batch_size):
                self._score_batch(batch)
                on_done(len(batch))

    def keep(self, key: Key, place: Any) -> None:
        """Take a task that `wants` let in."""
        room = self.options.candidates
        if room is None or len(self.best) < room:
            heapq.heappush(self.best, (key, place))
        else:
            heapq.heapreplace(self.best, (key, place))

    def wants(self, key: Key) -> bool:
        """Whether a task is among the n best so far."""
        room = self.options.candidates
        return room is None or len(self.best) < room or bool(self.best and key > self.best[0][0])

    def ranked(self) -> Iterator[Task]:
        """The tasks kept, the least certain first; once, after all blocks."""
        self.best.sort(key=lambda entry: entry[0], reverse=True)
        if self.options.sifted:
            self.best = self._sifted()
        self.ranking.kept = len(self.best)
        if self.best:
            self.ranking.highest, self.ranking.lowest = (
                self.shelf.read(place)[1].get("score", nan) for _, place in (self.best[0], self.best[-1])
            )
        for entries in blocks(self.best, self.options.batch_size):
            tasks = [self.shelf.read(place)[1] for _, place in entries]
            if self.options.by_text and self.options.suggest:
                with zone(self.nlp):
                    tasks = suggested(self.nlp, tasks)
            yield from tasks

    def _sifted(self) -> list[tuple[Key, Any]]:
        """Of the candidates, those that differ; the least certain first again."""
        tasks = [self.shelf.read(place)[1] for _, place in self.best]
        with zone(self.nlp):
            kept = differing(self.nlp, tasks, self.options)
        return [self.best[place] for place in kept]

    def _score_batch(self, batch: Sequence[Item]) -> None:
        options, ranking = self.options, self.ranking
        docs = [tokenise(self.nlp, eg, self.chunks) for _, eg in batch]
        for (position, eg), doc, belief in zip(batch, docs, self._believed(docs), strict=True):
            free = free_words(eg, doc) if options.unit == "stretch" else None
            value, stretches = self.judge(doc, belief, free)
            if options.unit == "stretch" and not stretches:
                continue  # all of its words were asked about before
            ranking.scored += 1
            ranking.words += belief.words
            ranking.in_entities += len({i for span in belief.spans for i in range(span.start, span.end)})
            key = _key(eg["text"], value, options.seed, position)
            if self.wants(key):
                task = _scored(eg, options, value)
                if options.suggest and not options.by_text:
                    task = with_spans(task, doc, belief.spans)
                if stretches:
                    task = stretch_task(task, doc, stretches)
                self.keep(key, self.shelf.append((key, task)))

    def _believed(self, docs: list[Doc]) -> list[Posterior]:
        if self.options.by_text:
            return [text_only(doc) for doc in docs]
        return posterior(self.nlp, docs, **self.sampling)


def _judge(options: RankOptions, measure: Callable[[Posterior], Any]) -> Judge:
    """How to score a text: as a whole, or by the least certain stretch of it."""
    if options.unit == "sentence":
        return lambda doc, belief, free: (
            measure(belief) / (options.time.expected(belief, (0, belief.words)) if options.per_second else 1.0),
            [],
        )
    shape = Shape(options.stretch_words, options.longest, options.share, options.stretches)

    def judge(doc: Doc, belief: Posterior, free: np.ndarray | None) -> tuple[float, list[Stretch]]:
        entities = entity_bounds(belief, word_tokens(doc)) if belief.spans else []
        found = list(find_stretches(measure(belief), shape, free, entities))
        if options.per_second:
            return worth(found, belief, options.time), found
        return max((stretch.score for stretch in found), default=0.0), found

    return judge


def _key(text: str, value: float, seed: int, position: int) -> Key:
    if isnan(value):
        raise error("B325", text=excerpt(text), score=value)
    # Six digits: in float32 those beyond differ with the company in the batch. The other seed keeps ties of a random
    # score from being settled by the score itself.
    return float(f"{value:.6g}"), uniform(text, seed + 1), -position


def _scored(eg: Task, options: RankOptions, value: float) -> Task:
    meta = eg.get("meta")
    kept = meta if isinstance(meta, dict) else {} if meta is None else {"meta": meta}
    if options.chosen_by != options.measure:
        # The random number only put it among the candidates: it says nothing of the text.
        return {**eg, "meta": {**kept, "measure": options.chosen_by}}
    return {**eg, "score": value, "meta": {**kept, "measure": options.measure, "score": round(value, 4)}}
