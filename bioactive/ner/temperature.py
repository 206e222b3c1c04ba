"""Look for the temperature at which the confidences are most honest."""

from __future__ import annotations

import math
from collections.abc import Callable

# Looked for on a logarithmic scale, where half and double are equally far from one.
LOWEST, HIGHEST = 0.25, 8.0


def best_temperature(log_loss: Callable[[float], float]) -> float:
    """The temperature between LOWEST and HIGHEST with the smallest loss.

    log_loss (Callable[[float], float]): Loss at a temperature; has one valley.
    RETURNS (float): The temperature.
    """
    return math.exp(golden_section(lambda x: log_loss(math.exp(x)), math.log(LOWEST), math.log(HIGHEST)))


def golden_section(function: Callable[[float], float], low: float, high: float, steps: int = 14) -> float:
    """Where a function of one number with a single valley has its minimum (Kiefer 1953).

    steps (int): Evaluations; each narrows the bracket to .618 of its width.
    """
    ratio = (math.sqrt(5) - 1) / 2
    left, right = high - ratio * (high - low), low + ratio * (high - low)
    at_left, at_right = function(left), function(right)
    for _ in range(steps - 2):
        if at_left < at_right:
            high, right, at_right = right, left, at_left
            left = high - ratio * (high - low)
            at_left = function(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + ratio * (high - low)
            at_right = function(right)
    return (low + high) / 2
