"""Cheap dropout and attention against torch's own."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional

from bioactive.ner.kernels import CPUKernels, attention, dropout


@pytest.mark.parametrize("rate", [0.1, 0.25, 0.5])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_dropout_zeroes_its_share_and_keeps_the_mean(rate: float, dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    out = dropout(torch.ones(400, 1003, dtype=dtype), rate)
    n = out.numel()
    kept = (out != 0).float().mean().item()
    # Four standard errors, and the step of 1 / 256 to which the rate is rounded.
    assert abs(kept - (1 - rate)) < 4 * math.sqrt(rate * (1 - rate) / n) + 1 / 512
    assert abs(out.float().mean().item() - 1.0) < 0.01
    assert out.unique().numel() == 2


def test_masks_are_independent_over_rows_and_calls() -> None:
    torch.manual_seed(0)
    inputs = torch.ones(64, 4096)
    first, second = (dropout(inputs, 0.5) != 0 for _ in range(2))
    # Correlations of independent fair bits over 4096 columns have a standard error of 1 / 64.
    for one, other in (
        (first, second),
        (first, first.roll(1, 0)),
        (first, first.roll(1, 1)),
        (first, first.roll(8, 1)),
    ):
        agreement = (one == other).float().mean(1) * 2 - 1
        assert agreement.abs().max() < 6 / 64
    torch.manual_seed(0)
    assert torch.equal(dropout(inputs, 0.5) != 0, first)


def test_dropout_of_nothing_or_in_evaluation_changes_nothing() -> None:
    inputs = torch.randn(3, 5)
    assert dropout(inputs, 0.0) is inputs
    assert dropout(inputs, 0.5, training=False) is inputs
    assert not dropout(inputs, 1.0).any()
    assert dropout(torch.empty(0, 7), 0.5).shape == (0, 7)


def test_gradients_pass_where_the_outputs_did() -> None:
    inputs = torch.randn(20, 30, requires_grad=True)
    out = dropout(inputs, 0.3)
    out.sum().backward()
    assert torch.allclose(out, inputs * inputs.grad)


@pytest.mark.parametrize("masked", ["no", "bool", "float"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_attention_equals_torch(masked: str, dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    query, key, value = (torch.randn(3, 2, 11, 8, dtype=dtype) for _ in range(3))
    allowed = torch.arange(11) < torch.tensor([[11], [4], [1]])
    mask = None
    if masked != "no":
        mask = allowed[:, None, None, :].expand(3, 1, 11, 11)
        mask = mask if masked == "bool" else torch.zeros(mask.shape, dtype=dtype).masked_fill(~mask, -1e9)
    ours = attention(query, key, value, mask)
    exact = functional.scaled_dot_product_attention(
        query.float(), key.float(), value.float(), mask if mask is None or masked == "bool" else mask.float()
    )
    assert ours.dtype == dtype
    assert torch.allclose(ours.float(), exact, atol=1e-6 if dtype == torch.float32 else 0.03)


def test_attention_with_dropout_has_the_mean_of_that_without() -> None:
    torch.manual_seed(0)
    query, key, value = (torch.randn(1, 1, 6, 4) for _ in range(3))
    many = torch.stack([attention(query, key, value, None, 0.3) for _ in range(4000)])
    assert torch.allclose(many.mean(0), functional.scaled_dot_product_attention(query, key, value), atol=0.1)


def test_the_context_reaches_into_modules_and_ends() -> None:
    layer = torch.nn.Dropout(0.5)
    inputs = torch.ones(100, 100)
    torch.manual_seed(1)
    plain = layer(inputs)
    torch.manual_seed(1)
    with CPUKernels():
        ours = layer(inputs)
    torch.manual_seed(1)
    assert not torch.equal(ours, plain)
    assert torch.equal(layer(inputs), plain)


def test_what_only_torch_does_is_left_to_it() -> None:
    query, key, value = (torch.randn(1, 2, 5, 4).bfloat16() for _ in range(3))
    with CPUKernels():
        causal = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        scaled = functional.scaled_dot_product_attention(query, key, value, scale=0.1)
    assert torch.equal(causal, functional.scaled_dot_product_attention(query, key, value, is_causal=True))
    assert torch.equal(scaled, functional.scaled_dot_product_attention(query, key, value, scale=0.1))
