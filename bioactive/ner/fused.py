"""AdamW over all weights of a torch network at once, driven by a thinc optimiser's settings.

thinc visits the weights one by one and updates each with one thread; torch's fused step takes a fifth of the time.
"""

from __future__ import annotations

import torch
from thinc.api import Optimizer
from torch.nn import Parameter


class FusedAdam:
    """AdamW (Loshchilov and Hutter 2019) whose moments live as long as the thinc optimiser that sets its pace.

    Equal to thinc's own step but for `eps`, which torch adds to the bias-corrected root, and the order of decay and
    update: both change a step in the fifth digit.
    """

    def __init__(self) -> None:
        self._source: Optimizer | None = None
        self._aliases: list[torch.Tensor] = []
        self._adam = torch.optim.AdamW([torch.empty(0)])

    @staticmethod
    def does(optimizer: Optimizer) -> bool:
        """Whether the optimiser's settings ask for AdamW and nothing else."""
        plain = not optimizer.use_radam and optimizer.averages is None and optimizer.b1 > 0.0 and optimizer.b2 > 0.0
        return plain and (optimizer.L2 == 0 or optimizer.L2_is_weight_decay)

    def step(self, optimizer: Optimizer, weights: list[Parameter]) -> None:
        """Update the weights that have a gradient, in place, and drop the gradients.

        optimizer (Optimizer): Where the learning rate and the other settings come from, as they stand now.
        weights (list[Parameter]): All weights of the network, the same ones at each call.
        """
        if self._source is not optimizer:
            # The step is taken on aliases: `Language.update` with an optimiser steps an encoder before the gradients of
            # its listeners have come back, which torch would refuse for the weights themselves.
            self._aliases = [weight.data for weight in weights]
            self._source, self._adam = optimizer, torch.optim.AdamW(self._aliases, fused=True)
        for alias, weight in zip(self._aliases, weights, strict=True):
            alias.data, alias.grad, weight.grad = weight.data, weight.grad, None
            if optimizer.grad_clip and alias.grad is not None:
                torch.nn.utils.clip_grad_norm_([alias], optimizer.grad_clip)
        self._adam.param_groups[0].update(
            lr=float(optimizer.learn_rate),
            betas=(optimizer.b1, optimizer.b2),
            eps=optimizer.eps,
            weight_decay=optimizer.L2,
        )
        self._adam.step()
        self._adam.zero_grad(set_to_none=True)
