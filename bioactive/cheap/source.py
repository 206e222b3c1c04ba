"""What all sources of cheap labels have in common, and how their labels come on Docs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import tee
from typing import Protocol

from spacy.tokens import Doc

from ..corpus.align import CharSpan
from ..corpus.tally import Tally
from .origin import Origin, now, set_cheap

LEFT_OUT = "texts that the source did not answer for, left out"


class Source(Protocol):
    """A source of labels.

    name (str): Kind and name, as `Origin.name` has it.
    version (str): What tells this state of it from any other.
    """

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str: ...

    def spans(self, docs: Iterable[Doc], tally: Tally) -> Iterator[list[CharSpan] | None]:
        """The entities of each text, in order; None for a text that the source does not answer for.

        docs (Iterable[Doc]): Tokenised Docs, which stay as they are.
        tally (Tally): Gets the counts of what was dropped.
        """


def label(source: Source, docs: Iterable[Doc], tally: Tally, when: str | None = None) -> Iterator[Doc]:
    """Label Docs by a source.

    source (Source): The source.
    docs (Iterable[Doc]): Tokenised Docs; they are changed.
    tally (Tally): Gets the counts of what was dropped.
    when (str | None): Time to note; now by default.
    YIELDS (Doc): The Docs that the source answers for, with labels and their origins.
    """
    origin = Origin(source.name, source.version, when or now())
    asked, given = tee(docs)
    for doc, found in zip(given, source.spans(asked, tally), strict=True):
        if found is None:
            tally.add(LEFT_OUT, doc.text[:60])
        else:
            yield set_cheap(doc, found, origin, tally)
