"""Recipes: functions that return a dict which says what is asked, where the answers go, and what happens to them."""

from __future__ import annotations

from .common import load_pipeline
from .ner_active import ner_active
from .ner_correct import ner_correct
from .ner_manual import ner_manual
from .ner_teach import ner_teach
from .review import review
from .simple import mark, spans_manual, textcat_manual

__all__ = [
    "load_pipeline",
    "mark",
    "ner_active",
    "ner_correct",
    "ner_manual",
    "ner_teach",
    "review",
    "spans_manual",
    "textcat_manual",
]
