"""What an Example says about the words of its predicted Doc."""

from __future__ import annotations

import math

import numpy
from spacy.tokens import Doc, Span
from spacy.training import Example

from ..errors import error

# `doc.user_data["weight"]`: how often a Doc counts in the loss.
WEIGHT = "weight"
# `doc.spans["entity_words"]`: each word in these spans is in an entity of the span's type, whose edges are not known.
ENTITY_WORDS = "entity_words"


def gold_tags(eg: Example) -> list[str | None]:
    """The BIO tag of each word of the predicted Doc; None where nobody annotated, or no tag fits."""
    x, y = eg.predicted, eg.reference
    if len(x) == len(y) and numpy.array_equal(x.to_array("ORTH"), y.to_array("ORTH")):
        return [_written(token.ent_iob_, token.ent_type_) for token in y]
    biluo = eg.get_aligned_ner()
    return [None if tag in (None, "-") else tag.replace("U-", "B-").replace("L-", "I-") for tag in biluo]


def _written(iob: str, label: str) -> str | None:
    return (f"{iob}-{label}" if label else iob) or None


def entity_words(eg: Example) -> list[Span]:
    """Spans of the predicted Doc whose words are in entities of the span's type, wherever these begin and end."""
    spans = eg.reference.spans.get(ENTITY_WORDS, ())
    return eg.get_aligned_spans_y2x(spans, allow_overlap=True) if spans else []


def labels_in(doc: Doc) -> set[str]:
    """The types that a gold Doc speaks of."""
    return {span.label_ for spans in (doc.ents, doc.spans.get(ENTITY_WORDS, ())) for span in spans}


def weight_of(doc: Doc) -> float:
    """How often a gold Doc counts in the loss; once unless `user_data["weight"]` says otherwise.

    RAISES (BioactiveError): B550 for a weight that is no number from 0.
    """
    weight = doc.user_data.get(WEIGHT, 1.0)
    if isinstance(weight, bool) or not isinstance(weight, (int, float)) or not 0.0 <= weight < math.inf:
        raise error("B550", weight=weight, text=doc.text[:60])
    return float(weight)
