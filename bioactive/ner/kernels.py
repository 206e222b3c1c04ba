"""Dropout and attention in forms that are cheap on a CPU.

torch draws a dropout mask element by element, an eighth of the time of training a small encoder; here eight masks come
out of each 64 random bits. Its fused attention is made for long texts: over the 10 to 100 pieces of a sentence, plain
products in bf16 take about two thirds of its time.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode

# Dropout rates are rounded to whole steps of one byte's range.
STEPS = 256


class CPUKernels(TorchFunctionMode):
    """A context in which any network's dropout and attention take these forms on a CPU; on a GPU they stay torch's.

    Masks come from torch's own generator: the same seed, the same masks.
    """

    def __torch_function__(
        self, func: Callable[..., Any], types: Sequence[type], args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        if args and isinstance(args[0], Tensor) and args[0].device.type == "cpu":
            if func is functional.dropout:
                return dropout(*args, **kwargs)
            if func is functional.scaled_dot_product_attention:
                return attention(*args, **kwargs)
        return func(*args, **kwargs)


def dropout(inputs: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """As `torch.nn.functional.dropout`, with `p` rounded to 256ths; never in place."""
    dropped = round(p * STEPS)
    if not training or not dropped:
        return inputs
    if dropped == STEPS:
        return inputs * 0.0
    return inputs * mask(inputs, dropped)


def mask(like: Tensor, dropped: int) -> Tensor:
    """Zeros with the chance dropped / 256 and, elsewhere, the factor that keeps the mean.

    like (Tensor): Its shape and type are the mask's.
    dropped (int): 0 to 255.
    RETURNS (Tensor): The mask.
    """
    count = like.numel()
    bits = torch.empty((count + 7) // 8, dtype=torch.int64).random_(-(2**63), None)
    # Signed bytes are -128 to 127.
    kept = bits.view(torch.int8)[:count].view(like.shape) >= dropped - STEPS // 2
    return kept.to(like.dtype).mul_(STEPS / (STEPS - dropped))


def attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    **options: Any,
) -> Tensor:
    """As `torch.nn.functional.scaled_dot_product_attention`: [..., pieces, width] each.

    Torch's own where it is as good: in float32 without dropout, and with what only it does.
    """
    own_form = query.dtype == torch.bfloat16 or dropout_p > 0.0
    if not own_form or is_causal or any(options.get(name) for name in ("scale", "enable_gqa")):
        return functional.scaled_dot_product_attention(query, key, value, attn_mask, dropout_p, is_causal, **options)
    # A softmax in bf16 sums in float32 by itself; autocast would have it copied to float32 and back.
    with torch.autocast("cpu", enabled=False):
        scores = (query / math.sqrt(query.shape[-1])) @ key.transpose(-2, -1)
        if attn_mask is not None and attn_mask.dtype == torch.bool:
            scores = scores.masked_fill(~attn_mask, torch.finfo(scores.dtype).min)
        elif attn_mask is not None:
            scores = scores + attn_mask.to(scores.dtype)
        return dropout(torch.softmax(scores, dim=-1), dropout_p) @ value
