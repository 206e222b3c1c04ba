"""`prodigy.models.matcher`."""

from bioactive.annotate.matcher import PatternMatcher

__all__ = ["PatternMatcher"]
