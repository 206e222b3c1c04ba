"""Exact inference in a linear-chain conditional random field (Lafferty, McCallum and Pereira 2001), in torch only.

A lattice scores every tag sequence of a sentence: the sum of an emission a word and a transition a neighbouring pair.
Everything below works in log space, on a padded batch, without looking at the padding. Shapes: B sentences,
L words at the most, K tags.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from torch import Tensor

# Finite, so that no gradient is ever inf - inf; exp(FORBIDDEN) is exactly zero in float32 and float64.
FORBIDDEN = -1e5
# A probability this close to one leaves no room to move away from; the loss of a rejected span is capped there.
LARGEST_LOG_PROB = -1e-6


@dataclass
class Lattice:
    """The potentials of a batch of sentences.

    emissions (Tensor): Score of each tag for each word, [B, L, K]; what stands past a sentence's length is ignored.
    lengths (Tensor): Number of words of each sentence, [B], int64, on the same device.
    transitions (Tensor): Score of moving from tag i to tag j, [K + 1, K], or one such matrix a sentence for
        log Z; row K is the start of the sentence.
    """

    emissions: Tensor
    lengths: Tensor
    transitions: Tensor

    def scaled(self, temperature: float) -> Lattice:
        """The same lattice at a temperature: potentials divided by it, so that 1.0 changes nothing."""
        return replace(self, emissions=self.emissions / temperature, transitions=self.transitions / temperature)


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


def forward_scores(lattice: Lattice) -> Tensor:
    """Log-sum of all path beginnings that end in each tag at each word.

    RETURNS (Tensor): [B, L, K]; past a sentence's end its last real row is repeated.
    """
    moves = lattice.transitions[..., :-1, :]
    alpha = lattice.transitions[..., -1, :] + lattice.emissions[:, 0]  # [B, K]
    steps = [alpha]
    for t in range(1, lattice.emissions.shape[1]):
        reached = torch.logsumexp(alpha[:, :, None] + moves, dim=1) + lattice.emissions[:, t]
        alpha = torch.where((t < lattice.lengths)[:, None], reached, alpha)
        steps.append(alpha)
    return torch.stack(steps, dim=1)


def backward_scores(lattice: Lattice) -> Tensor:
    """Log-sum of all path endings that leave each tag at each word; zero at a sentence's last word.

    RETURNS (Tensor): [B, L, K]; zero past a sentence's end.
    """
    moves = lattice.transitions[:-1]
    beta = torch.zeros_like(lattice.emissions[:, 0])  # [B, K]
    steps = [beta]
    for t in range(lattice.emissions.shape[1] - 1, 0, -1):
        ahead = (lattice.emissions[:, t] + beta)[:, None, :]
        left = torch.logsumexp(moves + ahead, dim=2)
        beta = torch.where((t < lattice.lengths)[:, None], left, beta)
        steps.append(beta)
    return torch.stack(steps[::-1], dim=1)


def log_partition(lattice: Lattice) -> Tensor:
    """log Z: the log-sum of the scores of all paths.

    RETURNS (Tensor): [B]; zero for a sentence without words. Differentiable.
    """
    if lattice.emissions.shape[1] == 0:
        return lattice.emissions.new_zeros(lattice.emissions.shape[0])
    total = torch.logsumexp(forward_scores(lattice)[:, -1], dim=-1)
    return torch.where(lattice.lengths > 0, total, torch.zeros_like(total))


def path_score(lattice: Lattice, paths: Tensor) -> Tensor:
    """Score of one tag sequence a sentence.

    paths (Tensor): Tag numbers, [B, L], int64; anything past the end.
    RETURNS (Tensor): [B].
    """
    batch, length, n_tags = lattice.emissions.shape
    if length == 0:
        return lattice.emissions.new_zeros(batch)
    start = paths.new_full((batch, 1), n_tags)
    before = torch.cat([start, paths[:, :-1]], dim=1)
    steps = lattice.emissions.gather(2, paths[:, :, None])[:, :, 0] + lattice.transitions[before, paths]
    return steps.masked_fill(~_is_word(lattice), 0.0).sum(dim=1)


def marginals(lattice: Lattice) -> Tensor:
    """Probability of each tag at each word, over all paths.

    RETURNS (Tensor): [B, L, K]; each word's row sums to one, zero past the end.
    """
    if lattice.emissions.shape[1] == 0:
        return torch.zeros_like(lattice.emissions)
    unary = torch.softmax(forward_scores(lattice) + backward_scores(lattice), dim=-1)
    return unary.masked_fill(~_is_word(lattice)[:, :, None], 0.0)


def pair_marginals(lattice: Lattice) -> Tensor:
    """Probability of each pair of tags at each two neighbouring words, over all paths.

    RETURNS (Tensor): [B, L - 1, K, K]; entry t is the pair of words t and t + 1, zero past the end.
    """
    batch, length, n_tags = lattice.emissions.shape
    if length < 2:
        return lattice.emissions.new_zeros((batch, 0, n_tags, n_tags))
    alpha, beta = forward_scores(lattice), backward_scores(lattice)
    ahead = (lattice.emissions + beta)[:, 1:, None, :]
    joint = alpha[:, :-1, :, None] + lattice.transitions[:-1] + ahead
    pair = torch.softmax(joint.flatten(2), dim=-1).view_as(joint)
    return pair.masked_fill(~_is_word(lattice)[:, 1:, None, None], 0.0)


def sequence_entropy(lattice: Lattice) -> Tensor:
    """Exact entropy of the distribution over tag sequences, in nats: log Z less the expected score of a path.

    RETURNS (Tensor): [B]; zero for a sentence without words.
    """
    if lattice.emissions.shape[1] == 0:
        return lattice.emissions.new_zeros(lattice.emissions.shape[0])
    with torch.enable_grad():
        # d log Z(s * potentials) / ds at s = 1 is the expected score: one backward pass instead of all pairs.
        scale = lattice.emissions.new_ones(lattice.emissions.shape[0], requires_grad=True)
        factor = scale[:, None, None]
        emissions, transitions = lattice.emissions.detach() * factor, lattice.transitions.detach() * factor
        log_z = log_partition(Lattice(emissions, lattice.lengths, transitions))
        (expected,) = torch.autograd.grad(log_z.sum(), scale)
    return (log_z - expected).detach().clamp_min(0.0)


def k_best(lattice: Lattice, k: int) -> tuple[Tensor, Tensor]:
    """The k highest-scoring paths of each sentence, best first (the k-best Viterbi algorithm).

    k (int): How many; at least one.
    RETURNS (tuple[Tensor, Tensor]): Scores [B, k], -inf where a sentence has fewer legal paths, and tag numbers
        [B, k, L], zero past the end.
    """
    batch, length, n_tags = lattice.emissions.shape
    if length == 0:
        scores = lattice.emissions.new_full((batch, k), -torch.inf)
        scores[:, 0] = 0.0
        return scores, torch.zeros((batch, k, 0), dtype=torch.int64, device=scores.device)
    best, pointers = _k_best_scores(lattice, k)
    scores, last = best.flatten(1).topk(k, dim=1)
    paths = _follow(pointers, last, lattice.lengths, n_tags, k)
    # A sentence without words has one path, the empty one.
    empty = lattice.lengths == 0
    scores = scores.masked_fill(scores < FORBIDDEN / 2, -torch.inf).masked_fill(empty[:, None], -torch.inf)
    scores[empty, 0] = 0.0
    return scores, paths


def viterbi(lattice: Lattice) -> tuple[Tensor, Tensor]:
    """The best path of each sentence: its score [B] and its tag numbers [B, L], zero past the end."""
    scores, paths = k_best(lattice, 1)
    return scores[:, 0], paths[:, 0]


def span_log_probs(lattice: Lattice, spans: Sequence[SpanQuery]) -> Tensor:
    """Exact log-probability that each span is an entity with just these edges and this label.

    spans (Sequence[SpanQuery]): Spans within the sentences' lengths.
    RETURNS (Tensor): [len(spans)].
    """
    if not spans:
        return lattice.emissions.new_zeros(0)
    alpha, beta = forward_scores(lattice), backward_scores(lattice)
    log_z = torch.logsumexp(alpha[:, -1], dim=-1)
    rows_of = torch.tensor([span.row for span in spans], device=log_z.device)
    start, end, begin, inside = torch.tensor([span[1:] for span in spans], device=log_z.device).T
    score = alpha[rows_of, start, begin] + _run_score(lattice, rows_of, start, end, begin, inside)
    return score + _leave_score(lattice, beta, rows_of, start, end, begin, inside) - log_z[rows_of]


def loss_and_gradient(
    lattice: Lattice, legal: Tensor, allowed: Tensor, rejected: Sequence[SpanQuery] = ()
) -> tuple[Tensor, Tensor, Tensor]:
    """Negative log-likelihood of a full, partial or rejecting annotation, and its gradient.

    A sentence costs -log P(the paths its annotation allows); a rejected span costs -log(1 - P(span)) within those.
    The gradient is the difference of two posteriors: over all legal paths, and over the paths that remain.

    lattice (Lattice): The potentials, before illegal moves are taken out.
    legal (Tensor): Which moves may be made, [K + 1, K], bool.
    allowed (Tensor): Which tags each word may have, [B, L, K], bool.
    rejected (Sequence[SpanQuery]): Spans that are no entity.
    RETURNS (tuple[Tensor, Tensor, Tensor]): Loss summed over the batch (scalar), its gradient by the emissions
        [B, L, K], and by the transitions [K + 1, K].
    """
    with torch.enable_grad():
        emissions = lattice.emissions.detach().float().requires_grad_()
        transitions = lattice.transitions.detach().float().requires_grad_()
        free = forbid(Lattice(emissions, lattice.lengths, transitions), legal)
        bound = restrict(free, allowed)
        log_bound = log_partition(bound)
        loss = (log_partition(free) - log_bound).sum()
        if rejected:
            index = torch.tensor([span.row for span in rejected], device=emissions.device)
            log_prob = log_partition(_with_span(rows(bound, index), rejected)) - log_bound[index]
            loss = loss - torch.log(-torch.expm1(log_prob.clamp(max=LARGEST_LOG_PROB))).sum()
        d_emissions, d_transitions = torch.autograd.grad(loss, (emissions, transitions))
    return loss.detach(), d_emissions, d_transitions


def _is_word(lattice: Lattice) -> Tensor:
    """Which positions hold a word, [B, L], bool."""
    positions = torch.arange(lattice.emissions.shape[1], device=lattice.lengths.device)
    return positions < lattice.lengths[:, None]


def _k_best_scores(lattice: Lattice, k: int) -> tuple[Tensor, list[Tensor]]:
    """Best scores of the k paths into each tag, [B, K, k], and for each later word where they came from."""
    batch, length, n_tags = lattice.emissions.shape
    best = lattice.emissions.new_full((batch, n_tags, k), 2 * FORBIDDEN)
    best[:, :, 0] = lattice.transitions[-1] + lattice.emissions[:, 0]
    stay = torch.arange(n_tags * k, device=best.device).view(1, n_tags, k)
    pointers = []
    for t in range(1, length):
        # [B, K, 1, k] + [1, K, K, 1]: from tag i, to tag j, the k paths into i.
        into = best[:, :, None, :] + lattice.transitions[:-1][None, :, :, None]
        into = into.permute(0, 2, 1, 3).flatten(2)  # [B, K to, K from * k]
        scores, source = into.topk(k, dim=2)
        is_word = (t < lattice.lengths)[:, None, None]
        best = torch.where(is_word, scores + lattice.emissions[:, t, :, None], best)
        pointers.append(torch.where(is_word, source, stay))
    return best, pointers


def _follow(pointers: list[Tensor], last: Tensor, lengths: Tensor, n_tags: int, k: int) -> Tensor:
    """Walk the back pointers from the last cells to the start; a cell is tag * k + rank."""
    cells = [last]
    for pointer in reversed(pointers):
        cells.append(pointer.flatten(1).gather(1, cells[-1]))
    paths = torch.stack(cells[::-1], dim=2) // k  # [B, k, L]
    positions = torch.arange(paths.shape[2], device=paths.device)
    return paths.masked_fill((positions >= lengths[:, None])[:, None, :], 0)


def _run_score(lattice: Lattice, row: Tensor, start: Tensor, end: Tensor, begin: Tensor, inside: Tensor) -> Tensor:
    """Score of the words of each span after its first one, [N]: one move and one I- emission a word."""
    run = torch.zeros_like(lattice.emissions[row, start, begin])
    previous = begin
    for step in range(1, int((end - start).max())):
        position = start + step
        more = position < end
        at = position.clamp(max=lattice.emissions.shape[1] - 1)
        gain = lattice.transitions[previous, inside] + lattice.emissions[row, at, inside]
        run = run + torch.where(more, gain, torch.zeros_like(gain))
        previous = torch.where(more, inside, previous)
    return run


def _leave_score(
    lattice: Lattice, beta: Tensor, row: Tensor, start: Tensor, end: Tensor, begin: Tensor, inside: Tensor
) -> Tensor:
    """Log-sum of all endings after each span in which it does not go on, [N]; zero at the sentence's end."""
    last = torch.where(end - start > 1, inside, begin)
    at = end.clamp(max=lattice.emissions.shape[1] - 1)
    onward = lattice.transitions[last] + lattice.emissions[row, at] + beta[row, at]  # [N, K]
    onward = onward.scatter(1, inside[:, None], FORBIDDEN)
    leaving = torch.logsumexp(onward, dim=-1)
    return torch.where(end < lattice.lengths[row], leaving, torch.zeros_like(leaving))


def _with_span(lattice: Lattice, spans: Sequence[SpanQuery]) -> Lattice:
    """Keep, in sentence n of the batch, only the paths in which span n is an entity with just these edges."""
    allowed = torch.ones_like(lattice.emissions, dtype=torch.bool)
    for n, span in enumerate(spans):
        allowed[n, span.start : span.end] = False
        allowed[n, span.start, span.begin] = True
        allowed[n, span.start + 1 : span.end, span.inside] = True
        # Past the sentence's end the emissions are ignored, so the next line does no harm there.
        allowed[n, span.end : span.end + 1, span.inside] = False
    return restrict(lattice, allowed)
