"""What a strategy asks next, of a pool of which some is known already."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc

from bioactive.active.costs import TimeModel
from bioactive.active.diversity import boosted, length_density, rarity, representativeness
from bioactive.active.measures import ORACLE, TEXT_ONLY, get_measure, uniform
from bioactive.active.posteriors import Posterior, beliefs, text_only
from bioactive.active.sampled import samples_of
from bioactive.active.sift import Candidates, Wanted, most_different, without_repeats
from bioactive.active.stretches import Stretch, choose_stretches, entity_bounds, find_stretches, priced, word_tokens
from bioactive.active.word_measures import RANDOM, get_word_measure

from .experiment import Strategy
from .oracle import Oracle

# Texts of a large pool that a cold start looks at.
COLD_CANDIDATES = 4000


class Budget(NamedTuple):
    """What a round may ask about: so many words, or with `texts` above 0 so many texts. The last may go beyond it."""

    words: int
    texts: int = 0

    def spent(self, words: int, texts: int) -> bool:
        """Whether so much is enough."""
        return texts >= self.texts if self.texts else words >= self.words

    def times(self, factor: float) -> Budget:
        """A budget so many times as large."""
        return Budget(round(self.words * factor), round(self.texts * factor))


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

    def whole(self, text: int) -> Question:
        """The question about all of a text."""
        return Question(text, [(0, self.oracle.lengths[text])])

    def candidates(self, questions: Sequence[Question]) -> Candidates:
        """Questions as what diversity looks at."""
        return Candidates([self.docs[each.text] for each in questions], [each.stretches for each in questions])


def seed_questions(pool: Pool, budget: Budget, seed: int) -> list[Question]:
    """Random whole texts; the seed alone decides.

    pool (Pool): The pool.
    budget (Budget): How much.
    seed (int): The same for all strategies that are to begin alike.
    """
    order = np.random.default_rng([seed, 1]).permutation(pool.open_texts(whole=True))
    return _within(pool, [[pool.whole(int(text))] for text in order], budget)


def cold_questions(nlp: Language, pool: Pool, strategy: Strategy, budget: Budget, seed: int) -> list[Question]:
    """Whole texts that stand for the pool: what to ask while no pipeline can say what it is unsure of.

    nlp (Language): Only its encoder is asked, so it need not be trained.
    pool (Pool): The pool; of a large one, a random part.
    strategy (Strategy): Says by what texts differ; gradients need a trained pipeline, k-means stands in for them.
    budget (Budget): How much.
    seed (int): Decides the part, and what is drawn.
    """
    order = np.random.default_rng([seed, 2]).permutation(pool.open_texts(whole=True))[:COLD_CANDIDATES]
    found = [pool.whole(int(text)) for text in order]
    by = "k_means" if strategy.diverse_by == "badge" else strategy.diverse_by
    return _diverse(nlp, pool, found, budget, by, seed)


def next_questions(
    nlp: Language | None, pool: Pool, strategy: Strategy, budget: Budget, seed: int, time: TimeModel | None = None
) -> list[Question]:
    """The questions of the next round.

    nlp (Language | None): The pipeline of this round; None will do for a strategy that asks no pipeline.
    pool (Pool): The pool.
    strategy (Strategy): How to choose.
    budget (Budget): How much to ask about.
    seed (int): Of random measures and ties.
    time (TimeModel | None): For a strategy that counts in seconds; None takes the default.
    RETURNS (list[Question]): One a text.
    """
    if nlp is not None and pool.oracle.words_known < strategy.cold_words:
        return cold_questions(nlp, pool, strategy, budget, seed)
    sifted = nlp is not None and sifts(strategy)
    # What near repeats leave open is to be filled.
    paid = budget.times(1.0 + max(strategy.diversity, 0.25)) if sifted else budget
    if strategy.unit == "stretch":
        found = _stretches(nlp, pool, strategy, paid, seed, time)
    else:
        found = _within(pool, _ranked(nlp, pool, strategy, seed, time), paid)
    return _sifted(nlp, pool, strategy, found, budget, seed) if sifted and nlp is not None else found


def sifts(strategy: Strategy) -> bool:
    """Whether a strategy takes the different ones out of more candidates than it may ask."""
    return strategy.unit != "document" and (strategy.diversity > 0 or strategy.duplicates_above < 1)


def asks_pipeline(strategy: Strategy) -> bool:
    """Whether a strategy needs a trained pipeline to choose."""
    by_text = {RANDOM} if strategy.unit == "stretch" else TEXT_ONLY
    more = strategy.rare > 0 or strategy.density > 0 or strategy.per_second or strategy.cold_words > 0
    return strategy.measure not in by_text or more or sifts(strategy)


def _believed(
    nlp: Language | None, pool: Pool, texts: Sequence[int], **sampling: Any
) -> Iterator[tuple[int, Posterior]]:
    docs = [pool.docs[text] for text in texts]
    if nlp is None:
        yield from ((text, text_only(doc)) for text, doc in zip(texts, docs, strict=True))
    else:
        yield from ((texts[i], found) for i, found in beliefs(nlp, docs, **sampling))


def _sampling(measure: Any, seed: int) -> dict[str, int]:
    """What `posterior` is to be given for a measure."""
    samples = samples_of(measure)
    return {"samples": samples, "seed": seed} if samples else {}


def _ranked(
    nlp: Language | None, pool: Pool, strategy: Strategy, seed: int, time: TimeModel | None
) -> list[list[Question]]:
    """Texts, or documents of several, that nothing is known of, the least certain first."""
    measure, texts = get_measure(strategy.measure, seed), pool.open_texts(whole=True)
    lengths = pool.oracle.lengths
    weights = length_density(lengths) if strategy.by_length_density else np.ones(len(lengths))
    weights = weights * _densities(nlp, pool, strategy)
    scores: dict[int, float] = {}
    for text, found in _believed(nlp, pool, texts, **_sampling(measure, seed)):
        value = 1.0 - pool.oracle.accuracy(text, found.best) if strategy.measure == ORACLE else measure(found)
        if strategy.per_second:
            value /= (time or TimeModel()).expected(found, (0, found.words))
        scores[text] = float(weights[text]) * value
    groups = _documents(pool, texts) if strategy.unit == "document" else [[text] for text in texts]
    keys = [
        (-_mean([scores[text] for text in group], [lengths[text] for text in group]), _tie(pool, group[0], seed))
        for group in groups
    ]
    order = sorted(range(len(groups)), key=lambda place: (*keys[place], groups[place][0]))
    return [[pool.whole(text) for text in groups[place]] for place in order]


def _documents(pool: Pool, texts: Sequence[int]) -> list[list[int]]:
    """Texts that belong to one document together."""
    found: dict[Any, list[int]] = {}
    for text in texts:
        found.setdefault(pool.oracle.documents[text], []).append(text)
    return list(found.values())


def _mean(scores: Sequence[float], lengths: Sequence[int]) -> float:
    """The mean score of a document's words."""
    return scores[0] if len(scores) == 1 else float(np.average(scores, weights=np.maximum(lengths, 1)))


