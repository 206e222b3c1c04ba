"""Layers that let a word's tag depend on its neighbours: a recurrent one, or convolutions.

The encoder has seen the sentence already. What is left to learn is how tags hang together, and a window of some words
does for that; convolutions take a fraction of the time of an LSTM, as no word waits for another and none is padded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, cast

import torch
from torch import Tensor, nn

Context = Literal["lstm", "conv"]
# Words that are multiplied at a time where nothing is learnt.
BLOCK = 256
# Words that a convolution sees: the word itself and its neighbours.
WINDOW = 3


class ConvContext(nn.Module):
    """Convolutions with residual connections over the words of all sentences in a row, [N, nI] to [N, nO].

    n_in (int): nI.
    width (int): nO, to which a first layer narrows the vectors.
    depth (int): Number of convolutions: a word's output depends on so many words to either side.
    """

    def __init__(self, n_in: int, width: int, depth: int) -> None:
        super().__init__()
        self.narrow = nn.Linear(n_in, width)
        self.layers = nn.ModuleList(nn.Linear(WINDOW * width, width) for _ in range(depth))
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(depth + 1))

    def forward(self, words: Tensor, lengths: Tensor, drop: Callable[[Tensor, int], Tensor]) -> Tensor:
        """Run all layers.

        words (Tensor): The vectors, [N, nI].
        lengths (Tensor): Words of each sentence, [B], N in all.
        drop (Callable): What dropout makes of the input of a convolution, given its number.
        RETURNS (Tensor): [N, nO].
        """
        edges = _edges(lengths)
        hidden = self.norms[0](nn.functional.gelu(in_blocks(self.narrow, words)))
        for number, layer in enumerate(self.layers):
            news = nn.functional.gelu(in_blocks(layer, windows(drop(hidden, number), *edges)))
            hidden = self.norms[number + 1](hidden + news)
        return cast(Tensor, hidden)

    def thinned(self, first: Tensor, inner: Tensor) -> ConvContext:
        """The same without the units that a pass drops; `drop` then picks the columns that are left.

        first (Tensor): What multiplies the vectors, [nI].
        inner (Tensor): What multiplies the input of each convolution, [depth, nO].
        """
        # On "meta" no fresh weights are drawn, which would move the global generator on.
        with torch.device("meta"):
            small = ConvContext(1, 1, 0)
        small.narrow = _linear((self.narrow.weight * first)[:, first != 0], self.narrow.bias)
        small.norms = self.norms
        for layer, mask in zip(self.layers, inner, strict=True):
            weight = cast(Tensor, layer.weight).view(-1, WINDOW, len(mask)) * mask
            small.layers.append(_linear(weight[:, :, mask != 0].flatten(1), cast(Tensor, layer.bias)))
        return small


def in_blocks(layer: nn.Module, words: Tensor) -> Tensor:
    """A linear layer, [N, nI] to [N, nO], so that at prediction no word's last digits depend on how many there are.

    How a matrix product is summed depends on its size; so all have one size, the last filled up with zeros.
    """
    if layer.training:
        return cast(Tensor, layer(words))
    filled = nn.functional.pad(words, (0, 0, 0, -len(words) % BLOCK))
    return torch.cat([layer(block) for block in filled.split(BLOCK)])[: len(words)]


def windows(words: Tensor, firsts: Tensor, lasts: Tensor) -> Tensor:
    """Each word's vector between those of its neighbours in the sentence, zeros beyond its edges: [N, n] to [N, 3n].

    firsts, lasts (Tensor): 0 at the first or last word of a sentence, 1 at others, [N, 1].
    """
    return torch.cat([words.roll(1, 0) * firsts, words, words.roll(-1, 0) * lasts], dim=1)


def _edges(lengths: Tensor) -> tuple[Tensor, Tensor]:
    ends = lengths[lengths > 0].cumsum(0)
    lasts = torch.ones(int(lengths.sum()), 1, dtype=torch.bool, device=lengths.device)
    lasts[ends - 1] = False
    return lasts.roll(1, 0), lasts


def _linear(weight: Tensor, bias: Tensor) -> nn.Linear:
    layer = nn.Linear(weight.shape[1], weight.shape[0], device="meta")
    layer.weight, layer.bias = nn.Parameter(weight), nn.Parameter(bias)
    return layer


def pad_words(words: Tensor, lengths: Tensor) -> Tensor:
    """Words in a row, [N, n], as sentences with zeros at their ends, [B, L, n]."""
    longest = int(lengths.max()) if len(lengths) else 0
    padded = words.new_zeros(len(lengths), longest, words.shape[1])
    padded[torch.arange(longest, device=words.device) < lengths[:, None]] = words
    return padded


def unpad(padded: Tensor, lengths: Tensor) -> Tensor:
    """The words of padded sentences in a row: [B, L, n] to [N, n]."""
    return padded[torch.arange(padded.shape[1], device=padded.device) < lengths[:, None]]


def run_lstm(context: nn.LSTM, vectors: Tensor, lengths: Tensor) -> Tensor:
    """An LSTM over sentences of any length, [B, L, nI] to [B, L, nO], in the way that the device does best."""
    if vectors.shape[1] and bool((lengths == vectors.shape[1]).all()):
        return cast(Tensor, context(vectors)[0])
    if vectors.is_cuda:
        # thinc's optimiser hands back each weight as a tensor of its own; cuDNN wants all of them in one piece.
        context.flatten_parameters()
        return packed(context, vectors, lengths)
    return both_ways(context, vectors, lengths)


def packed(context: nn.LSTM, vectors: Tensor, lengths: Tensor) -> Tensor:
    """An LSTM over sentences of any length, [B, L, nI] to [B, L, nO], as cuDNN runs it at once."""
    # A sentence without words counts as one of one word, which nobody reads.
    known = lengths.clamp_min(1).cpu()
    sentences = nn.utils.rnn.pack_padded_sequence(vectors, known, batch_first=True, enforce_sorted=False)
    hidden = nn.utils.rnn.pad_packed_sequence(context(sentences)[0], batch_first=True, total_length=vectors.shape[1])
    return hidden[0]


def both_ways(context: nn.LSTM, vectors: Tensor, lengths: Tensor) -> Tensor:
    """The same for a CPU, where torch runs packed sentences in float32 alone and step by step.

    Each direction is run over padded sentences; the backward one over sentences turned around, so that the padding
    comes last for it too. Padded places hold numbers that nobody reads.
    """
    words = torch.arange(vectors.shape[1], device=vectors.device)
    turned = torch.where(words < lengths[:, None], lengths[:, None] - 1 - words, words)[:, :, None]
    hidden = vectors
    for ahead, back in zip(context.all_weights[::2], context.all_weights[1::2], strict=True):
        first = _one_way(hidden, ahead, context.training)
        second = _one_way(hidden.gather(1, turned.expand_as(hidden)), back, context.training)
        hidden = torch.cat([first, second.gather(1, turned.expand_as(second))], dim=2)
    return hidden


def _one_way(vectors: Tensor, weights: Sequence[Tensor], is_train: bool) -> Tensor:
    """One layer of an LSTM in one direction, [B, L, nI] to [B, L, nO]."""
    start = vectors.new_zeros(1, len(vectors), weights[1].shape[1])
    return torch.lstm(vectors, (start, start), list(weights), True, 1, 0.0, is_train, False, True)[0]
