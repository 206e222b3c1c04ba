"""In which number format an encoder multiplies."""

from __future__ import annotations

import copy
from typing import Literal, cast

import torch
from torch import Tensor, nn

Precision = Literal["auto", "float32", "bf16", "int8"]
NumberFormat = Literal["float32", "bf16", "int8"]


def number_format(precision: Precision, device: torch.device, *, is_train: bool = False) -> NumberFormat:
    """The format of an encoder's matrix products; all else stays in float32.

    precision (str): "float32"; "bf16"; "int8", which is for prediction on a CPU and is "auto" elsewhere; or "auto":
        bf16 where the device multiplies it natively, float32 elsewhere.
    device (torch.device): Where the encoder is.
    is_train (bool): Whether gradients are wanted.
    RETURNS (str): The format.
    """
    if precision == "int8" and device.type == "cpu" and not is_train:
        return "int8"
    if precision == "bf16" or precision == "float32":
        return precision
    return "bf16" if _has_bf16(device) else "float32"


def head_in_bf16(device: torch.device) -> bool:
    """Whether the small network over the encoder is worth running in bf16: on a CPU that has it.

    On a GPU it is bound by the number of its steps, and cuDNN's recurrent layers take float16 under autocast, whose
    gradients would need scaling.
    """
    return device.type == "cpu" and _has_bf16(device)


def _has_bf16(device: torch.device) -> bool:
    if device.type == "cuda":
        # Cards before Ampere only emulate it, and are slower by that.
        return bool(torch.cuda.get_device_capability(device) >= (8, 0))
    return device.type == "cpu" and _cpu_has_bf16()


def _cpu_has_bf16() -> bool:
    # Not public in torch, and absent from its older releases, which count as having neither.
    tests = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(getattr(torch.cpu, name, bool)() for name in tests)


def quantized(network: nn.Module) -> nn.Module:
    """A copy of a network for prediction on a CPU whose linear layers multiply 8-bit integers.

    Dynamic quantization: weights are rounded once, the inputs of a layer at each call.

    network (nn.Module): Stays as it is; weights outside of linear layers are shared with it.
    RETURNS (nn.Module): The copy.
    """
    weights = {id(tensor): tensor for tensor in (*network.parameters(), *network.buffers())}
    # What is in the memo is not copied: the big embedding tables serve both.
    copied = copy.deepcopy(network, cast("dict[int, object]", weights)).eval()
    for module in list(copied.modules()):
        for name, child in module.named_children():
            if isinstance(child, nn.Linear):
                setattr(module, name, Int8Linear(child))
    return copied


class Int8Linear(nn.Module):
    """A linear layer that multiplies 8-bit integers and is float32 outside: [..., nI] to [..., nO].

    Dettmers et al. 2022 (LLM.int8), without the outliers' own path: a scale a word and a scale an output.
    """

    weight: Tensor
    scales: Tensor
    bias: Tensor | None

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        weight, scales = _rounded(linear.weight.detach().float())
        self.register_buffer("weight", weight.T.contiguous())  # [nI, nO]
        self.register_buffer("scales", scales.T)  # [1, nO]
        self.register_buffer("bias", None if linear.bias is None else linear.bias.detach().float())

    def forward(self, vectors: Tensor) -> Tensor:
        words, scales = _rounded(vectors.flatten(0, -2))
        products = torch._int_mm(words, self.weight).float().mul_(scales).mul_(self.scales)
        if self.bias is not None:
            products += self.bias
        return products.view(*vectors.shape[:-1], -1)


def _rounded(rows: Tensor) -> tuple[Tensor, Tensor]:
    """Rows in 127 steps to either side of zero, and the size of a step of each, [n, 1]."""
    steps = (rows.abs().amax(dim=1, keepdim=True) / 127).clamp_min(torch.finfo(torch.float32).tiny)
    return (rows / steps).round_().to(torch.int8), steps
