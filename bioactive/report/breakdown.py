"""Scores of groups of entities: by length, by how often they were seen in training, and with which type."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

import numpy as np
from spacy.tokens import Doc

from bioactive.evaluation.bootstrap import intervals, resample
from bioactive.evaluation.evaluate import Score, score_of
from bioactive.evaluation.pairs import CharSpan, spans_of
from bioactive.evaluation.scores import CORRECT, GOLD, PREDICTED, prf

from .cases import Case, mention_of

SEEN, OTHERWISE, UNSEEN = "seen with this type", "seen with another type only", "not seen"
Key = Callable[[Case, CharSpan], str]


class Mentions:
    """The mentions of a training corpus.

    docs (Iterable[Doc]): Its Docs.
    spans_key (str | None): The span group that holds its entities; `doc.ents` without one.
    """

    def __init__(self, docs: Iterable[Doc], spans_key: str | None = None) -> None:
        self.counts: Counter[tuple[str, str]] = Counter()
        for doc in docs:
            self.counts.update((mention_of(ent.text), ent.label_) for ent in spans_of(doc, spans_key))
        self.words = {words for words, _ in self.counts}

    def kind(self, case: Case, span: CharSpan) -> str:
        """Whether the words of an entity were an entity in training."""
        words = case.mention(span)
        return SEEN if self.counts[words, span.label] else OTHERWISE if words in self.words else UNSEEN

    def frequency(self, case: Case, span: CharSpan) -> str:
        """How often they were, with this type."""
        return _bucket(self.counts[case.mention(span), span.label], FREQUENCIES)


FREQUENCIES = {0: "0", 1: "1", 4: "2 to 4", 19: "5 to 19", None: "20 or more"}
LENGTHS = {1: "1 word", 2: "2 words", 3: "3 words", 5: "4 or 5 words", None: "6 words or more"}


def by_length(case: Case, span: CharSpan) -> str:
    """How many words an entity has."""
    return _bucket(case.words[span], LENGTHS)


def groups(
    cases: Sequence[Case], key: Key, names: Iterable[str], resamples: int = 1000, seed: int = 0
) -> dict[str, Score]:
    """Score the entities of each group.

    cases (Sequence[Case]): The documents; those of one id are resampled together.
    key (Callable): The group of an entity; a right one is in the same group on both sides.
    names (Iterable[str]): The groups, in the order to show them.
    resamples, seed (int): Of the intervals.
    RETURNS (dict[str, Score]): The groups that have an entity of either side.
    """
    wanted = list(names)
    documents: dict[str, int] = {}
    for number, case in enumerate(cases):
        documents.setdefault(case.compared.doc_id or f"#{number}", len(documents))
    counts = np.zeros((len(documents), len(wanted), 3), dtype=np.int64)
    for number, case in enumerate(cases):
        row = counts[documents[case.compared.doc_id or f"#{number}"]]
        gold, predicted = case.compared.gold, case.compared.predicted
        for place, spans in ((GOLD, gold), (PREDICTED, predicted), (CORRECT, gold & predicted)):
            for span in spans:
                row[wanted.index(key(case, span)), place] += 1
    found = intervals(counts, prf, resample(len(documents), resamples, seed))  # [T, 3, 3]
    totals = counts.sum(axis=0)
    return {name: score_of(found[number], totals[number]) for number, name in enumerate(wanted) if totals[number].any()}


def _bucket(number: int, bounds: dict[int | None, str]) -> str:
    """The name of the first bound that a number does not exceed; None has no bound."""
    return next(name for bound, name in bounds.items() if bound is None or number <= bound)
