"""The probability from which on an answer is "yes": tuned on held-out questions, and kept with the pipeline."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from ..blocks import OnDone
from ..errors import error
from .pairs import NO, YES, pair_text
from .scores import answers_at, tuned_threshold

FACTORY, THRESHOLD, DEFAULT = "textcat", "threshold", 0.5


def create_threshold_callback(corpus: Callable[[Language], Iterable[Example]]) -> Callable[[Language], Language]:
    """A `before_to_disk` callback that tunes the threshold, registered as "bioactive.tune_threshold.v1".

    It stays with the component when the pipeline is saved; `threshold_of` reads it.

    corpus (Callable[[Language], Iterable[Example]]): A spaCy reader of held-out questions, never of the test set.
    """

    def tune(nlp: Language) -> Language:
        docs = [eg.reference for eg in corpus(nlp)]
        gold = both_answers(answers_of(docs), "dev")
        _classifier(nlp).cfg[THRESHOLD] = tuned_threshold(gold, probabilities(nlp, docs))
        return nlp

    return tune


def threshold_of(nlp: Language) -> float:
    """The probability from which on a pipeline's answer is "yes".

    nlp (Language): A pipeline with a `textcat`.
    RETURNS (float): What was tuned in training; .5 where nothing was.
    RAISES (BioactiveError): B608 without a `textcat`.
    """
    # spaCy puts 0.0 where a config says nothing.
    return float(_classifier(nlp).cfg.get(THRESHOLD) or DEFAULT)


def answer(nlp: Language, question: str, passage: str) -> tuple[str, float]:
    """Answer a question by a pipeline's own threshold.

    nlp (Language): A yes/no pipeline.
    question, passage (str): The question, and what it is about.
    RETURNS (tuple[str, float]): "yes" or "no", and the probability of "yes".
    """
    prob = float(nlp(pair_text(question, passage)).cats[YES])
    return answers_at([prob], threshold_of(nlp))[0], prob


def probabilities(nlp: Language, docs: Sequence[Doc], on_done: OnDone = lambda items: None) -> list[float]:
    """The probability of "yes" of each Doc; the Docs themselves stay as they are."""
    found = []
    for doc in nlp.pipe(doc.text for doc in docs):
        found.append(doc.cats[YES])
        on_done(1)
    return found


def answers_of(docs: Sequence[Doc]) -> list[str]:
    """The gold answers.

    RAISES (BioactiveError): B940 for a Doc without one.
    """
    for doc in docs:
        if YES not in doc.cats or NO not in doc.cats:
            raise error("B940", text=doc.text[:60], labels=", ".join(doc.cats) or "none")
    return [YES if doc.cats[YES] >= doc.cats[NO] else NO for doc in docs]


def both_answers(gold: list[str], where: str) -> list[str]:
    """The answers themselves.

    gold (list[str]): The answers of a set.
    where (str): What the set is called in the message.
    RAISES (BioactiveError): B941 when they are all the same.
    """
    if len(set(gold)) < 2:
        raise error("B941", where=where, count=len(gold), answer=gold[0] if gold else "none")
    return gold


def _classifier(nlp: Language) -> Any:
    """The last `textcat` of a pipeline."""
    for name, pipe in reversed(nlp.pipeline):
        if nlp.get_pipe_meta(name).factory == FACTORY:
            return pipe
    raise error("B608", pipes=", ".join(nlp.pipe_names) or "none", wanted="answers questions")
