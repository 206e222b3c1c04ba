"""The BIO tag scheme: which tags exist, which moves between them are legal, and tags to spans and back.

Tag 0 is "O"; label number n owns the tags 2n + 1 ("B-") and 2n + 2 ("I-").
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from .errors import error

OUTSIDE = 0


class TagSpan(NamedTuple):
    """A labelled run of tokens: `start` and `end` are token indices within the sequence, `end` is exclusive."""

    start: int
    end: int
    label: str


def tags_for(labels: Sequence[str]) -> list[str]:
    """All tags of a label set, in the order of the model's outputs.

    labels (Sequence[str]): Entity labels, in order.
    RETURNS (list[str]): "O", then "B-x" and "I-x" for each label x; 2 * len(labels) + 1 tags.
    """
    tags = ["O"]
    for label in labels:
        if not label or any(char.isspace() for char in label):
            raise error("B003", label=label)
        tags += [f"B-{label}", f"I-{label}"]
    return tags


def begin(label_index: int) -> int:
    """The tag number of "B-x", for the label with this index."""
    return 2 * label_index + 1


def inside(label_index: int) -> int:
    """The tag number of "I-x", for the label with this index."""
    return 2 * label_index + 2


def label_of(tag: int) -> int:
    """The index of the label that owns a tag number; -1 for "O"."""
    return (tag - 1) // 2 if tag else -1


def is_begin(tag: int) -> bool:
    """Whether a tag number is a "B-" tag."""
    return tag % 2 == 1


def can_follow(previous: int | None, tag: int) -> bool:
    """Whether a tag may follow another in legal BIO.

    previous (int | None): Tag number of the word before; None at the start of the sequence.
    tag (int): Tag number of the word.
    RETURNS (bool): False only for an "I-x" that follows neither "B-x" nor "I-x".
    """
    if tag == OUTSIDE or is_begin(tag):
        return True
    return previous is not None and previous != OUTSIDE and label_of(previous) == label_of(tag)


def split_tag(tag: str) -> tuple[str, str]:
    """Cut a written tag into prefix and label: "B-DNA" -> ("B", "DNA"), "O" -> ("O", "").

    RAISES (BioactiveError): B001 when it is neither "O" nor "B-..." nor "I-...".
    """
    if tag == "O":
        return "O", ""
    prefix, dash, label = tag.partition("-")
    if prefix not in ("B", "I") or not dash or not label:
        raise error("B001", tag=tag)
    return prefix, label


def spans_from_tags(tags: Iterable[str]) -> list[TagSpan]:
    """Read the spans out of a BIO sequence; an "I-x" that continues nothing opens a span of its own.

    tags (Iterable[str]): Written tags, one a token.
    RETURNS (list[TagSpan]): The spans in order.
    """
    spans: list[TagSpan] = []
    start, label, position = 0, "", -1
    for position, tag in enumerate(tags):
        prefix, tag_label = split_tag(tag)
        if label and (prefix != "I" or tag_label != label):
            spans.append(TagSpan(start, position, label))
            label = ""
        if prefix != "O" and not label:
            start, label = position, tag_label
    if label:
        spans.append(TagSpan(start, position + 1, label))
    return spans


def tags_from_spans(spans: Iterable[tuple[int, int, str]], length: int) -> list[str]:
    """Write flat spans as a BIO sequence.

    spans (Iterable[tuple[int, int, str]]): Start, end (exclusive) and label, in tokens.
    length (int): Number of tokens.
    RETURNS (list[str]): One tag a token.
    RAISES (BioactiveError): B002 when two spans overlap.
    """
    tags = ["O"] * length
    last: tuple[int, int, str] = (0, 0, "")
    for span in sorted(spans):
        start, end, label = span
        if start < last[1]:
            raise error("B002", first=tuple(last), second=tuple(span))
        tags[start:end] = [f"B-{label}"] + [f"I-{label}"] * (end - start - 1)
        last = span
    return tags
