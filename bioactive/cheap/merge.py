"""Cheap and expert rows in one training set: cheap ones are trusted in part, count less, and leave for an expert's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from spacy.tokens import Doc, Span

from ..errors import error
from ..evaluation.pairs import unlabelled_copy
from ..ner.gold import ENTITY_WORDS, WEIGHT

TRUST = ("all", "entities", "words")


@dataclass(frozen=True)
class Trust:
    """What is believed of a cheap row.

    what (str): "all": it is right, also where it says that there is no entity. "entities": its entities are right, of
        other words nothing is known. "words": the words of its entities have that type, wherever an entity begins and
        ends; of other words nothing is known. Lists of terms are precise and miss much, so the last two suit them.
    weight (float): How often a cheap row counts in the loss, where an expert row counts once.
    """

    what: str = "words"
    weight: float = 1.0

    def __post_init__(self) -> None:
        if self.what not in TRUST:
            raise error("B552", what=self.what, known=", ".join(TRUST))


@dataclass(frozen=True)
class CheapAndExpert:
    """A training set.

    docs (list[Doc]): The expert rows, then the cheap ones that are left.
    cheap (int): Cheap rows among them.
    replaced (int): Cheap rows that gave way to an expert row of the same text.
    """

    docs: list[Doc]
    cheap: int
    replaced: int


def merge(
    cheap: Iterable[Doc], expert: Sequence[Doc], trust: Trust, outside: Mapping[str, Iterable[int]] | None = None
) -> CheapAndExpert:
    """Put cheap rows beside expert rows.

    A cheap row leaves when an expert has answered for every word of its text. Where some words are answered, it keeps
    quiet about these, and about entities that touch them.

    cheap (Iterable[Doc]): Rows with labels in `doc.ents`.
    expert (Sequence[Doc]): Rows with gold labels, on all words or on some.
    trust (Trust): What is believed of the cheap rows.
    outside (Mapping | None): By text, words (token indices) of cheap rows that are in no entity by another witness.
    RETURNS (CheapAndExpert): The training set; the Docs given are left as they are.
    """
    known: dict[str, list[Doc]] = {}
    for doc in expert:
        known.setdefault(doc.text, []).append(doc)
    kept, replaced = [], 0
    for doc in cheap:
        answered = answered_chars(known.get(doc.text, ()))
        if len(doc) and all(token.idx in answered for token in doc):
            replaced += 1
        else:
            kept.append(trusted(doc, trust, answered, (outside or {}).get(doc.text, ())))
    return CheapAndExpert([*expert, *kept], len(kept), replaced)


def answered_chars(docs: Iterable[Doc]) -> set[int]:
    """Offsets of the characters in annotated words of Docs of one text."""
    return {i for doc in docs for token in doc if token.ent_iob for i in range(token.idx, token.idx + len(token))}


def trusted(doc: Doc, trust: Trust, answered: Iterable[int] = (), outside: Iterable[int] = ()) -> Doc:
    """A cheap row as it is trained on.

    doc (Doc): The row; it is left as it is.
    trust (Trust): What is believed of it.
    answered (Iterable[int]): Characters that an expert has answered for: of their words it says nothing.
    outside (Iterable[int]): Words (token indices) that are in no entity by another witness; those in an entity of the
        row are not counted.
    RETURNS (Doc): A copy, with the row's id and origin, and the weight in `user_data`.
    """
    quiet = set(answered)
    copy = unlabelled_copy(doc, doc.vocab)
    copy.user_data.update({**doc.user_data, WEIGHT: trust.weight})
    silent = {token.i for token in doc if token.ent_iob == 0 or token.idx in quiet}
    ents = [Span(copy, ent.start, ent.end, ent.label_) for ent in doc.ents if not silent & {*range(ent.start, ent.end)}]
    inside = {i for ent in doc.ents for i in range(ent.start, ent.end)}
    believed = {*range(len(doc))} if trust.what == "all" else set(outside)
    missing = [copy[i : i + 1] for i in range(len(doc)) if i in silent or i in inside or i not in believed]
    if trust.what == "words":
        copy.spans[ENTITY_WORDS] = ents
        ents = []
    copy.set_ents(ents, missing=_apart(missing, ents), default="outside")
    return copy


def _apart(missing: Iterable[Span], ents: Sequence[Span]) -> list[Span]:
    """The spans of single words that are in none of the entities."""
    taken = {i for ent in ents for i in range(ent.start, ent.end)}
    return [span for span in missing if span.start not in taken]
