"""Scores of answers against scikit-learn, thresholds against all of them, baselines by hand."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score, precision_recall_fscore_support

from bioactive.questions.scores import answers_at, majority, question_only, score, tuned_threshold


def answers(seed: int, number: int, share: float = 0.5) -> list[str]:
    return np.where(np.random.default_rng(seed).random(number) < share, "yes", "no").tolist()


def test_scores_are_those_of_scikit_learn() -> None:
    gold, found = answers(0, 80, 0.7), answers(1, 80)
    scores = score(gold, found, resamples=50)
    assert scores.accuracy.value == pytest.approx(accuracy_score(gold, found))
    rows = precision_recall_fscore_support(gold, found, labels=["yes", "no"])
    for label, row in zip(("yes", "no"), zip(*rows, strict=True), strict=True):
        own = scores.classes[label]
        assert (own.precision.value, own.recall.value, own.f1.value, own.gold) == pytest.approx(row)
        assert own.f1.low <= own.f1.value <= own.f1.high


def test_answer_never_given_scores_zero() -> None:
    scores = score(["yes", "no"], ["yes", "yes"], resamples=10)
    assert scores.classes["no"].precision.value == scores.classes["no"].f1.value == 0.0


def test_threshold_is_the_best_of_all() -> None:
    rng = np.random.default_rng(3)
    gold = answers(4, 60, 0.8)
    probs = np.clip(rng.normal([0.7 if label == "yes" else 0.5 for label in gold], 0.2), 0, 1)

    def mean_f1(threshold: float) -> float:
        return float(f1_score(gold, answers_at(probs, threshold), average="macro"))

    best = max(mean_f1(value) for value in np.linspace(0, 1, 2001))
    assert mean_f1(tuned_threshold(gold, probs)) == pytest.approx(best)


def test_threshold_stays_where_nothing_is_better() -> None:
    assert tuned_threshold(["yes", "no"], [0.9, 0.2]) == 0.5


def test_majority_is_that_of_the_training_set() -> None:
    assert majority(["no", "no", "yes"], 2) == ["no", "no"]


def test_question_only_learns_what_questions_give_away() -> None:
    train = [("Всегда ли это так?", "no"), ("Бывает ли это так?", "yes")] * 10
    yes = question_only(train, ["Всегда ли он прав?", "Бывает ли он прав?"])
    assert yes[0] < 0.5 < yes[1]
