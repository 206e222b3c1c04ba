"""The entities in legal tag sequences, found for a whole batch at once."""

from __future__ import annotations

import numpy
from torch import Tensor

from ..tags import OUTSIDE
from .lattice import SpanQuery


def spans_of(paths: Tensor, lengths: Tensor) -> list[SpanQuery]:
    """The entities in tag sequences, as spans that a lattice can be asked for.

    paths (Tensor): Tag numbers of legal BIO sequences, [B, L]; anything past the end.
    lengths (Tensor): Words of each sequence, [B].
    RETURNS (list[SpanQuery]): In order, sequence by sequence.
    """
    given = paths.cpu().numpy()
    is_word = numpy.arange(given.shape[1]) < lengths.cpu().numpy()[:, None]
    # A word more a row, so that each entity ends before its row does.
    found = numpy.pad(numpy.where(is_word, given, OUTSIDE), ((0, 0), (0, 1)))
    # Odd numbers are "B-" tags, the number after one is its "I-". In a legal sequence an "I-" continues its own label.
    begins = found % 2 == 1
    row, start = numpy.nonzero(begins)
    stops = numpy.flatnonzero(begins | (found == OUTSIDE))
    after = numpy.searchsorted(stops, row * found.shape[1] + start, side="right")
    end = stops[after] - row * found.shape[1]
    tag = found[row, start]
    queries = numpy.stack([row, start, end, tag, tag + 1], axis=1)
    return [SpanQuery(*query) for query in queries.tolist()]
