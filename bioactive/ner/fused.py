"""AdamW over all weights of a torch network at once, driven by a thinc optimiser's settings.

thinc visits the weights one by one and updates each with one thread; torch's fused step takes a fifth of the time.
"""

from __future__ import annotations

from typing import Any, cast

import torch
from thinc.api import Optimizer, torch2xp
from torch import Tensor, nn

# thinc's own: how slowly averages may move at the most.
MAX_DECAY = 0.9999


class FusedAdam:
    """AdamW (Loshchilov and Hutter 2019) whose moments live as long as the thinc optimiser that sets its pace.

    Equal to thinc's own step but for `eps`, which torch adds to the bias-corrected root, and the order of decay and
    update: both change a step in the fifth digit. Averages are kept where thinc keeps them, if the optimiser has any.
    """

    def __init__(self) -> None:
        self._source: Optimizer | None = None
        self._aliases: list[Tensor] = []
        self._averages: list[Tensor] = []
        self._steps = 0
        # Made for the first step: the first optimiser of a process has torch import its compiler, which takes seconds.
        self._adam: torch.optim.AdamW | None = None

    @staticmethod
    def does(optimizer: Optimizer) -> bool:
        """Whether the optimiser's settings ask for AdamW and nothing else."""
        plain = not optimizer.use_radam and optimizer.b1 > 0.0 and optimizer.b2 > 0.0
        return plain and (optimizer.L2 == 0 or optimizer.L2_is_weight_decay)

    def step(self, optimizer: Optimizer, network: nn.Module, owner: int) -> None:
        """Update the weights that have a gradient, in place, and drop the gradients.

        optimizer (Optimizer): Where the learning rate and the other settings come from, as they stand now.
        network (nn.Module): The network, the same one at each call.
        owner (int): The id of the shim that holds it: with a weight's name it is the key of the weight's average.
        """
        named = dict(network.named_parameters())
        if self._source is not optimizer:
            self._begin(optimizer, named, owner)
        for alias, weight in zip(self._aliases, named.values(), strict=True):
            alias.data, alias.grad, weight.grad = weight.data, weight.grad, None
            if optimizer.grad_clip and alias.grad is not None:
                torch.nn.utils.clip_grad_norm_([alias], optimizer.grad_clip)
        adam = cast(torch.optim.AdamW, self._adam)
        adam.param_groups[0].update(
            lr=float(optimizer.learn_rate),
            betas=(optimizer.b1, optimizer.b2),
            eps=optimizer.eps,
            weight_decay=optimizer.L2,
        )
        adam.step()
        adam.zero_grad(set_to_none=True)
        self._average()

    def _begin(self, optimizer: Optimizer, named: dict[str, nn.Parameter], owner: int) -> None:
        # The step is taken on aliases: `Language.update` with an optimiser steps an encoder before the gradients of
        # its listeners have come back, which torch would refuse for the weights themselves.
        self._aliases = [weight.data for weight in named.values()]
        self._source, self._adam, self._steps = optimizer, torch.optim.AdamW(self._aliases, fused=True), 0
        self._averages = []
        if optimizer.averages is not None:
            self._averages = [torch.zeros_like(weight) for weight in self._aliases]
            # The same memory, in the arrays that thinc's ops take.
            kept = cast("dict[Any, Any]", optimizer.averages)
            kept.update(((owner, name), torch2xp(own)) for name, own in zip(named, self._averages, strict=True))

    def _average(self) -> None:
        """Moving averages that move fast at first, as in thinc."""
        self._steps += 1
        decay = min((1 + self._steps) / (10 + self._steps), MAX_DECAY)
        if self._averages:
            torch._foreach_lerp_(self._averages, self._aliases, 1 - decay)
