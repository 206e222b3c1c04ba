"""What an Example says about the words of its predicted Doc."""

from __future__ import annotations

import numpy
from spacy.training import Example


def gold_tags(eg: Example) -> list[str | None]:
    """The BIO tag of each word of the predicted Doc; None where nobody annotated, or no tag fits."""
    x, y = eg.predicted, eg.reference
    if len(x) == len(y) and numpy.array_equal(x.to_array("ORTH"), y.to_array("ORTH")):
        return [_written(token.ent_iob_, token.ent_type_) for token in y]
    biluo = eg.get_aligned_ner()
    return [None if tag in (None, "-") else tag.replace("U-", "B-").replace("L-", "I-") for tag in biluo]


def _written(iob: str, label: str) -> str | None:
    return (f"{iob}-{label}" if label else iob) or None
