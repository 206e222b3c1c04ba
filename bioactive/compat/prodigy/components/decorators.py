"""`prodigy.components.decorators`."""

from bioactive.annotate.stream import support_both_streams

__all__ = ["support_both_streams"]
