"""`prodigy.components.sorters`."""

from bioactive.annotate.sorters import (
    ExpMovingAverage,
    Probability,
    find_with_terms,
    prefer_high_scores,
    prefer_low_scores,
    prefer_uncertain,
)

__all__ = [
    "ExpMovingAverage",
    "Probability",
    "find_with_terms",
    "prefer_high_scores",
    "prefer_low_scores",
    "prefer_uncertain",
]
