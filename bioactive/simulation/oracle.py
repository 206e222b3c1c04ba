"""A gold corpus that answers questions, and counts what the answers cost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from spacy.tokens import Doc, Span

from bioactive.active.costs import Cost
from bioactive.active.stretches import word_tokens


class Oracle:
    """Answers from gold, and remembers what was asked.

    golds (Sequence[Doc]): The gold Docs; flat entities. Words without gold are never asked about.
    """

    def __init__(self, golds: Sequence[Doc]) -> None:
        self.golds = list(golds)
        self.tokens = [word_tokens(doc) for doc in self.golds]
        self.entities = [[(ent.start, ent.end, ent.label_) for ent in doc.ents] for doc in self.golds]
        self.lengths = [len(tokens) for tokens in self.tokens]
        # Words: what may be asked, and what has been.
        self.free = [
            np.fromiter((doc[int(i)].ent_iob != 0 for i in tokens), dtype=bool, count=len(tokens))
            for doc, tokens in zip(self.golds, self.tokens, strict=True)
        ]
        self.known = [np.zeros(length, dtype=bool) for length in self.lengths]
        # A text without the name of a document is one by itself.
        self.documents = [doc.user_data.get("doc_id", number) for number, doc in enumerate(self.golds)]
        self.opened: set[Any] = set()
        self.bounds = [
            [(int(np.searchsorted(tokens, s)), int(np.searchsorted(tokens, e))) for s, e, _ in entities]
            for tokens, entities in zip(self.tokens, self.entities, strict=True)
        ]

    def open_words(self, text: int) -> np.ndarray:
        """The words of a text that may still be asked about, [L], bool."""
        return np.asarray(self.free[text] & ~self.known[text])

    def ask(self, text: int, stretches: Iterable[tuple[int, int]]) -> Cost:
        """Answer a task about some stretches of a text.

        text (int): Its number.
        stretches (Iterable[tuple[int, int]]): In words, [start, end). An entity across an edge extends the stretch.
        RETURNS (Cost): Of this answer; words that were known cost nothing.
        """
        before = self.known[text]
        wanted = np.zeros_like(before)
        for start, end in stretches:
            wanted[start:end] = True
        wanted &= self.open_words(text)
        if not wanted.any():
            return Cost()
        answered = wanted.copy()
        for start, end in self.bounds[text]:
            if wanted[start:end].any():
                answered[start:end] = True
        answered &= ~before
        self.known[text] = before | answered
        words, document = int(answered.sum()), self.documents[text]
        new = document not in self.opened
        self.opened.add(document)
        return Cost(
            questions=1,
            sentences=int(not before.any()),
            words=words,
            extended=words - int(wanted.sum()),
            context=self.lengths[text] - words,
            entities=sum(bool(answered[start:end].any()) for start, end in self.bounds[text]),
            documents=int(new),
        )

    def ask_all(self, text: int) -> Cost:
        """Answer a task about a whole text."""
        return self.ask(text, [(0, self.lengths[text])])

    def counts(self) -> dict[str, int]:
        """Entities among the answers, by type; types without any are there too."""
        found = dict.fromkeys(sorted({label for entities in self.entities for _, _, label in entities}), 0)
        for known, entities, bounds in zip(self.known, self.entities, self.bounds, strict=True):
            for (_, _, label), (first, _) in zip(entities, bounds, strict=True):
                found[label] += int(known[first])
        return found

    @property
    def words_known(self) -> int:
        """Words that have an answer."""
        return sum(int(known.sum()) for known in self.known)

    def answered(self) -> list[int]:
        """Numbers of the texts of which something is known."""
        return [text for text, known in enumerate(self.known) if known.any()]

    def training_doc(
        self, text: int, guesses: Sequence[tuple[int, int, str]] = (), sure: np.ndarray | None = None
    ) -> Doc:
        """What is known of a text, as a Doc to train on; other words are not annotated.

        text (int): Its number.
        guesses (Sequence): Entities (first word, end, label) to take in beside the answers, on words that are `sure`.
        sure (np.ndarray | None): Words that a pipeline is trusted about, [L], bool.
        RETURNS (Doc): On the gold tokens, with the vocabulary of the gold Doc.
        """
        gold, tokens, known = self.golds[text], self.tokens[text], self.known[text]
        doc = Doc(gold.vocab, words=[token.text for token in gold], spaces=[bool(token.whitespace_) for token in gold])
        told = known if sure is None else known | sure
        pairs = zip(self.entities[text], self.bounds[text], strict=True)
        ents = [Span(doc, start, end, label) for (start, end, label), (first, _) in pairs if known[first]]
        ents += [Span(doc, int(tokens[first]), int(tokens[end - 1]) + 1, label) for first, end, label in guesses]
        inside = np.zeros(len(doc), dtype=bool)
        for ent in ents:
            inside[ent.start : ent.end] = True
        missing = [doc[int(i) : int(i) + 1] for i, has in zip(tokens, told, strict=True) if not has and not inside[i]]
        doc.set_ents(ents, missing=missing, default="outside")
        return doc

    def wrong(self, text: int, guesses: Sequence[tuple[int, int, str]], sure: np.ndarray) -> int:
        """How many sure words of a text have another gold tag than the guess says.

        text, guesses, sure: As in `training_doc`.
        RETURNS (int): Words whose tag, B- and I- apart, is wrong.
        """
        return int((sure & (self._gold_tags(text) != self._tags(text, guesses))).sum())

    def accuracy(self, text: int, tags: Sequence[str]) -> float:
        """How many words of a text have the tag that gold gives them: what no strategy can know.

        text (int): Its number.
        tags (Sequence[str]): A tag a word, [L].
        RETURNS (float): In [0, 1]; 1.0 for a text without words.
        """
        return float((self._gold_tags(text) == np.array(tags, dtype=object)).mean()) if len(tags) else 1.0

    def _gold_tags(self, text: int) -> np.ndarray:
        pairs = zip(self.bounds[text], self.entities[text], strict=True)
        return self._tags(text, [(first, end, label) for (first, end), (_, _, label) in pairs])

    def _tags(self, text: int, entities: Iterable[tuple[int, int, str]]) -> np.ndarray:
        tags = np.full(self.lengths[text], "O", dtype=object)
        for first, end, label in entities:
            tags[first:end] = f"I-{label}"
            tags[first] = f"B-{label}"
        return tags
