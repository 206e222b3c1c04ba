"""Which texts go through an encoder together: little padding, few passes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy
import torch

# A pass costs about as much as this many word pieces on a CPU: weights are read and converted, gradients added up.
PASS_PIECES = 192
# On a GPU the starting of some hundred kernels costs milliseconds, in which it would encode thousands of pieces.
GPU_PASS_PIECES = 4096


def pass_pieces(device: torch.device) -> int:
    """What a pass costs beyond its padded pieces, in pieces."""
    return PASS_PIECES if device.type == "cpu" else GPU_PASS_PIECES


def length_buckets(lengths: Sequence[int], limit: int, pass_pieces: int = PASS_PIECES) -> list[list[int]]:
    """Group texts of about the same length such that padded pieces and passes together cost the least.

    lengths (Sequence[int]): Word pieces of each text, special ones included; at least 1.
    limit (int): Upper bound of padded pieces in a group; a longer text is a group of its own.
    pass_pieces (int): What a group costs beyond its padded pieces, in pieces.
    RETURNS (list[list[int]]): Indices into `lengths`, longest first; each index once.
    """
    order = sorted(range(len(lengths)), key=lambda index: -lengths[index])
    # cheapest[n]: least cost of the n longest texts; start[n]: where the last of their groups begins.
    cheapest = numpy.full(len(order) + 1, numpy.inf)
    cheapest[0] = 0
    start = numpy.zeros(len(order) + 1, dtype="int64")
    for first, index in enumerate(order):
        most = min(max(limit // lengths[index], 1), len(order) - first)
        costs = cheapest[first] + pass_pieces + lengths[index] * numpy.arange(1, most + 1)
        ends = first + 1 + numpy.flatnonzero(costs < cheapest[first + 1 : first + 1 + most])
        cheapest[ends] = costs[ends - first - 1]
        start[ends] = first
    buckets = []
    end = len(order)
    while end:
        buckets.append(order[start[end] : end])
        end = int(start[end])
    return buckets[::-1]
