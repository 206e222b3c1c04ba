"""Sums over all tag sequences of a lattice: one forward-backward pass, from which every probability is read.

The recursions run on scaled probabilities rather than on logarithms (Rabiner 1989, section V.A), so that a step is a
matrix product; in float64, whatever the lattice holds, so that only paths less likely than 1e-308 are lost.
Forward and backward pass are the same recursion, on the sentence and on its mirror image, and run side by side.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from .lattice import Lattice, SpanQuery

TINY = torch.finfo(torch.float64).tiny


class Trellis:
    """The forward-backward sums of a batch of sentences; nothing in here is differentiated.

    lattice (Lattice): The potentials, of any precision.
    """

    def __init__(self, lattice: Lattice) -> None:
        self.lattice = lattice
        self.word = lattice.is_word()  # [B, L]
        self.emissions = lattice.emissions.detach().double()
        self.transitions = lattice.transitions.detach().double()
        self.move_peak = self.transitions[:-1].max()
        self.moves = (self.transitions[:-1] - self.move_peak).exp()  # [K, K]
        # [B, L, K] each: scaled sums of the path beginnings that end here, and of the endings that start here, this
        # word's emission in both; [B, L] each: the logarithms of what they were scaled by.
        self.alpha, self.alpha_log, self.gamma, self.gamma_log = self._run()

    @property
    def log_z(self) -> Tensor:
        """The log-sum of the scores of all paths, [B], float64; zero for a sentence without words."""
        if not self.emissions.shape[1]:
            return self.emissions.new_zeros(len(self.emissions))
        last = (self.lattice.lengths - 1).clamp_min(0)[:, None]
        # The scaled sums of the last word add up to one.
        return self.alpha_log.gather(1, last)[:, 0].masked_fill(self.lattice.lengths == 0, 0.0)

    def marginals(self) -> Tensor:
        """Probability of each tag at each word, [B, L, K], float64; each word's row sums to one, zero past the end."""
        beta = torch.ones_like(self.alpha)
        beta[:, :-1] = torch.where(self.word[:, 1:, None], self.gamma[:, 1:] @ self.moves.T, beta[:, :-1])
        unary = self.alpha * beta
        return (unary / unary.sum(-1, keepdim=True).clamp_min(TINY)).masked_fill(~self.word[:, :, None], 0.0)

    def pair_marginals(self) -> Tensor:
        """Probability of each pair of tags at words t and t + 1, [B, L - 1, K, K], float64; zero past the end."""
        return self._before()[:, :, :, None] * self.moves * self.gamma[:, 1:, None, :]

    def transition_counts(self, weights: Tensor, unary: Tensor) -> Tensor:
        """How often each move is made, summed over the batch, [K + 1, K], float64.

        weights (Tensor): What a sentence counts, [B].
        unary (Tensor): The marginals.
        """
        before = (self._before() * weights[:, None, None]).flatten(0, 1)
        pairs = before.T @ self.gamma[:, 1:].flatten(0, 1) * self.moves
        return torch.cat([pairs, (weights @ unary[:, :1].sum(1))[None]])

    def entropy(self) -> Tensor:
        """Entropy of the distribution over paths in nats, [B], float64: log Z less the expected score of a path."""
        unary = self.marginals()
        score = (unary * self.emissions).sum((1, 2)) + unary[:, :1].sum(1) @ self.transitions[-1]
        onward = self._before() @ (self.moves * self.transitions[:-1])
        score += (onward * self.gamma[:, 1:]).sum((1, 2))
        return (self.log_z - score).clamp_min(0.0)

    def span_log_probs(self, spans: Sequence[SpanQuery]) -> Tensor:
        """Exact log-probability that each span is an entity with just these edges and this label.

        spans (Sequence[SpanQuery]): Spans within the sentences' lengths.
        RETURNS (Tensor): [len(spans)], float64.
        """
        if not spans:
            return self.emissions.new_zeros(0)
        row, start, end, begin, inside = torch.tensor(spans, device=self.emissions.device).T
        score = self.alpha[row, start, begin].log() + self.alpha_log[row, start]
        score = score + self._run_score(row, start, end, begin, inside)
        return score + self._leave_score(row, start, end, begin, inside) - self.log_z[row]

    def _run(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        peaks = self.emissions.amax(-1)  # [B, L]
        gains = (self.emissions - peaks[:, :, None]).exp()
        if not gains.shape[1]:
            return gains, peaks, gains, peaks
        start_peak = self.transitions[-1].max()
        first = gains[:, 0] * (self.transitions[-1] - start_peak).exp()
        mirror = (self.lattice.lengths[:, None] - 1 - torch.arange(gains.shape[1], device=gains.device)).clamp_min(0)
        mirrored = gains.gather(1, mirror[:, :, None].expand_as(gains))
        # [L, 2, B, K]: a step of both directions is one slice.
        gains = torch.stack([gains, mirrored]).permute(2, 0, 1, 3).contiguous()
        gains[0, 0] = first
        states, logs = self._recursion(gains)
        logs[1:] += self.move_peak
        alpha_log = (logs[:, 0].T + peaks).cumsum(1) + start_peak
        gamma_log = (logs[:, 1].T + peaks.gather(1, mirror)).cumsum(1).gather(1, mirror)
        alpha, gamma = states.permute(1, 2, 0, 3)
        return alpha, alpha_log, gamma.gather(1, mirror[:, :, None].expand_as(gamma)), gamma_log

    def _recursion(self, gains: Tensor) -> tuple[Tensor, Tensor]:
        """Scaled sums at each step, [L, 2, B, K], and the logarithms of the scales, [L, 2, B]."""
        both = torch.stack([self.moves, self.moves.T])
        scales = gains.new_empty((*gains.shape[:3], 1))
        state = gains[0]
        for t, gain in enumerate(gains):
            # The gains are overwritten by the sums, as nobody looks at them again.
            state = gain if t == 0 else gain.mul_(torch.bmm(state, both))
            torch.sum(state, -1, keepdim=True, out=scales[t])
            state = state.div_(scales[t].clamp_min_(TINY))
        return gains, scales[..., 0].log()

    def _before(self) -> Tensor:
        """The sums before each pair, scaled so that the pair's probabilities add up to one, [B, L - 1, K]."""
        total = ((self.alpha[:, :-1] @ self.moves) * self.gamma[:, 1:]).sum(-1, keepdim=True)
        return (self.alpha[:, :-1] / total.clamp_min(TINY)).masked_fill(~self.word[:, 1:, None], 0.0)

    def _run_score(self, row: Tensor, start: Tensor, end: Tensor, begin: Tensor, inside: Tensor) -> Tensor:
        """Score of the words of each span after its first one, [N]: one move and one I- emission a word."""
        run = torch.zeros_like(self.alpha_log[row, start])
        previous = begin
        for step in range(1, int((end - start).max())):
            more = start + step < end
            at = (start + step).clamp(max=self.emissions.shape[1] - 1)
            gain = self.transitions[previous, inside] + self.emissions[row, at, inside]
            run = run + gain.masked_fill(~more, 0.0)
            previous = torch.where(more, inside, previous)
        return run

    def _leave_score(self, row: Tensor, start: Tensor, end: Tensor, begin: Tensor, inside: Tensor) -> Tensor:
        """Log-sum of all endings after each span in which it does not go on, [N]; zero at the sentence's end."""
        last = torch.where(end - start > 1, inside, begin)
        at = end.clamp(max=self.emissions.shape[1] - 1)
        onward = (self.moves[last] * self.gamma[row, at]).scatter(1, inside[:, None], 0.0)
        leaving = onward.sum(-1).log() + self.move_peak + self.gamma_log[row, at]
        return leaving.masked_fill(end >= self.lattice.lengths[row], 0.0)
