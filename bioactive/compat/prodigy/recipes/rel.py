"""`prodigy.recipes.rel`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bioactive.annotate.formats import Source
from bioactive.annotate.phrases import add_spans, disable_tokens
from bioactive.annotate.recipe_files import built_in
from bioactive.annotate.recipes.common import pipeline_name

from . import common as c
from .ner import MANUAL

if TYPE_CHECKING:
    from spacy.language import Language

__all__ = ["manual"]

SPAN_LABEL = c.Arg("--span-label", "-sl", help="Labels of spans, with commas between", converter=c.get_labels)
ADD_ENTS = c.Arg("--add-ents", "-AE", help="Show the entities that the pipeline finds")
ADD_NPS = c.Arg("--add-nps", "-AN", help="Show the noun phrases that the pipeline finds")
DISABLE = c.Arg("--disable-patterns", "-dpt", help="Patterns whose matches can be neither head nor child")
WRAP = c.Arg("--wrap", "-W", help="Begin with wrapped lines, not with one line that scrolls")


@built_in(
    "rel.manual",
    **MANUAL,
    span_label=SPAN_LABEL,
    patterns=c.PATTERNS,
    disable_patterns=DISABLE,
    add_ents=ADD_ENTS,
    add_nps=ADD_NPS,
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
    disable_patterns: str | None = None,
    add_ents: bool = False,
    add_nps: bool = False,
    wrap: bool = False,
    exclude: c.Labels = None,
) -> dict[str, Any]:
    """Mark relations between words or spans."""
    nlp, stream = c.open_pipeline(spacy_model), c.open_source(source, loader)
    labels, span_labels = c.labels_of(label), c.labels_of(span_label)
    if not labels:
        raise c.no_labels()
    c.show_matches(stream, nlp, patterns, span_labels)
    c.cut(stream, nlp, unsegmented=True)
    if add_ents or add_nps:
        stream.apply(add_spans, nlp=nlp, ents=add_ents, phrases=add_nps)
    if disable_patterns:
        stream.apply(disable_tokens, nlp=nlp, patterns=disable_patterns)
    config = {
        "lang": nlp.lang,
        "labels": labels,
        "relations_span_labels": span_labels,
        "model": pipeline_name(nlp),
        "wrap_relations": wrap,
    }
    made = {"dataset": dataset, "view_id": "relations", "stream": stream, "config": config}
    return c.with_exclude(made, exclude)
