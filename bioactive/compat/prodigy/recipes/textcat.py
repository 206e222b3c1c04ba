"""`prodigy.recipes.textcat`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bioactive.annotate.formats import Source
from bioactive.annotate.matcher import PatternMatcher
from bioactive.annotate.recipe_files import built_in
from bioactive.annotate.recipes import textcat_correct, textcat_manual
from bioactive.annotate.sorters import prefer_uncertain
from bioactive.annotate.teach import TextClassifier, combine_models

from . import common as c

if TYPE_CHECKING:
    from spacy.language import Language

__all__ = ["correct", "manual", "teach"]

EXCLUSIVE = c.Arg("--exclusive", "-E", help="One label at most fits a text")
EMPTY = c.Arg("--accept-empty", "-AE", help="Take an accepted answer that chooses no label: none fits")
LONG = c.Arg("--long-text", "-L", help="Score long texts line by line")


@built_in(
    "textcat.manual",
    dataset=c.DATASET,
    source=c.SOURCE,
    loader=c.LOADER,
    label=c.LABEL,
    exclusive=EXCLUSIVE,
    exclude=c.EXCLUDE,
    accept_empty=EMPTY,
)
def manual(
    dataset: str,
    source: Source,
    loader: str | None = None,
    label: c.Labels = None,
    exclusive: bool = False,
    exclude: c.Labels = None,
    accept_empty: bool = False,
) -> dict[str, Any]:
    """Give labels to whole texts by hand."""
    made = textcat_manual(dataset, c.open_source(source, loader), c.labels_of(label), exclusive, accept_empty)
    return c.with_exclude(made, exclude)


@built_in(
    "textcat.correct",
    dataset=c.DATASET,
    spacy_model=c.MODEL,
    source=c.SOURCE,
    loader=c.LOADER,
    label=c.LABEL,
    update=c.UPDATE,
    exclude=c.EXCLUDE,
    threshold=c.Arg("--threshold", "-t", help="How likely a label has to be to be chosen from the start"),
    component=c.Arg("--component", "-c", help="Name of the component that suggests"),
)
def correct(
    dataset: str,
    spacy_model: str | Language,
    source: Source,
    loader: str | None = None,
    label: c.Labels = None,
    update: bool = False,
    exclude: c.Labels = None,
    threshold: float = 0.5,
    component: str | None = None,
) -> dict[str, Any]:
    """Correct the labels that a pipeline gives to whole texts."""
    nlp, stream = c.open_pipeline(spacy_model), c.open_source(source, loader)
    made = textcat_correct(dataset, nlp, stream, c.labels_of(label) or None, threshold, component)
    if not update:
        del made["update"]
    return c.with_exclude(made, exclude)


@built_in(
    "textcat.teach",
    dataset=c.DATASET,
    spacy_model=c.MODEL,
    source=c.SOURCE,
    loader=c.LOADER,
    label=c.LABEL,
    patterns=c.PATTERNS,
    long_text=LONG,
    exclude=c.EXCLUDE,
)
def teach(
    dataset: str,
    spacy_model: str | Language,
    source: Source,
    loader: str | None = None,
    label: c.Labels = None,
    patterns: str | None = None,
    long_text: bool = False,
    exclude: c.Labels = None,
) -> dict[str, Any]:
    """Accept or reject labels that a pipeline is unsure of; it learns from the answers."""
    nlp, stream = c.open_pipeline(spacy_model), c.open_source(source, loader)
    labels = c.labels_of(label)
    model = TextClassifier(nlp, labels, long_text=long_text)
    predict, update = model, model.update
    if patterns is not None:
        matcher = PatternMatcher(nlp, label_span=False, label_task=True, filter_labels=model.labels)
        predict, update = combine_models(model, matcher.from_disk(patterns))  # type: ignore[assignment]
    stream.apply(lambda tasks: prefer_uncertain(predict(tasks)))
    stream.source.split = True
    config = {"lang": nlp.lang, "labels": model.labels, "exclude_by": "task"}
    made = {"dataset": dataset, "view_id": "classification", "stream": stream, "update": update, "config": config}
    return c.with_exclude(made, exclude)
