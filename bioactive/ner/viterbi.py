"""The best tag sequences of a lattice."""

from __future__ import annotations

import torch
from torch import Tensor

from .lattice import FORBIDDEN, Lattice


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
    return steps.masked_fill(~lattice.is_word(), 0.0).sum(dim=1)


def viterbi(lattice: Lattice) -> tuple[Tensor, Tensor]:
    """The best path of each sentence: its score [B] and its tag numbers [B, L], zero past the end."""
    scores, paths = k_best(lattice, 1)
    return scores[:, 0], paths[:, 0]


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


def runner_up(lattice: Lattice, best: Tensor) -> Tensor:
    """Score of the second-best path of each sentence, without looking for the path.

    Any other path has another tag at some word, so that the second best is the best of all paths through a word and a
    tag that the best one does not take there: two passes instead of a search with two paths a cell.

    best (Tensor): Tag numbers of the best paths, [B, L], as `viterbi` gives them.
    RETURNS (Tensor): [B]; -inf where there is no second legal path.
    """
    if lattice.emissions.shape[1] == 0:
        return lattice.emissions.new_full(lattice.lengths.shape, -torch.inf)
    through = _best_into(lattice) + _best_out_of(lattice)  # [B, L, K]
    other = through.scatter(2, best[:, :, None], -torch.inf).amax(-1).masked_fill(~lattice.is_word(), -torch.inf)
    scores = other.amax(-1)
    return scores.masked_fill(scores < FORBIDDEN / 2, -torch.inf)


def _best_into(lattice: Lattice) -> Tensor:
    """Score of the best path beginning that ends in each tag at each word, [B, L, K]."""
    arrivals = lattice.transitions[:-1].T.contiguous()
    steps = [lattice.transitions[-1] + lattice.emissions[:, 0]]
    for t in range(1, lattice.emissions.shape[1]):
        steps.append((steps[-1][:, None, :] + arrivals).amax(2) + lattice.emissions[:, t])
    return torch.stack(steps, dim=1)


def _best_out_of(lattice: Lattice) -> Tensor:
    """Score of the best path ending after each tag at each word, [B, L, K]; zero at the last word and past it."""
    steps = [torch.zeros_like(lattice.emissions[:, 0])]
    for t in range(lattice.emissions.shape[1] - 1, 0, -1):
        ahead = lattice.transitions[:-1] + (lattice.emissions[:, t] + steps[-1])[:, None, :]
        steps.append(ahead.amax(2).masked_fill((t >= lattice.lengths)[:, None], 0.0))
    return torch.stack(steps[::-1], dim=1)


def _k_best_scores(lattice: Lattice, k: int) -> tuple[Tensor, list[Tensor]]:
    """Best scores of the k paths into each tag, [B, K, k], and for each later word where they came from."""
    batch, length, n_tags = lattice.emissions.shape
    best = lattice.emissions.new_full((batch, n_tags, k), 2 * FORBIDDEN)
    best[:, :, 0] = lattice.transitions[-1] + lattice.emissions[:, 0]
    stay = torch.arange(n_tags * k, device=best.device).view(1, n_tags, k)
    arrivals = lattice.transitions[:-1].T.contiguous()
    pointers = []
    for t in range(1, length):
        scores, source = _arrive(best, arrivals, k)
        is_word = (t < lattice.lengths)[:, None, None]
        best = torch.where(is_word, scores + lattice.emissions[:, t, :, None], best)
        pointers.append(torch.where(is_word, source, stay))
    return best, pointers


def _arrive(best: Tensor, arrivals: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """The k best ways into each tag: scores and cells (tag * k + rank) that they come from, [B, K, k] each.

    arrivals (Tensor): Score of moving to tag i from tag j, [K, K].
    """
    if k == 1:  # topk is several times as slow
        scores, source = (best[:, None, :, 0] + arrivals).max(dim=2, keepdim=True)
        return scores, source
    # [B, 1, K from, k] + [1, K to, K from, 1]
    into = best[:, None, :, :] + arrivals[None, :, :, None]
    found, cells = into.flatten(2).topk(k, dim=2)
    return found, cells


def _follow(pointers: list[Tensor], last: Tensor, lengths: Tensor, n_tags: int, k: int) -> Tensor:
    """Walk the back pointers from the last cells to the start; a cell is tag * k + rank."""
    cells = [last]
    for pointer in reversed(pointers):
        cells.append(pointer.flatten(1).gather(1, cells[-1]))
    paths = torch.stack(cells[::-1], dim=2) // k  # [B, k, L]
    positions = torch.arange(paths.shape[2], device=paths.device)
    return paths.masked_fill((positions >= lengths[:, None])[:, None, :], 0)
