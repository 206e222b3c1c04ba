"""What a training set holds already, so that a test figure can be told without it."""

from __future__ import annotations

from collections.abc import Iterable

from spacy.tokens import Doc, Span

from .checks import Words
from .sentences import sentences


class Seen:
    """The sentences and document ids of a training set.

    docs (Iterable[Doc]): Its Docs.
    """

    def __init__(self, docs: Iterable[Doc]) -> None:
        self.sentences: set[Words] = set()
        self.ids: set[str] = set()
        for doc in docs:
            if doc.user_data.get("doc_id"):
                self.ids.add(str(doc.user_data["doc_id"]))
            self.sentences.update(map(_words, sentences(doc)))

    def hidden(self, doc: Doc) -> tuple[Doc, int]:
        """A gold Doc in which nobody annotated what the training set holds, so that it counts for nothing.

        doc (Doc): The gold Doc; it stays as it is.
        RETURNS (tuple[Doc, int]): A copy in which the words of known sentences have no annotation (of a document whose id
            is known: all words), and how many sentences that were.
        """
        known = str(doc.user_data.get("doc_id", "")) in self.ids
        sents = [sent for sent in sentences(doc) if (words := _words(sent)) and (known or words in self.sentences)]
        if not sents:
            return doc, 0
        copy = doc.copy()
        covered = {i for sent in sents for i in range(sent.start, sent.end)}
        # An entity that runs across the edge of a known sentence is known in part, and goes as a whole.
        covered.update(i for ent in doc.ents if covered & set(_range(ent)) for i in _range(ent))
        missing = [Span(copy, i, i + 1) for i in sorted(covered)]
        ents = [Span(copy, e.start, e.end, label=e.label) for e in doc.ents if e.start not in covered]
        unknown = [i for i, token in enumerate(doc) if token.ent_iob == 0 and i not in covered]
        copy.set_ents(ents, missing=[*missing, *(Span(copy, i, i + 1) for i in unknown)], default="outside")
        for key, group in doc.spans.items():
            kept = [s for s in group if not covered & set(_range(s))]
            copy.spans[key] = [Span(copy, s.start, s.end, label=s.label) for s in kept]
        return copy, len(sents)


def _words(sent: Span) -> Words:
    return tuple(token.text for token in sent if not token.is_space)


def _range(span: Span) -> range:
    return range(span.start, span.end)
