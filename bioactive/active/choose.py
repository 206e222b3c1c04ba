"""What a strategy asks next, of a pool of which some is known already."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc

from bioactive.evaluation.blocks import blocks

from .diversity import boosted, k_centre, length_density, near_duplicates, rarity
from .experiment import Strategy
from .in_memory import word_vectors
from .measures import TEXT_ONLY, get_measure, samples_needed, uniform
from .oracle import Oracle
from .posteriors import Posterior, posterior, text_only
from .stretches import Stretch, choose_stretches, entity_bounds, find_stretches, word_tokens
from .word_measures import RANDOM, get_word_measure

BATCH = 256


@dataclass(frozen=True)
class Question:
    """What is asked about one text.

    text (int): Its number in the pool.
    stretches (list[tuple[int, int]]): In words, [start, end).
    """

    text: int
    stretches: list[tuple[int, int]]

    @property
    def words(self) -> int:
        """Words asked about."""
        return sum(end - start for start, end in self.stretches)


@dataclass(frozen=True)
class Pool:
    """The texts that may be asked about.

    docs (list[Doc]): Without entities, of the pipeline's vocabulary.
    oracle (Oracle): What is known of each.
    """

    docs: list[Doc]
    oracle: Oracle

    def open_texts(self, whole: bool) -> list[int]:
        """Numbers of the texts with a word to ask about; `whole` leaves out those of which something is known."""
        oracle = self.oracle
        known = set(oracle.answered()) if whole else set()
        return [text for text in range(len(self.docs)) if text not in known and oracle.open_words(text).any()]


def seed_questions(pool: Pool, words: int, seed: int) -> list[Question]:
    """Random whole texts of together so many words; the seed alone decides.

    pool (Pool): The pool.
    words (int): The last text may go beyond them.
    seed (int): The same for all strategies that are to begin alike.
    """
    order = np.random.default_rng([seed, 1]).permutation(pool.open_texts(whole=True))
    return _whole(pool, [int(text) for text in order], words)


def next_questions(nlp: Language | None, pool: Pool, strategy: Strategy, budget: int, seed: int) -> list[Question]:
    """The questions of the next round.

    nlp (Language | None): The pipeline of this round; None will do for a strategy that asks no pipeline.
    pool (Pool): The pool.
    strategy (Strategy): How to choose.
    budget (int): Words to ask about; the last question may go beyond them.
    seed (int): Of random measures and ties.
    RETURNS (list[Question]): One a text.
    """
    sifted = strategy.diversity > 0 or strategy.duplicates_above < 1
    # What near repeats leave open is to be filled.
    paid = round(budget * (1.0 + max(strategy.diversity, 0.25))) if sifted else budget
    if strategy.unit == "sentence":
        found = _whole(pool, _ranked_texts(nlp, pool, strategy, seed), paid)
    else:
        found = _stretches(nlp, pool, strategy, paid, seed)
    if sifted and nlp is not None:
        return _sifted(nlp, pool, strategy, found, budget)
    return found


def asks_pipeline(strategy: Strategy) -> bool:
    """Whether a strategy needs a trained pipeline to choose."""
    by_text = {RANDOM} if strategy.unit == "stretch" else TEXT_ONLY
    more = strategy.diversity > 0 or strategy.duplicates_above < 1 or strategy.rare > 0
    return strategy.measure not in by_text or more


def beliefs(nlp: Language, docs: Sequence[Doc], **sampling: Any) -> Iterator[tuple[int, Posterior]]:
    """Position and posterior of each Doc; those of like length are asked about together."""
    order = sorted(range(len(docs)), key=lambda i: len(docs[i]))
    for batch in blocks(order, BATCH):
        yield from zip(batch, posterior(nlp, [docs[i] for i in batch], **sampling), strict=True)


def _believed(
    nlp: Language | None, pool: Pool, texts: Sequence[int], **sampling: Any
) -> Iterator[tuple[int, Posterior]]:
    docs = [pool.docs[text] for text in texts]
    if nlp is None:
        yield from ((text, text_only(doc)) for text, doc in zip(texts, docs, strict=True))
    else:
        yield from ((texts[i], found) for i, found in beliefs(nlp, docs, **sampling))


def _ranked_texts(nlp: Language | None, pool: Pool, strategy: Strategy, seed: int) -> list[int]:
    """Texts nothing is known of, the least certain first."""
    measure, samples = get_measure(strategy.measure, seed), samples_needed(strategy.measure)
    sampling = {"samples": samples, "seed": seed} if samples else {}
    lengths = pool.oracle.lengths
    weights = length_density(lengths) if strategy.by_length_density else np.ones(len(lengths))
    keys = {
        text: (-float(weights[text]) * measure(found), uniform(found.text, seed + 1), text)
        for text, found in _believed(nlp, pool, pool.open_texts(whole=True), **sampling)
    }
    return sorted(keys, key=keys.__getitem__)


def _whole(pool: Pool, texts: Sequence[int], budget: int) -> list[Question]:
    found: list[Question] = []
    words = 0
    for text in texts:
        if words >= budget:
            break
        found.append(Question(text, [(0, pool.oracle.lengths[text])]))
        words += int(pool.oracle.open_words(text).sum())
    return found


def _stretches(nlp: Language | None, pool: Pool, strategy: Strategy, budget: int, seed: int) -> list[Question]:
    measure, oracle = get_word_measure(strategy.measure, seed), pool.oracle
    rare = rarity(oracle.counts())
    found: list[tuple[int, Iterator[Stretch]]] = []
    for text, belief in _believed(nlp, pool, pool.open_texts(whole=False)):
        entities = entity_bounds(belief, word_tokens(pool.docs[text])) if belief.spans else []
        scores = boosted(measure(belief), belief, rare, strategy.rare) if strategy.rare else measure(belief)
        found.append((text, find_stretches(scores, strategy.shape, oracle.open_words(text), entities)))
    tie = [uniform(doc.text, seed + 1) for doc in pool.docs]
    by_text: dict[int, list[tuple[int, int]]] = {}
    for text, stretch in choose_stretches(found, budget, tie):
        by_text.setdefault(text, []).append((stretch.start, stretch.end))
    return [Question(text, stretches) for text, stretches in by_text.items()]


def _sifted(nlp: Language, pool: Pool, strategy: Strategy, found: Sequence[Question], budget: int) -> list[Question]:
    """The questions without near repeats; with diversity those that lie furthest apart, and from what is known."""
    rows = _means(nlp, pool, [(each.text, each.stretches) for each in found])
    if strategy.duplicates_above < 1:
        kept = np.flatnonzero(~near_duplicates(rows, strategy.duplicates_above))
        found, rows = [found[int(place)] for place in kept], rows[kept]
    order: Iterable[int] = range(len(found))
    if strategy.diversity:
        known = [(text, [(0, pool.oracle.lengths[text])]) for text in pool.oracle.answered()]
        order = k_centre(rows, _means(nlp, pool, known))
    chosen: list[Question] = []
    words = 0
    for place in order:
        if words >= budget:
            break
        chosen.append(found[place])
        words += found[place].words
    return chosen


def _means(nlp: Language, pool: Pool, wanted: Sequence[tuple[int, list[tuple[int, int]]]]) -> np.ndarray:
    """The mean vector of the words asked about, [questions, width]."""
    vectors = word_vectors(nlp, [pool.docs[text] for text, _ in wanted])
    rows = []
    for (text, stretches), own in zip(wanted, vectors, strict=True):
        tokens = word_tokens(pool.docs[text])
        rows.append(own[np.concatenate([tokens[start:end] for start, end in stretches])].mean(axis=0))
    return np.stack(rows) if rows else np.zeros((0, 1))
