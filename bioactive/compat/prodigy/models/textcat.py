"""`prodigy.models.textcat`."""

from bioactive.annotate.teach import TextClassifier

__all__ = ["TextClassifier"]
