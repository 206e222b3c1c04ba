"""What measures of disagreement between stochastic passes share, be they of texts or of words."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import numpy as np

from bioactive.errors import error

from .posteriors import Posterior

# Stochastic passes that a measure of disagreement asks for: with ten the order is close to that of many more.
SAMPLES = 10

Function = TypeVar("Function", bound=Callable[..., Any])


def of_samples(measure: Function) -> Function:
    """Mark a measure as one that looks at stochastic passes."""
    measure.samples = SAMPLES  # type: ignore[attr-defined]
    return measure


def samples_of(measure: Callable[..., Any]) -> int:
    """How many stochastic passes a measure, of texts or of words, looks at.

    measure (Callable): From `get_measure` or `get_word_measure`.
    RETURNS (int): 0 for a measure of the plain posterior.
    """
    return int(getattr(measure.func if isinstance(measure, partial) else measure, "samples", 0))


def known_samples(posterior: Posterior, measure: str, found: np.ndarray) -> np.ndarray:
    """A field of samples, where they were asked for.

    RAISES (BioactiveError): B322 when they were not.
    """
    if posterior.words and not found.size:
        raise error("B322", measure=measure, needed="samples (posterior(..., samples=10))", kind=posterior.kind)
    return found
