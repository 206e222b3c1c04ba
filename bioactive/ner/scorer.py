"""The scorer "bioactive.crf_ner_scorer.v2": entities as before, and the share of words with the right tag."""

# No postponed annotations here: thinc reads those of registered functions, older ones as they stand.
from collections.abc import Callable, Iterable
from typing import Any

from spacy.scorer import get_ner_prf
from spacy.training import Example

ACCURACY = "ents_acc"
# Entities of one word and last words have prefixes of their own in what spaCy aligns.
PREFIXES = {"U": "B", "L": "I"}


def make_scorer() -> Callable[..., dict[str, Any]]:
    """The scorer that is registered as "bioactive.crf_ner_scorer.v2"."""
    return score_with_accuracy


def score_with_accuracy(examples: Iterable[Example], **kwargs: Any) -> dict[str, Any]:
    """Span-exact precision, recall and F1, as the stock `ner` reports them, and `ents_acc`.

    examples (Iterable[Example]): Predictions beside gold.
    RETURNS (dict[str, Any]): `ents_p`, `ents_r`, `ents_f`, `ents_per_type`; `ents_acc`, the share of annotated words
        whose BIO tag is right, as seqeval counts accuracy, or None where no word is annotated.
    """
    listed = list(examples)
    return {**get_ner_prf(listed), ACCURACY: tag_accuracy(listed)}


def tag_accuracy(examples: Iterable[Example]) -> float | None:
    """The share of annotated words whose BIO tag is right; None where no word is annotated."""
    right = total = 0
    for eg in examples:
        for token, gold in zip(eg.predicted, eg.get_aligned_ner(), strict=True):
            if gold in (None, "-") or token.is_space:
                continue
            prefix, _, label = str(gold).partition("-")
            total += 1
            right += (PREFIXES.get(prefix, prefix), label) == (token.ent_iob_ or "O", token.ent_type_)
    return right / total if total else None
