"""Scores of yes/no answers by class, the threshold, and what any model has to beat."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..evaluation.bootstrap import Interval, intervals, resample
from ..evaluation.evaluate import Score, score_of
from ..evaluation.scores import CORRECT, GOLD, PREDICTED, micro, prf
from .pairs import NO, YES

CLASSES = (YES, NO)


class YesNoScores(NamedTuple):
    """Accuracy with its 95 % interval over questions, and the scores of each answer."""

    accuracy: Interval
    classes: dict[str, Score]


def score(gold: Sequence[str], found: Sequence[str], *, resamples: int = 1000, seed: int = 0) -> YesNoScores:
    """Compare answers with gold.

    gold, found (Sequence[str]): "yes" or "no", in the same order.
    resamples (int): Bootstrap resamples over questions.
    seed (int): Of the resampling.
    RETURNS (YesNoScores): Percentile intervals (Efron 1979).
    """
    counts = np.zeros((len(gold), len(CLASSES), 3), dtype=np.int64)
    truth, said = np.array(gold), np.array(found)
    for place, label in enumerate(CLASSES):
        counts[:, place, GOLD], counts[:, place, PREDICTED] = truth == label, said == label
        counts[:, place, CORRECT] = (truth == label) & (said == label)
    weights = resample(len(gold), resamples, seed)
    rows, totals = intervals(counts, prf, weights), counts.sum(axis=0)
    # Each question has one answer of either side: micro precision, recall and F1 are all the accuracy.
    accuracy = Interval(*map(float, intervals(counts, micro, weights)[0]))
    return YesNoScores(accuracy, {label: score_of(rows[n], totals[n]) for n, label in enumerate(CLASSES)})


def tuned_threshold(gold: Sequence[str], yes: Sequence[float]) -> float:
    """The probability from which on an answer is "yes", such that the mean F1 of both classes is best.

    gold (Sequence[str]): The right answers, of a dev set, never of a test set.
    yes (Sequence[float]): The probability of "yes" of each.
    RETURNS (float): Half way between two probabilities, the closest to .5 of equally good ones; .5 where none is
        better.
    """
    probs, truth = np.array(yes), np.array(gold) == YES
    values = np.unique(probs)
    candidates = sorted([0.5, *((values[1:] + values[:-1]) / 2)], key=lambda value: abs(value - 0.5))
    return float(max(candidates, key=lambda value: _mean_f1(truth, probs >= value)))


def answers_at(yes: Sequence[float], threshold: float) -> list[str]:
    """Answers from the probability of "yes" and the least at which it is given."""
    return [YES if value >= threshold else NO for value in yes]


def majority(train: Sequence[str], number: int) -> list[str]:
    """The more frequent answer of a training set, for so many questions; "yes" where both are as frequent."""
    counts = Counter(train)
    return [YES if counts[YES] >= counts[NO] else NO] * number


def question_only(train: Sequence[tuple[str, str]], questions: Sequence[str]) -> list[float]:
    """What can be guessed without a passage: a linear model of the questions' words and letters.

    train (Sequence[tuple[str, str]]): Questions with their answers.
    questions (Sequence[str]): Questions to answer.
    RETURNS (list[float]): The probability of "yes" of each.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline, make_union

    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True)
    model = make_pipeline(make_union(words, letters), LogisticRegression(class_weight="balanced", max_iter=1000))
    model.fit([question for question, _ in train], [label == YES for _, label in train])
    return [float(row[1]) for row in model.predict_proba(list(questions))]


def _mean_f1(truth: np.ndarray, said: np.ndarray) -> float:
    both = [(truth, said), (~truth, ~said)]
    return sum(2 * (one & other).sum() / max(1, one.sum() + other.sum()) for one, other in both) / 2
