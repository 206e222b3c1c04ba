"""Number formats, and linear layers in 8-bit integers."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from bioactive.ner.precision import Int8Linear, head_in_bf16, number_format, quantized

CPU, CUDA, META = torch.device("cpu"), torch.device("cuda"), torch.device("meta")


@pytest.mark.parametrize("has_bf16", [True, False])
def test_auto_takes_bf16_where_the_processor_has_it(monkeypatch, has_bf16):
    for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"):
        monkeypatch.setattr(torch.cpu, name, lambda: has_bf16, raising=False)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (9, 0))
    native = "bf16" if has_bf16 else "float32"
    assert number_format("auto", CPU) == native
    assert number_format("auto", CUDA) == "bf16"
    assert number_format("auto", META) == "float32"
    assert number_format("bf16", CPU) == "bf16"
    assert number_format("float32", CUDA) == "float32"
    assert number_format("int8", CPU) == "int8"
    assert number_format("int8", CPU, is_train=True) == native
    assert number_format("int8", CUDA) == "bf16"
    assert head_in_bf16(CPU) == has_bf16
    assert not head_in_bf16(CUDA)


def test_a_card_that_only_emulates_bf16_runs_in_float32(monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (7, 5))
    assert number_format("auto", CUDA) == "float32"
    assert number_format("bf16", CUDA) == "bf16"


@pytest.mark.parametrize("bias", [True, False])
@torch.no_grad()
def test_int8_linear_is_close_to_the_layer_it_stands_for(bias):
    torch.manual_seed(0)
    linear = nn.Linear(48, 32, bias=bias)
    linear.weight[3] *= 100.0
    linear.weight[5] = 0.0
    vectors = torch.randn(4, 7, 48)
    vectors[1, 2] *= 100.0
    vectors[2, 3] = 0.0
    expected = linear(vectors)
    found = Int8Linear(linear)(vectors)
    assert found.shape == expected.shape
    # An output of large weights, or a word of large numbers, takes no precision from the others.
    size = vectors.norm(dim=2, keepdim=True) * linear.weight.norm(dim=1) + 0.1
    assert ((found - expected).abs() / size).max() < 0.01
    assert torch.equal(copy.deepcopy(Int8Linear(linear))(vectors), found)


def test_quantized_network_shares_its_tables_and_leaves_the_original():
    network = nn.Sequential(nn.Embedding(10, 8), nn.Sequential(nn.Linear(8, 8), nn.GELU()), nn.Dropout(0.5))
    copied = quantized(network)
    assert copied[0].weight is network[0].weight
    assert isinstance(copied[1][0], Int8Linear)
    assert isinstance(network[1][0], nn.Linear)
    assert network.training
    assert not copied.training
    ids = torch.arange(10)
    assert torch.allclose(copied(ids), network.eval()(ids), atol=0.05)
