"""Russian sentences with their words, heads and case, by the parser that the packages slovnet and natasha ship."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

VECTORS = "emb/navec_news_v1_1B_250K_300d_100q.tar"
SYNTAX = "model/slovnet_syntax_news_v1.tar"
MORPHOLOGY = "model/slovnet_morph_news_v1.tar"


class Word(NamedTuple):
    """A word of a parsed sentence.

    text (str): As written.
    space (bool): Whether white space follows.
    head (int): Index of its head in the sentence; -1 for the root.
    rel (str): Relation to the head, Universal Dependencies.
    pos (str): Part of speech, Universal Dependencies.
    feats (Mapping[str, str]): Such as Case, Number, Gender.
    """

    text: str
    space: bool
    head: int
    rel: str
    pos: str
    feats: Mapping[str, str]


Sentence = tuple[Word, ...]


class Parser:
    """The parser; its models are read at first use. They come with `pip install bioactive[questions]`."""

    def __call__(self, text: str) -> Iterator[Sentence]:
        """Parse a text.

        text (str): A passage.
        YIELDS (Sentence): Each of its sentences.
        """
        from razdel import sentenize, tokenize

        for found in sentenize(text):
            pieces = list(tokenize(found.text))
            if pieces:
                yield self._parsed(found.text, pieces)

    def _parsed(self, text: str, pieces: Sequence[Any]) -> Sentence:
        syntax, morphology = self._models
        words = [piece.text for piece in pieces]
        rows = zip(pieces, syntax(words).tokens, morphology(words).tokens, strict=True)
        return tuple(
            Word(
                piece.text,
                piece.stop < len(text) and text[piece.stop].isspace(),
                int(tree.head_id) - 1,
                tree.rel,
                form.pos,
                form.feats,
            )
            for piece, tree, form in rows
        )

    @cached_property
    def _models(self) -> tuple[Any, Any]:
        from navec import Navec
        from slovnet import Morph, Syntax

        vectors = Navec.load(_data() / VECTORS)
        models = Syntax.load(_data() / SYNTAX), Morph.load(_data() / MORPHOLOGY)
        for model in models:
            model.navec(vectors)
        return models


def _data() -> Path:
    """Where the models lie: in the package natasha, which itself asks for packages that newer Pythons cannot import."""
    found = importlib.util.find_spec("natasha")
    if found is None or not found.submodule_search_locations:
        raise ModuleNotFoundError("No module named 'natasha'", name="natasha")
    return Path(found.submodule_search_locations[0]) / "data"


def subtree(sentence: Sentence, top: int) -> set[int]:
    """Indices of a word and of all that hangs on it."""
    found, pending = {top}, [top]
    while pending:
        parent = pending.pop()
        new = {i for i, word in enumerate(sentence) if word.head == parent} - found
        found |= new
        pending.extend(new)
    return found


def children(sentence: Sentence, top: int) -> list[int]:
    """Indices of the words that hang on a word directly."""
    return [i for i, word in enumerate(sentence) if word.head == top]


def root(sentence: Sentence) -> int | None:
    """Index of the root; None where there is not exactly one."""
    found = [i for i, word in enumerate(sentence) if word.head == -1]
    return found[0] if len(found) == 1 else None
