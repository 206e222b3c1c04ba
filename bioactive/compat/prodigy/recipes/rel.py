"""`prodigy.recipes.rel`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bioactive.annotate.formats import Source
from bioactive.annotate.preprocess import make_ner_suggestions
from bioactive.annotate.recipe_files import built_in
from bioactive.annotate.recipes.common import pipeline_name

from . import common as c
from .ner import MANUAL

if TYPE_CHECKING:
    from spacy.language import Language

__all__ = ["manual"]

SPAN_LABEL = c.Arg("--span-label", "-sl", help="Labels of spans, with commas between", converter=c.get_labels)
ADD_ENTS = c.Arg("--add-ents", "-AE", help="Show the entities that the pipeline finds")
WRAP = c.Arg("--wrap", "-W", help="Kept for scripts that give it: long texts wrap always")


@built_in(
    "rel.manual",
    **MANUAL,
    span_label=SPAN_LABEL,
    patterns=c.PATTERNS,
    add_ents=ADD_ENTS,
    wrap=WRAP,
    exclude=c.EXCLUDE,
)
def manual(
    dataset: str,
    spacy_model: str | Language,
    source: Source,
    loader: str | None = None,
    label: c.Labels = None,
    span_label: c.Labels = None,
    patterns: str | None = None,
    add_ents: bool = False,
    wrap: bool = False,
    exclude: c.Labels = None,
) -> dict[str, Any]:
    """Mark relations between words or spans."""
    nlp, stream = c.open_pipeline(spacy_model), c.open_source(source, loader)
    labels, span_labels = c.labels_of(label), c.labels_of(span_label)
    if not labels:
        raise c.no_labels()
    if add_ents:
        stream.apply(make_ner_suggestions, stream=stream, nlp=nlp)
    c.show_matches(stream, nlp, patterns, span_labels)
    c.cut(stream, nlp, unsegmented=True)
    config = {
        "lang": nlp.lang,
        "labels": labels,
        "relations_span_labels": span_labels,
        "model": pipeline_name(nlp),
        "wrap_relations": wrap,
    }
    made = {"dataset": dataset, "view_id": "relations", "stream": stream, "config": config}
    return c.with_exclude(made, exclude)
