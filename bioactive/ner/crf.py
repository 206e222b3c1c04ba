"""Exact inference in a linear-chain conditional random field (Lafferty, McCallum and Pereira 2001), in torch only.

What can be asked of a batch of sentences, without looking at the padding: sums over all paths (`trellis.py`), best
paths (`viterbi.py`), and the loss of an annotation with its gradient.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from .lattice import FORBIDDEN, Lattice, SpanQuery, forbid, restrict, rows
from .trellis import Trellis
from .viterbi import k_best, path_score, runner_up, viterbi

__all__ = [
    "FORBIDDEN",
    "Lattice",
    "SpanQuery",
    "Trellis",
    "forbid",
    "k_best",
    "log_partition",
    "loss_and_gradient",
    "marginals",
    "pair_marginals",
    "path_score",
    "restrict",
    "rows",
    "runner_up",
    "sequence_entropy",
    "span_log_probs",
    "viterbi",
]

# A probability this close to one leaves no room to move away from; the loss of a rejected span is capped there.
LARGEST_LOG_PROB = -1e-6


class Loss(NamedTuple):
    """Loss summed over the batch (scalar), its gradient by emissions [B, L, K] and by transitions [K + 1, K]."""

    value: Tensor
    d_emissions: Tensor
    d_transitions: Tensor


def log_partition(lattice: Lattice) -> Tensor:
    """log Z: the log-sum of the scores of all paths, [B]; zero for a sentence without words."""
    return Trellis(lattice).log_z.to(lattice.emissions.dtype)


def marginals(lattice: Lattice) -> Tensor:
    """Probability of each tag at each word over all paths, [B, L, K]; zero past the end."""
    return Trellis(lattice).marginals().to(lattice.emissions.dtype)


def pair_marginals(lattice: Lattice) -> Tensor:
    """Probability of each pair of tags at words t and t + 1, over all paths, [B, L - 1, K, K]; zero past the end."""
    return Trellis(lattice).pair_marginals().to(lattice.emissions.dtype)


def sequence_entropy(lattice: Lattice) -> Tensor:
    """Exact entropy of the distribution over tag sequences in nats, [B]; zero for a sentence without words."""
    return Trellis(lattice).entropy().to(lattice.emissions.dtype)


def span_log_probs(lattice: Lattice, spans: Sequence[SpanQuery]) -> Tensor:
    """Exact log-probability that each span is an entity with just these edges and this label, [len(spans)]."""
    return Trellis(lattice).span_log_probs(spans).to(lattice.emissions.dtype)


def loss_and_gradient(
    lattice: Lattice,
    legal: Tensor,
    allowed: Tensor,
    rejected: Sequence[SpanQuery] = (),
    weights: Tensor | None = None,
) -> Loss:
    """Negative log-likelihood of a full, partial or rejecting annotation, and its gradient.

    A sentence costs -log P(the paths its annotation allows); a rejected span costs -log(1 - P(span)) within those.
    The gradient is the difference of two posteriors: over all legal paths, and over the paths that remain. All the
    path sums that this takes are rows of one batch.

    lattice (Lattice): The potentials, before illegal moves are taken out.
    legal (Tensor): Which moves may be made, [K + 1, K], bool.
    allowed (Tensor): Which tags each word may have, [B, L, K], bool.
    rejected (Sequence[SpanQuery]): Spans that are no entity.
    weights (Tensor | None): How often each sentence counts, [B]; None counts each once.
    """
    n_docs = len(lattice.lengths)
    free = forbid(lattice, legal)
    bound = restrict(free, allowed)
    owner = torch.tensor([span.row for span in rejected], dtype=torch.int64, device=lattice.lengths.device)
    trellis = Trellis(_joined([free, bound, _with_spans(rows(bound, owner), rejected)]))
    log_free, log_bound, log_with = trellis.log_z.split([n_docs, n_docs, len(rejected)])
    log_prob = log_with - log_bound[owner]
    capped = log_prob.clamp(max=LARGEST_LOG_PROB)
    times = torch.ones_like(log_free) if weights is None else weights.to(log_free)
    loss = (times * (log_free - log_bound)).sum() - (times[owner] * torch.log(-torch.expm1(capped))).sum()
    # d -log(1 - p) / d log p = p / (1 - p); none where the loss is capped.
    pull = torch.where(log_prob < LARGEST_LOG_PROB, capped.exp() / -torch.expm1(capped), torch.zeros_like(capped))
    counted = torch.cat([torch.ones_like(log_free), -torch.ones_like(log_bound).index_add(0, owner, pull), pull])
    owners = torch.cat([torch.arange(n_docs).to(owner).repeat(2), owner])
    return _gradient(loss, trellis, counted * times[owners], owners, lattice)


def _gradient(loss: Tensor, trellis: Trellis, weights: Tensor, owner: Tensor, lattice: Lattice) -> Loss:
    """Sum over the rows of a batch: its weight times d log Z, which is the posterior.

    weights, owner (Tensor): What each row counts, and the sentence it belongs to, [rows].
    """
    unary = trellis.marginals()
    d_emissions = torch.zeros_like(lattice.emissions, dtype=unary.dtype)
    d_emissions.index_add_(0, owner, unary * weights[:, None, None])
    d_transitions = trellis.transition_counts(weights, unary)
    dtype = lattice.emissions.dtype
    return Loss(loss.to(dtype), d_emissions.to(dtype), d_transitions.to(dtype))


def _joined(lattices: list[Lattice]) -> Lattice:
    """One batch of the sentences of several that share their transitions."""
    emissions = torch.cat([lattice.emissions for lattice in lattices])
    return Lattice(emissions, torch.cat([lattice.lengths for lattice in lattices]), lattices[0].transitions)


def _with_spans(lattice: Lattice, spans: Sequence[SpanQuery]) -> Lattice:
    """Keep, in sentence n of the batch, only the paths in which span n is an entity with just these edges."""
    allowed = torch.ones_like(lattice.emissions, dtype=torch.bool)
    for n, span in enumerate(spans):
        allowed[n, span.start : span.end] = False
        allowed[n, span.start, span.begin] = True
        allowed[n, span.start + 1 : span.end, span.inside] = True
        # Past the sentence's end the emissions are ignored, so the next line does no harm there.
        allowed[n, span.end : span.end + 1, span.inside] = False
    return restrict(lattice, allowed)
