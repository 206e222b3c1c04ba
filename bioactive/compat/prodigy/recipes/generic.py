"""`prodigy.recipes.generic`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bioactive.annotate.formats import Source
from bioactive.annotate.recipe_files import built_in
from bioactive.annotate.recipes import mark as mark_tasks
from bioactive.annotate.recipes import match as match_patterns

from . import common as c

if TYPE_CHECKING:
    from spacy.language import Language

__all__ = ["mark", "match"]

VIEW = c.Arg("--view-id", "-v", help="Annotation interface")


@built_in(
    "mark",
    dataset=c.DATASET,
    source=c.SOURCE,
    loader=c.LOADER,
    label=c.LABEL,
    view_id=VIEW,
    exclude=c.EXCLUDE,
)
def mark(
    dataset: str,
    source: Source,
    loader: str | None = None,
    label: c.Labels = None,
    view_id: str | None = None,
    exclude: c.Labels = None,
) -> dict[str, Any]:
    """Go through tasks as they are, and accept or reject each."""
    stream = c.open_source(source, loader)
    made = mark_tasks(dataset, stream, view_id or "text", c.labels_of(label))
    return c.with_exclude(made, exclude)


@built_in(
    "match",
    dataset=c.DATASET,
    spacy_model=c.MODEL,
    source=c.SOURCE,
    patterns=c.PATTERNS,
    loader=c.LOADER,
    label=c.LABEL,
    label_task=c.Arg("--label-task", "-LT", help="Ask whether the label fits the whole text"),
    label_span=c.Arg("--label-span", "-LS", help="With --label-task, give the matches their label too"),
    combine_matches=c.Arg("--combine-matches", "-C", help="Show all matches of a text together"),
    exclude=c.EXCLUDE,
)
def match(
    dataset: str,
    spacy_model: str | Language,
    source: Source,
    patterns: str,
    loader: str | None = None,
    label: c.Labels = None,
    label_task: bool = False,
    label_span: bool = False,
    combine_matches: bool = False,
    exclude: c.Labels = None,
) -> dict[str, Any]:
    """Accept or reject the matches of patterns, one at a time."""
    nlp, stream = c.open_pipeline(spacy_model), c.open_source(source, loader)
    labels = c.labels_of(label) or None
    made = match_patterns(dataset, nlp, stream, patterns, labels, label_task, combine_matches, label_span)
    return c.with_exclude(made, exclude)
