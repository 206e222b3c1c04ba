"""`prodigy.components.filters`."""

from bioactive.annotate.filters import (
    filter_duplicates,
    filter_empty,
    filter_inputs,
    filter_seen_before,
    filter_tasks,
)

__all__ = ["filter_duplicates", "filter_empty", "filter_inputs", "filter_seen_before", "filter_tasks"]