def _tie(pool: Pool, text: int, seed: int) -> float:
    return uniform(pool.docs[text].text, seed + 1)


def _densities(nlp: Language | None, pool: Pool, strategy: Strategy) -> np.ndarray:
    """How much each text counts for being like others of the pool, [texts]."""
    found = np.ones(len(pool.docs))
    if strategy.density > 0 and nlp is not None:
        filled = [text for text, length in enumerate(pool.oracle.lengths) if length]
        rows = pool.candidates([pool.whole(text) for text in filled]).vectors(nlp)
        found[filled] = representativeness(rows) ** strategy.density
    return found


def _within(pool: Pool, groups: Iterable[Sequence[Question]], budget: Budget) -> list[Question]:
    """Whole groups, in order, until a budget is spent."""
    found: list[Question] = []
    words = 0
    for taken, group in enumerate(groups):
        if budget.spent(words, taken):
            break
        found += group
        words += sum(_open(pool, each) for each in group)
    return found


def _open(pool: Pool, question: Question) -> int:
    """Words of a question that are not known."""
    free = pool.oracle.open_words(question.text)
    return sum(int(free[start:end].sum()) for start, end in question.stretches)


def _stretches(
    nlp: Language | None, pool: Pool, strategy: Strategy, budget: Budget, seed: int, time: TimeModel | None
) -> list[Question]:
    measure, oracle = get_word_measure(strategy.measure, seed), pool.oracle
    rare, dense = rarity(oracle.counts()), _densities(nlp, pool, strategy)
    found: list[tuple[int, Iterator[Stretch]]] = []
    for text, belief in _believed(nlp, pool, pool.open_texts(whole=False), **_sampling(measure, seed)):
        entities = entity_bounds(belief, word_tokens(pool.docs[text])) if belief.spans else []
        scores = boosted(measure(belief), belief, rare, strategy.rare) if strategy.rare else measure(belief)
        own = find_stretches(scores * dense[text], strategy.shape, oracle.open_words(text), entities)
        found.append((text, priced(own, belief, time or TimeModel()) if strategy.per_second else own))
    tie = [uniform(doc.text, seed + 1) for doc in pool.docs]
    by_text: dict[int, list[tuple[int, int]]] = {}
    for text, stretch in choose_stretches(found, budget.words, tie, budget.texts):
        by_text.setdefault(text, []).append((stretch.start, stretch.end))
    return [Question(text, stretches) for text, stretches in by_text.items()]


def _sifted(
    nlp: Language, pool: Pool, strategy: Strategy, found: Sequence[Question], budget: Budget, seed: int
) -> list[Question]:
    """The questions without near repeats; with diversity those that differ most, and from what is known."""
    if strategy.duplicates_above < 1:
        found = [found[place] for place in without_repeats(nlp, pool.candidates(found), strategy.duplicates_above)]
    if not strategy.diversity:
        return _within(pool, [[each] for each in found], budget)
    return _diverse(nlp, pool, found, budget, strategy.diverse_by, seed)


def _diverse(
    nlp: Language, pool: Pool, found: Sequence[Question], budget: Budget, by: str, seed: int
) -> list[Question]:
    known = pool.candidates([pool.whole(text) for text in pool.oracle.answered()])
    words = sum(each.words for each in found) / max(1, len(found))
    count = budget.texts or round(budget.words / max(1.0, words))
    order = most_different(nlp, pool.candidates(found), Wanted(count, by, known, seed))
    return _within(pool, ([found[place]] for place in order), budget)
