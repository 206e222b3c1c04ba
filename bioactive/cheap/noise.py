"""How right a cheap source is, type by type, on the texts that an expert has answered for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from spacy.tokens import Doc

from ..errors import error
from ..evaluation.bootstrap import Interval, intervals, resample
from ..evaluation.pairs import Compared, compare
from ..evaluation.scores import GOLD, PREDICTED, count, micro, prf


@dataclass(frozen=True)
class TypeNoise:
    """Of one type, or of all together.

    precision, recall (Interval): Of exact entities.
    word_precision, word_recall (Interval): Of words in entities, whatever their edges.
    cheap, expert (int): Entities that the source and the expert have.
    """

    precision: Interval
    recall: Interval
    word_precision: Interval
    word_recall: Interval
    cheap: int
    expert: int


@dataclass(frozen=True)
class Noise:
    """A source against experts, with 95 % bootstrap intervals over documents.

    texts, words (int): That both have answered for.
    types (dict[str, TypeNoise]): By type, and "all".
    outside (Interval): Share of the words without a cheap label that are in no entity.
    """

    texts: int
    words: int
    types: dict[str, TypeNoise]
    outside: Interval

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; an interval is {"value", "low", "high"}."""
        types = {
            name: {key: value._asdict() if isinstance(value, Interval) else value for key, value in vars(one).items()}
            for name, one in self.types.items()
        }
        return {**asdict(self), "types": types, "outside": self.outside._asdict()}


def noise(cheap: Iterable[Doc], expert: Sequence[Doc], resamples: int = 1000, seed: int = 0) -> Noise:
    """Compare cheap rows with expert rows of the same texts.

    cheap (Iterable[Doc]): Labels in `doc.ents`.
    expert (Sequence[Doc]): Gold labels; words without annotation count for nothing. Of rows with
        one text the last counts.
    resamples, seed (int): Of the intervals.
    RETURNS (Noise): The estimate. It is one of the texts that were answered: those that a strategy chose are harder
        than others.
    RAISES (BioactiveError): B560 when the two have no text in common.
    """
    gold = {doc.text: doc for doc in expert}
    compared = [compare(gold[doc.text], doc) for doc in cheap if doc.text in gold]
    if not compared:
        raise error("B560")
    counts = count(compared)
    weights = resample(len(counts.documents), resamples, seed)
    tables = {"entities": counts.spans, "words": counts.words}
    by_type = {name: intervals(table, prf, weights) for name, table in tables.items()}
    together = {name: intervals(table, micro, weights) for name, table in tables.items()}
    sums = counts.spans.sum(axis=0)
    types = {
        label: _type(by_type["entities"][i], by_type["words"][i], sums[i]) for i, label in enumerate(counts.labels)
    }
    types["all"] = _type(together["entities"], together["words"], sums.sum(axis=0))
    outside = _outside(compared, counts.documents, weights)
    return Noise(len(compared), sum(one.words for one in compared), types, outside)


def _type(entities: np.ndarray, words: np.ndarray, sums: np.ndarray) -> TypeNoise:
    """Rows [precision, recall, F1] of [value, low, high], and counts, as a TypeNoise."""
    precision, recall = (Interval(*map(float, row)) for row in entities[:2])
    word_precision, word_recall = (Interval(*map(float, row)) for row in words[:2])
    return TypeNoise(precision, recall, word_precision, word_recall, int(sums[PREDICTED]), int(sums[GOLD]))


def _outside(compared: Sequence[Compared], documents: Sequence[str], weights: np.ndarray) -> Interval:
    """How often the source is right where it says nothing."""
    table = np.zeros((len(documents), 1, 3))
    row = {doc_id: i for i, doc_id in enumerate(documents)}
    for number, one in enumerate(compared):
        pairs = zip(one.gold_words, one.predicted_words, strict=True)
        said = [gold for gold, found in pairs if not found]
        right = sum(not gold for gold in said)
        table[row[one.doc_id or f"#{number}"], 0] += [right, len(said), len(said)]
    return Interval(*map(float, intervals(table, micro, weights)[0]))
