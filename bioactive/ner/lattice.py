"""The potentials of a batch of tag sequences, and how to take paths out of it.

A lattice scores every tag sequence of a sentence: the sum of an emission a word and a transition a neighbouring pair.
Shapes: B sentences, L words at the most, K tags.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from torch import Tensor

# Finite, so that nothing is ever inf - inf; exp(FORBIDDEN) is exactly zero in float32 and float64.
FORBIDDEN = -1e5


@dataclass
class Lattice:
    """The potentials of a batch of sentences.

    emissions (Tensor): Score of each tag for each word, [B, L, K]; what stands past a sentence's length is ignored.
    lengths (Tensor): Number of words of each sentence, [B], int64, on the same device.
    transitions (Tensor): Score of moving from tag i to tag j, [K + 1, K]; row K is the start of the sentence.
    """

    emissions: Tensor
    lengths: Tensor
    transitions: Tensor

    def scaled(self, temperature: float) -> Lattice:
        """The same lattice at a temperature: potentials divided by it, so that 1.0 changes nothing."""
        return replace(self, emissions=self.emissions / temperature, transitions=self.transitions / temperature)

    def is_word(self) -> Tensor:
        """Which positions hold a word, [B, L], bool."""
        positions = torch.arange(self.emissions.shape[1], device=self.lengths.device)
        return positions < self.lengths[:, None]


class SpanQuery(NamedTuple):
    """A span to ask for: sentence index in the batch, first word, end (exclusive), its B- tag and its I- tag."""

    row: int
    start: int
    end: int
    begin: int
    inside: int


def forbid(lattice: Lattice, legal: Tensor) -> Lattice:
    """Take the illegal moves out of a lattice.

    legal (Tensor): Which moves may be made, [K + 1, K], bool.
    RETURNS (Lattice): Paths with an illegal move have probability zero.
    """
    return replace(lattice, transitions=lattice.transitions.masked_fill(~legal, FORBIDDEN))


def restrict(lattice: Lattice, allowed: Tensor) -> Lattice:
    """Keep only the paths through allowed tags.

    allowed (Tensor): Which tags each word may have, [B, L, K], bool; all true for a word that nobody annotated.
    RETURNS (Lattice): Paths through another tag have probability zero.
    """
    return replace(lattice, emissions=lattice.emissions.masked_fill(~allowed, FORBIDDEN))


def rows(lattice: Lattice, index: Tensor) -> Lattice:
    """The sentences of a batch at the given positions, repeated where a position is."""
    return replace(lattice, emissions=lattice.emissions[index], lengths=lattice.lengths[index])
