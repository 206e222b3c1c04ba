"""Context layers over words in a row: convolutions equal torch's own, and no sentence sees another."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from bioactive.ner.context import ConvContext, in_blocks, pad_words, unpad


def kept(hidden: Tensor, _number: int) -> Tensor:
    return hidden


def reference(context: ConvContext, words: Tensor) -> Tensor:
    """One sentence through torch's own convolution."""
    hidden = context.norms[0](nn.functional.gelu(context.narrow(words)))
    for number, layer in enumerate(context.layers):
        width = hidden.shape[1]
        kernel = layer.weight.view(width, 3, width).transpose(1, 2)  # [nO, nI, window]
        news = nn.functional.conv1d(hidden.T[None], kernel, layer.bias, padding=1)[0].T
        hidden = context.norms[number + 1](hidden + nn.functional.gelu(news))
    return hidden


@pytest.mark.parametrize("depth", [1, 3])
def test_each_sentence_is_convolved_alone(depth: int) -> None:
    torch.manual_seed(0)
    context = ConvContext(7, 6, depth)
    lengths = torch.tensor([4, 0, 1, 6, 0])
    words = torch.randn(11, 7)
    found = context(words, lengths, kept).split(lengths.tolist())
    for own, sentence in zip(found, words.split(lengths.tolist()), strict=True):
        expected = reference(context, sentence) if len(sentence) else sentence.new_zeros(0, 6)
        assert torch.allclose(own, expected, atol=1e-6)


def test_no_words_at_all_give_none() -> None:
    context = ConvContext(7, 6, 2)
    assert context(torch.zeros(0, 7), torch.tensor([0, 0]), kept).shape == (0, 6)
    assert context(torch.zeros(0, 7), torch.zeros(0, dtype=torch.long), kept).shape == (0, 6)


def test_gradients_stay_within_a_sentence() -> None:
    context = ConvContext(5, 4, 2)
    words = torch.randn(7, 5, requires_grad=True)
    context(words, torch.tensor([3, 4]), kept)[:3].sum().backward()
    assert words.grad[:3].abs().sum() > 0
    assert not words.grad[3:].any()


def test_padding_and_back_is_the_same() -> None:
    words, lengths = torch.randn(9, 3), torch.tensor([2, 0, 4, 3])
    padded = pad_words(words, lengths)
    assert padded.shape == (4, 4, 3)
    assert torch.equal(unpad(padded, lengths), words)
    assert not padded[1].any()
    assert pad_words(words[:0], lengths[:0]).shape == (0, 0, 3)


@pytest.mark.parametrize("low", [False, True])
def test_prediction_does_not_depend_on_company_to_the_last_bit(low: bool) -> None:
    torch.manual_seed(0)
    context = ConvContext(96, 64, 2).eval()
    lengths = torch.randint(1, 40, (60,))
    words = torch.randn(int(lengths.sum()), 96)
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=low):
        together = context(words, lengths, kept).split(lengths.tolist())
        for number, own in enumerate(words.split(lengths.tolist())):
            assert torch.equal(context(own, lengths[number : number + 1], kept), together[number])


def test_blocks_equal_the_layer() -> None:
    layer = nn.Linear(5, 3)
    for count in (0, 1, 255, 256, 257, 600):
        words = torch.randn(count, 5)
        assert torch.allclose(in_blocks(layer.eval(), words), layer(words), atol=1e-6)
        assert torch.equal(in_blocks(layer.train(), words), layer(words))
