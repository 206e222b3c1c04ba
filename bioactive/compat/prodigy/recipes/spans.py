"""`prodigy.recipes.spans`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bioactive.annotate.formats import Source
from bioactive.annotate.preprocess import make_spancat_suggestions, resolve_labels
from bioactive.annotate.recipe_files import built_in
from bioactive.annotate.recipes import spans_manual

from . import common as c
from .ner import MANUAL

if TYPE_CHECKING:
    from spacy.language import Language

__all__ = ["correct", "manual"]

COMPONENT = c.Arg("--component", "-cp", help="Name of the component that suggests")
KEY = c.Arg("--spans-key", "-k", help="Group of spans that it sets")


@built_in("spans.manual", **MANUAL, patterns=c.PATTERNS, exclude=c.EXCLUDE, highlight_chars=c.CHARS)
def manual(
    dataset: str,
    spacy_model: str | Language,
    source: Source,
    loader: str | None = None,
    label: c.Labels = None,
    patterns: str | None = None,
    exclude: c.Labels = None,
    highlight_chars: bool = False,
) -> dict[str, Any]:
    """Mark spans that may overlap by hand, with the matches of patterns to begin with."""
    nlp, stream = c.open_pipeline(spacy_model), c.open_source(source, loader)
    labels = c.show_matches(stream, nlp, patterns, c.labels_of(label))
    made = spans_manual(dataset, nlp, stream, labels)
    return c.with_exclude(made, exclude, highlight_chars=highlight_chars)


@built_in("spans.correct", **MANUAL, exclude=c.EXCLUDE, component=COMPONENT, spans_key=KEY, unsegmented=c.UNSEGMENTED)
def correct(
    dataset: str,
    spacy_model: str | Language,
    source: Source,
    loader: str | None = None,
    label: c.Labels = None,
    exclude: c.Labels = None,
    component: str = "spancat",
    spans_key: str | None = None,
    unsegmented: bool = True,
) -> dict[str, Any]:
    """Correct the spans that a pipeline suggests; they may overlap."""
    nlp, stream = c.open_pipeline(spacy_model), c.open_source(source, loader)
    labels = resolve_labels(nlp, component, c.labels_of(label))
    c.cut(stream, nlp, unsegmented)
    options = {"nlp": nlp, "component": component, "labels": labels, "spans_key": spans_key}
    stream.apply(make_spancat_suggestions, stream=stream, **options)
    return c.with_exclude(spans_manual(dataset, nlp, stream, labels), exclude, exclude_by="input")
