"""A yes/no pipeline on a test set, with the threshold tuned on dev, beside baselines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc

from ..corpus.binfile import read_docs
from ..evaluation.blocks import UNWATCHED, Watch
from .pairs import split_text
from .scores import YesNoScores, answers_at, majority, question_only, score, tuned_threshold
from .threshold import DEFAULT, answers_of, both_answers, probabilities, threshold_of


@dataclass(frozen=True)
class Evaluation:
    """What was found.

    threshold (float): From which probability on the answer is "yes".
    systems (dict[str, YesNoScores]): By name; the pipeline at .5, at its own threshold or that of dev, and baselines.
    """

    threshold: float
    systems: dict[str, YesNoScores]

    def to_dict(self) -> dict[str, Any]:
        """All numbers, for JSON."""
        rows = {
            name: {"accuracy": own.accuracy, **{label: vars(each) for label, each in own.classes.items()}}
            for name, own in self.systems.items()
        }
        return {"threshold": self.threshold, "systems": rows}


def evaluate(
    nlp: Language, test: Path, dev: Path | None = None, train: Path | None = None, watch: Watch = UNWATCHED
) -> Evaluation:
    """Score a pipeline.

    nlp (Language): A pipeline with a `textcat` of the labels "yes" and "no".
    test (Path): Questions to score, `.spacy`.
    dev (Path | None): Questions to tune the threshold on; without them the pipeline's own is taken.
    train (Path | None): Questions for the baselines; without it there are none.
    watch (Watch): Is told how far it is.
    RETURNS (Evaluation): The scores.
    RAISES (BioactiveError): B120 for a broken file, B724 for a text that is no pair, B940 for one without an answer,
        B941 for dev or train questions that all have one answer.
    """
    docs = list(read_docs(test, nlp.vocab))
    watch.stage(test.name, len(docs))
    gold, yes = answers_of(docs), probabilities(nlp, docs, watch.done)
    systems = {"pipeline at .5": score(gold, answers_at(yes, DEFAULT))}
    threshold = threshold_of(nlp)
    if dev is None:
        systems["pipeline at its own threshold"] = score(gold, answers_at(yes, threshold))
    else:
        tuning = list(read_docs(dev, nlp.vocab))
        watch.stage(dev.name, len(tuning))
        gold_tuning = both_answers(answers_of(tuning), str(dev))
        threshold = tuned_threshold(gold_tuning, probabilities(nlp, tuning, watch.done))
        systems["pipeline, threshold of dev"] = score(gold, answers_at(yes, threshold))
    if train is not None:
        watch.stage("Baselines")
        known = list(read_docs(train, nlp.vocab))
        right = both_answers(answers_of(known), str(train))
        systems["majority"] = score(gold, majority(right, len(gold)))
        asked = list(zip(questions_of(known), right, strict=True))
        systems["question only"] = score(gold, answers_at(question_only(asked, questions_of(docs)), DEFAULT))
    return Evaluation(threshold, systems)


def questions_of(docs: Sequence[Doc]) -> list[str]:
    """The questions alone."""
    return [split_text(doc.text)[0] for doc in docs]
