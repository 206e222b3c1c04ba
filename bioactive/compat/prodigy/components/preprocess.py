"""`prodigy.components.preprocess`."""

from bioactive.annotate.preprocess import (
    add_answer,
    add_label_options,
    add_labels_to_stream,
    add_tokens,
    fetch_media,
    get_token,
    make_ner_suggestions,
    make_raw_doc,
    make_spancat_suggestions,
    resolve_labels,
    split_sentences,
    split_spans,
    sync_spans_to_tokens,
    tokenize_example,
)
from bioactive.annotate.tasks import set_hashes

__all__ = [
    "add_answer",
    "add_label_options",
    "add_labels_to_stream",
    "add_tokens",
    "fetch_media",
    "get_token",
    "make_ner_suggestions",
    "make_raw_doc",
    "make_spancat_suggestions",
    "resolve_labels",
    "set_hashes",
    "split_sentences",
    "split_spans",
    "sync_spans_to_tokens",
    "tokenize_example",
]
