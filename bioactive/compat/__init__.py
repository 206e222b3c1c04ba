"""Recipes written for Prodigy run here.

`install()` lets `import prodigy` find the modules of `bioactive.compat.prodigy`, which are thin faces over
`bioactive.annotate`. A really installed Prodigy always wins, and nothing is put into site-packages.
"""

from .finder import install, uninstall

__all__ = ["BUILT_IN", "install", "uninstall"]

# The recipes of `compat.prodigy.recipes`, here so that a command line need not load them to know their names.
BUILT_IN = (
    "ner.manual",
    "ner.correct",
    "ner.teach",
    "ner.silver-to-gold",
    "ner.eval-ab",
    "ner.model-annotate",
    "spans.manual",
    "spans.correct",
    "textcat.manual",
    "textcat.correct",
    "textcat.teach",
    "rel.manual",
    "mark",
    "match",
    "review",
    "terms.teach",
    "train",
    "train-curve",
    "data-to-spacy",
    "spacy-config",
)
