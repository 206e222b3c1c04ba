"""`prodigy.recipes`: the recipes that come along, as functions with Prodigy's arguments."""

from __future__ import annotations

import importlib

MODULES = ("ner", "spans", "textcat", "rel", "generic", "review", "terms", "train", "commands")


def load_all() -> None:
    """Register all of them."""
    for name in MODULES:
        importlib.import_module(f"{__name__}.{name}")
