"""How good a pipeline is on gold Docs, in one line: what loops that train again and again look at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from bioactive.blocks import blocks
from bioactive.evaluation.blocks import pipe_block
from bioactive.evaluation.pairs import compare, unlabelled_copy
from bioactive.evaluation.scores import count, micro

BATCH = 256


def scores_on(nlp: Language, golds: Sequence[Doc]) -> dict[str, float]:
    """Strict micro precision, recall and F1, and seqeval's accuracy.

    nlp (Language): The pipeline.
    golds (Sequence[Doc]): Gold Docs.
    RETURNS (dict[str, float]): "p", "r", "f"; "accuracy" is the share of words with the right label, O included, their
        B- and I- told apart, as seqeval has it.
    """
    predicted = pipe_block(nlp, [unlabelled_copy(doc, nlp.vocab) for doc in golds], BATCH)
    compared = [compare(gold, doc) for gold, doc in zip(golds, predicted, strict=True)]
    precision, recall, f1 = micro(count(compared).spans.sum(axis=0)).tolist()
    pairs = [pair for one in compared for pair in zip(one.gold_tags, one.predicted_tags, strict=True)]
    right = sum(a == b for gold, found in pairs for a, b in zip(gold, found, strict=True))
    words = sum(len(gold) for gold, _ in pairs)
    return {"p": precision, "r": recall, "f": f1, "accuracy": right / max(1, words)}


def loss_on(nlp: Language, golds: Sequence[Doc]) -> float | None:
    """Mean negative log-likelihood a word of the gold labels.

    nlp (Language): The pipeline.
    golds (Sequence[Doc]): Gold Docs.
    RETURNS (float | None): In nats, without dropout; None without a `crf_ner`, as other losses are no likelihoods.
    """
    pipe: Any = next((pipe for name, pipe in nlp.pipeline if nlp.get_pipe_meta(name).factory == "crf_ner"), None)
    if pipe is None:
        return None
    total, words = 0.0, 0
    for block in blocks(sorted((doc for doc in golds if len(doc)), key=len), BATCH):
        examples = [Example(unlabelled_copy(doc, nlp.vocab), doc) for doc in block]
        loss, _ = pipe.get_loss(examples, pipe.predict([eg.predicted for eg in examples]))
        total += loss * len(examples)
        words += sum(int(np.count_nonzero(doc.to_array("ENT_IOB"))) for doc in block)
    return total / max(1, words)
