"""A component with the interface of `crf_ner` whose posteriors come from enumerating every tag sequence."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable
from types import SimpleNamespace

import numpy as np
import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training import Example
from spacy.util import fix_random_seed

from bioactive.active.measures import uniform
from bioactive.active.posteriors import crf_posteriors, posteriors
from bioactive.tags import can_follow, spans_from_tags, tags_for

TAGS = tags_for(["X"])


def sequences(length: int) -> list[tuple[int, ...]]:
    """Every legal sequence of tag numbers."""
    return [
        path
        for path in itertools.product(range(len(TAGS)), repeat=length)
        if all(can_follow(path[i - 1] if i else None, tag) for i, tag in enumerate(path))
    ]


def sequence_log_probs(words: list[str]) -> dict[tuple[int, ...], float]:
    """The log-probability of each legal sequence, under scores that the words alone decide."""
    scores = {
        path: sum(4 * uniform(f"{word} {tag}", 1) for word, tag in zip(words, path, strict=True))
        + sum(2 * uniform(f"{a} {b}", 2) for a, b in itertools.pairwise(path))
        for path in sequences(len(words))
    }
    log_z = math.log(sum(map(math.exp, scores.values())))
    return {path: score - log_z for path, score in scores.items()}


class FakeCRF:
    labels = ("X",)

    def __call__(self, doc: Doc) -> Doc:
        return doc

    def posteriors(self, docs: Iterable[Doc]) -> list[SimpleNamespace]:
        return [self._one([token.text for token in doc]) for doc in docs]

    def _one(self, words: list[str]) -> SimpleNamespace:
        found = sorted(sequence_log_probs(words).items(), key=lambda item: -item[1])
        marginals = np.zeros((len(words), len(TAGS)), dtype=np.float32)
        for path, log_prob in found:
            marginals[np.arange(len(words)), list(path)] += math.exp(log_prob)
        best = [TAGS[tag] for tag in found[0][0]]
        return SimpleNamespace(
            tags=TAGS,
            marginals=marginals,
            best=best,
            best_log_prob=found[0][1],
            second_log_prob=found[1][1] if len(found) > 1 else -math.inf,
            sequence_entropy=-sum(math.exp(log_prob) * log_prob for _, log_prob in found),
            spans=[(*span, 0.5) for span in spans_from_tags(best)],
        )


@pytest.fixture(scope="session")
def brute_force() -> tuple[list[str], Callable[[list[str]], dict[tuple[int, ...], float]]]:
    """The tags, and the function that gives every sequence's log-probability."""
    return TAGS, sequence_log_probs


@pytest.fixture(scope="session")
def crf_nlp() -> Language:
    Language.factory("fake_crf", assigns=["doc.ents"], func=lambda nlp, name: FakeCRF())
    posteriors.register("fake_crf", func=crf_posteriors)
    nlp = spacy.blank("en")
    nlp.add_pipe("fake_crf")
    return nlp


@pytest.fixture(scope="session")
def ner_nlp() -> Language:
    """A stock `ner` with random weights, large enough for its scores to differ."""
    nlp = spacy.blank("en")
    ner = nlp.add_pipe("ner")
    for label in ("X", "Y"):
        ner.add_label(label)
    nlp.initialize()
    rng = np.random.default_rng(0)
    for node in ner.model.walk():
        for name in node.param_names:
            if name in ("W", "b") and node.has_param(name):
                shape = node.get_param(name).shape
                node.set_param(name, rng.normal(scale=0.3, size=shape).astype("float32"))
    return nlp


@pytest.fixture(scope="session")
def spancat_nlp() -> Language:
    nlp = spacy.blank("en")
    spancat = nlp.add_pipe("spancat", config={"spans_key": "sc", "suggester": {"sizes": [1, 2]}})
    for label in ("X", "Y"):
        spancat.add_label(label)
    nlp.initialize()
    return nlp


@pytest.fixture(scope="session")
def real_crf_nlp() -> Language:
    """A `crf_ner` with its default network, a few steps from random."""
    import bioactive.ner.component  # noqa: F401

    fix_random_seed(0)
    nlp = spacy.blank("en")
    nlp.add_pipe("crf_ner")
    examples = []
    for text in ("a b c", "d e f", "a f"):
        gold = nlp.make_doc(text)
        gold.set_ents([Span(gold, 0, 2, "X")], default="outside")
        examples.append(Example(nlp.make_doc(text), gold))
    optimizer = nlp.initialize(lambda: examples)
    for _ in range(3):
        nlp.update(examples, sgd=optimizer)
    return nlp
