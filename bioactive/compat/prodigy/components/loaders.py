"""`prodigy.components.loaders`."""

from bioactive.annotate.formats import CSV, JSON, JSONL, TSV, TXT, get_loader, get_stream

__all__ = ["CSV", "JSON", "JSONL", "TSV", "TXT", "get_loader", "get_stream"]
