"""`prodigy.components.stream`."""

from typing import Any

from bioactive.annotate.formats import DATASET, get_stream
from bioactive.annotate.stream import Stream

__all__ = ["Stream", "get_stream"]


def _source_is_dataset(source: Any, loader: Any = None) -> bool:
    return isinstance(source, str) and source.startswith(DATASET)
