"""`prodigy.models.textcat`."""

from bioactive.annotate.teach import TextClassifier, infer_exclusive

__all__ = ["TextClassifier", "infer_exclusive"]
