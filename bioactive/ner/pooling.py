"""Word vectors out of the states of word pieces: which word a piece belongs to, and sums over a word's pieces."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple, cast

import numpy
import torch
from numpy.typing import NDArray
from spacy.tokens import Doc

Index = NDArray[numpy.int64]


class Stretch(NamedTuple):
    """A run of word pieces of one Doc: index of the Doc, first piece and end."""

    doc: int
    start: int
    end: int


class Owners:
    """Which words the pieces of some texts belong to: pairs of a word and a piece, ordered by piece.

    Words and pieces are counted over all the texts. A piece belongs to every word it shares a character with; white
    space between words belongs to none.

    docs (Sequence[Doc]): The texts.
    offsets (Sequence[Sequence[tuple[int, int]]]): Start and end of each piece of each text.
    """

    def __init__(self, docs: Sequence[Doc], offsets: Sequence[Sequence[tuple[int, int]]]) -> None:
        # The texts are laid end to end, so that one search serves them all.
        lengths, spaces = numpy.concatenate([doc.to_array(["LENGTH", "SPACY"]) for doc in docs]).astype("int64").T
        word_ends = numpy.cumsum(lengths + spaces) - spaces
        word_starts = word_ends - lengths
        n_pieces = [len(pieces) for pieces in offsets]
        flat = numpy.fromiter(chain.from_iterable(chain.from_iterable(offsets)), "int64", 2 * sum(n_pieces))
        self.first_words = numpy.cumsum([0, *map(len, docs)])[:-1]
        text_starts = numpy.append(0, numpy.cumsum(lengths + spaces))[self.first_words]
        starts, ends = flat.reshape(-1, 2).T + numpy.repeat(text_starts, n_pieces)
        first = numpy.searchsorted(word_ends, starts, side="right")
        shared = numpy.searchsorted(word_starts, ends, side="left") - first
        shared = numpy.where(ends > starts, shared.clip(0), 0)
        self.pieces = numpy.repeat(numpy.arange(len(shared)), shared)
        self.words = numpy.repeat(first - numpy.cumsum(shared) + shared, shared) + numpy.arange(len(self.pieces))
        self.counts = numpy.bincount(self.words, minlength=len(lengths)).astype("float32")
        self.first_pieces = numpy.cumsum([0, *n_pieces])[:-1]

    def bags(self, batch: Sequence[Stretch], kept: Sequence[range], longest: int) -> tuple[Index, Index, Index]:
        """The pieces of each word that a batch of stretches gives states for.

        batch (Sequence[Stretch]): The stretches.
        kept (Sequence[range]): The pieces of each one's text whose states are taken from it.
        longest (int): Rows of states from one stretch to the next.
        RETURNS (tuple[Index, Index, Index]): Words, ascending; rows of their pieces, a stretch's first piece having
            row 0 of the stretch, word after word; place of each word's first row among them.
        """
        bases = self.first_pieces[[stretch.doc for stretch in batch]]
        first, last = numpy.searchsorted(self.pieces, [[k.start for k in kept] + bases, [k.stop for k in kept] + bases])
        pairs = numpy.concatenate([numpy.arange(*ends) for ends in zip(first, last, strict=True)])
        shifts = numpy.arange(len(batch)) * longest - bases - [stretch.start for stretch in batch]
        rows = self.pieces[pairs] + numpy.repeat(shifts, last - first)
        order = numpy.argsort(self.words[pairs], kind="stable")
        words, places = numpy.unique(self.words[pairs][order], return_index=True)
        return words, rows[order], places


def sums_of(states: Sequence[torch.Tensor], rows: Index, bags: Index) -> NDArray[numpy.float32]:
    """Sums of rows of states, the layers side by side: a bag goes from its place among the rows to the next one's."""
    at, places = (torch.from_numpy(index.astype("int64", copy=False)).to(states[0].device) for index in (rows, bags))
    flat = (layer.flatten(0, 1).float() for layer in states)
    summed = [torch.nn.functional.embedding_bag(at, layer, places, mode="sum") for layer in flat]
    return cast("NDArray[numpy.float32]", torch.cat(summed, dim=-1).cpu().numpy())
