"""Recipes: functions that return a dict which says what is asked, where the answers go, and what happens to them."""

from __future__ import annotations

from .common import load_pipeline
from .ner_correct import ner_correct
from .ner_manual import ner_manual

__all__ = ["load_pipeline", "ner_correct", "ner_manual"]
