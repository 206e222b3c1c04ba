"""What an Example says about the words of its predicted Doc."""

from __future__ import annotations

from collections.abc import Sequence

import numpy
from numpy.typing import NDArray
from spacy.symbols import ENT_IOB, ENT_TYPE, ORTH
from spacy.tokens import Doc
from spacy.training import Example

from .. import tags

UNKNOWN = -1
UNKNOWN_LABEL = -2


def gold_tags(eg: Example) -> list[str | None]:
    """The BIO tag of each word of the predicted Doc; None where nobody annotated, or no tag fits."""
    if _same_words(eg):
        return [_written(token.ent_iob_, token.ent_type_) for token in eg.reference]
    biluo = eg.get_aligned_ner()
    return [None if tag in (None, "-") else tag.replace("U-", "B-").replace("L-", "I-") for tag in biluo]


def gold_numbers(eg: Example, labels: Sequence[str]) -> NDArray[numpy.int64]:
    """The number of the tag of each word, as `gold_tags` writes it: UNKNOWN where that is None.

    eg (Example): The Example.
    labels (Sequence[str]): The labels, in the order of the tags.
    RETURNS (NDArray[int64]): One a word; UNKNOWN_LABEL where the label is none of these.
    """
    if not _same_words(eg):
        known = {tag: number for number, tag in enumerate(tags.tags_for(labels))}
        return numpy.array([UNKNOWN if tag is None else known.get(tag, UNKNOWN_LABEL) for tag in gold_tags(eg)], int)
    return _numbers(eg.reference, labels)


def _numbers(doc: Doc, labels: Sequence[str]) -> NDArray[numpy.int64]:
    iob, types = doc.to_array([ENT_IOB, ENT_TYPE]).reshape(-1, 2).T
    # spaCy's codes: 0 nobody annotated, 1 inside, 2 outside, 3 begin.
    found = numpy.where(iob == 0, UNKNOWN, numpy.where(iob == 2, tags.OUTSIDE, UNKNOWN_LABEL))
    entity = (iob == 1) | (iob == 3)
    for index, label in enumerate(labels) if entity.any() else ():
        own = entity & (types == doc.vocab.strings[label])
        found[own] = numpy.where(iob[own] == 3, tags.begin(index), tags.inside(index))
    return found


def _same_words(eg: Example) -> bool:
    x, y = eg.predicted, eg.reference
    return len(x) == len(y) and numpy.array_equal(x.to_array(ORTH), y.to_array(ORTH))


def _written(iob: str, label: str) -> str | None:
    return (f"{iob}-{label}" if label else iob) or None
