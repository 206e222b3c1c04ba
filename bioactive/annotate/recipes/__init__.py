"""Recipes: functions that return a dict which says what is asked, where the answers go, and what happens to them."""

from __future__ import annotations

from .common import load_pipeline
from .models import model_annotate, ner_eval_ab, silver_to_gold
from .ner_active import ner_active
from .ner_correct import ner_correct, spans_correct
from .ner_manual import ner_manual
from .ner_teach import ner_teach
from .review import review
from .simple import mark, match, spans_manual, textcat_correct, textcat_manual, textcat_teach
from .terms import terms_teach

__all__ = [
    "load_pipeline",
    "mark",
    "match",
    "model_annotate",
    "ner_active",
    "ner_correct",
    "ner_eval_ab",
    "ner_manual",
    "ner_teach",
    "review",
    "silver_to_gold",
    "spans_correct",
    "spans_manual",
    "terms_teach",
    "textcat_correct",
    "textcat_manual",
    "textcat_teach",
]
