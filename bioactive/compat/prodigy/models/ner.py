"""`prodigy.models.ner`."""

from bioactive.annotate.binary import merge_spans
from bioactive.annotate.preprocess import ensure_sentencizer
from bioactive.annotate.teach import EntityRecognizer

__all__ = ["EntityRecognizer", "ensure_sentencizer", "merge_spans"]
