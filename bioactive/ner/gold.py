"""What an Example says about the words of its predicted Doc."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy
from numpy.typing import NDArray
from spacy.symbols import ENT_IOB, ENT_TYPE, ORTH
from spacy.tokens import Doc, Span
from spacy.training import Example

from .. import tags
from ..errors import error

UNKNOWN = -1
UNKNOWN_LABEL = -2
# `doc.user_data["weight"]`: how often a Doc counts in the loss.
WEIGHT = "weight"
# `doc.spans["entity_words"]`: each word in these spans is in an entity of the span's type, whose edges are not known.
ENTITY_WORDS = "entity_words"


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


def allowed_tags(eg: Example, labels: Sequence[str], name: str) -> NDArray[numpy.bool_]:
    """The tags that each word of the predicted Doc may have, by all that the gold Doc says.

    eg (Example): The Example.
    labels (Sequence[str]): The labels, in the order of the tags.
    name (str): What the component is called in a message.
    RETURNS (NDArray[bool]): [L, K].
    RAISES (BioactiveError): B203 for a gold label that is none of these.
    """
    numbers = gold_numbers(eg, labels)
    allowed = numpy.ones((len(numbers), 2 * len(labels) + 1), dtype=bool)
    if (numbers == UNKNOWN_LABEL).any():
        tag = gold_tags(eg)[int((numbers == UNKNOWN_LABEL).argmax())] or ""
        raise error("B203", name=name, label=tag[2:], labels=", ".join(labels))
    for span in entity_words(eg):
        if span.label_ not in labels:
            raise error("B203", name=name, label=span.label_, labels=", ".join(labels))
        index = labels.index(span.label_)
        # Words that have a tag of their own keep it.
        inner = span.start + numpy.flatnonzero(numbers[span.start : span.end] == UNKNOWN)
        allowed[inner] = False
        allowed[inner, tags.begin(index) : tags.inside(index) + 1] = True
    for word in _words_after_entities(eg, numbers):
        allowed[word, tags.inside(tags.label_of(numbers[word - 1]))] = False
    (words,) = numpy.nonzero(numbers >= 0)
    allowed[words] = False
    allowed[words, numbers[words]] = True
    return allowed


def _words_after_entities(eg: Example, numbers: NDArray[numpy.int64]) -> NDArray[numpy.int64]:
    """The words that nobody annotated right after an annotated entity: its end is known, so they do not continue it.

    eg (Example): The Example.
    numbers (NDArray[int64]): From `gold_numbers`, [L].
    RETURNS (NDArray[int64]): Indices of these words.
    """
    ends = numbers > tags.OUTSIDE
    if not _same_words(eg):
        # A tag that fits no word may hide a part of the entity.
        ends &= [tag is not None and tag[:2] in ("U-", "L-") for tag in eg.get_aligned_ner()]
    return 1 + numpy.flatnonzero(ends[:-1] & (numbers[1:] == UNKNOWN))


def _same_words(eg: Example) -> bool:
    x, y = eg.predicted, eg.reference
    return len(x) == len(y) and numpy.array_equal(x.to_array(ORTH), y.to_array(ORTH))


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
