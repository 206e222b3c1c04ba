"""`prodigy.components.validate`."""

from bioactive.annotate.validation import validate

__all__ = ["validate"]
