"""In which number format an encoder multiplies."""

from __future__ import annotations

from typing import Literal

import torch

Precision = Literal["auto", "float32", "bf16"]


def low_precision(precision: Precision, device: torch.device) -> bool:
    """Whether an encoder's matrix products run in bfloat16, the rest staying in float32.

    precision (str): "bf16", "float32", or "auto": bf16 where the device multiplies it natively.
    device (torch.device): Where the encoder is.
    RETURNS (bool): Whether to autocast.
    """
    if precision == "auto":
        return device.type == "cuda" or (device.type == "cpu" and _cpu_has_bf16())
    return precision == "bf16"


def _cpu_has_bf16() -> bool:
    # Not public in torch, and absent from its older releases, which count as having neither.
    tests = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(getattr(torch.cpu, name, bool)() for name in tests)
