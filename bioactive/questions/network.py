"""The torch part of the yes/no classifier: words of a question are aligned with words of the passage and compared."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from .lexical import CLUES, PASSAGE_FLAGS, QUESTION_FLAGS


class PairBatch(NamedTuple):
    """Padded pairs, B of them, Q words in the longest question and P in the longest passage.

    question, passage (Tensor): Word vectors, [B, Q, nI] and [B, P, nI].
    question_mask, passage_mask (Tensor): True at words, [B, Q] and [B, P].
    question_flags, passage_flags (Tensor): See `lexical.Lexical`, [B, Q, F] and [B, P, G].
    same (Tensor): Whether two words have one stem, [B, Q, P].
    clues (Tensor): [B, C].
    """

    question: Tensor
    passage: Tensor
    question_mask: Tensor
    passage_mask: Tensor
    question_flags: Tensor
    passage_flags: Tensor
    same: Tensor
    clues: Tensor


class YesNoNetwork(nn.Module):
    """Pairs to logits, [B, nO]. Each word of the question attends to the passage, is compared with what it found, and
    the comparisons are pooled beside clues of the bare words.

    Source of the form: Parikh et al. 2016, A Decomposable Attention Model for Natural Language Inference; the recurrent
    layer over the comparisons is that of Chen et al. 2017, Enhanced LSTM for Natural Language Inference.
    """

    def __init__(self, n_in: int, n_out: int, width: int) -> None:
        super().__init__()
        self.dropout = 0.0
        self.project = nn.Linear(n_in, width)
        self.norm = nn.LayerNorm(width)
        self.query = nn.Linear(width, width)
        self.same_weight = nn.Parameter(torch.tensor(2.0))
        self.compare = nn.Linear(4 * width + QUESTION_FLAGS + PASSAGE_FLAGS + 2, width)
        self.context = nn.LSTM(width, width // 2, batch_first=True, bidirectional=True)
        self.hidden = nn.Linear(2 * width + CLUES, width)
        self.output = nn.Linear(width, n_out)

    def forward(self, batch: PairBatch) -> Tensor:
        asked, told = self._words(batch.question), self._words(batch.passage)
        scores = self.query(asked) @ told.transpose(1, 2) / asked.shape[2] ** 0.5 + self.same_weight * batch.same
        scores = scores.masked_fill(~batch.passage_mask[:, None], -1e4)
        weights = scores.softmax(dim=2)  # [B, Q, P]
        found, flags = weights @ told, weights @ batch.passage_flags
        likeness = nn.functional.cosine_similarity(asked, found, dim=2)[..., None]
        sharpness = weights.amax(dim=2)[..., None]
        compared = torch.cat(
            [asked, found, (asked - found).abs(), asked * found, batch.question_flags, flags, likeness, sharpness],
            dim=2,
        )
        compared = self._drop(self.compare(compared).relu())
        mask = batch.question_mask[..., None]
        states = self.context(compared * mask)[0]
        mean = (states * mask).sum(dim=1) / mask.sum(dim=1).clamp_min(1)
        most = states.masked_fill(~mask, -1e4).amax(dim=1).clamp_min(-1.0)
        hidden = self._drop(self.hidden(torch.cat([mean, most, batch.clues], dim=1)).relu())
        return self.output(hidden).float()

    def _words(self, vectors: Tensor) -> Tensor:
        return self._drop(self.norm(self.project(vectors)))

    def _drop(self, vectors: Tensor) -> Tensor:
        return nn.functional.dropout(vectors, self.dropout, self.training)
