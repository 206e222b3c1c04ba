"""`prodigy.recipes.ner`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from bioactive.annotate.formats import Source
from bioactive.annotate.matcher import PatternMatcher
from bioactive.annotate.preprocess import make_ner_suggestions, resolve_labels
from bioactive.annotate.recipe_files import built_in
from bioactive.annotate.recipes import ner_correct, ner_manual
from bioactive.annotate.sorters import prefer_uncertain
from bioactive.annotate.stream import support_both_streams
from bioactive.annotate.tasks import VIEW_ID, Task
from bioactive.annotate.teach import EntityRecognizer, combine_models

from . import common as c

if TYPE_CHECKING:
    from spacy.language import Language

__all__ = ["correct", "manual", "preprocess_stream", "remove_tokens", "teach"]

MANUAL = {"dataset": c.DATASET, "spacy_model": c.MODEL, "source": c.SOURCE, "loader": c.LOADER, "label": c.LABEL}


@built_in("ner.manual", **MANUAL, patterns=c.PATTERNS, exclude=c.EXCLUDE, highlight_chars=c.CHARS)
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
    """Mark entities by hand, with the matches of patterns to begin with."""
    nlp, stream = c.open_pipeline(spacy_model), c.open_source(source, loader)
    labels = c.show_matches(stream, nlp, patterns, c.labels_of(label))
    made = ner_manual(dataset, nlp, stream, labels)
    return c.with_exclude(made, exclude, highlight_chars=highlight_chars)


@built_in("ner.correct", **MANUAL, update=c.UPDATE, exclude=c.EXCLUDE, unsegmented=c.UNSEGMENTED)
def correct(
    dataset: str,
    spacy_model: str | Language,
    source: Source,
    loader: str | None = None,
    label: c.Labels = None,
    update: bool = False,
    exclude: c.Labels = None,
    unsegmented: bool = False,
) -> dict[str, Any]:
    """Correct the entities that a pipeline suggests."""
    nlp, stream = c.open_pipeline(spacy_model), c.open_source(source, loader)
    made = ner_correct(dataset, nlp, c.cut(stream, nlp, unsegmented), c.labels_of(label) or None)
    if update:
        model = EntityRecognizer(nlp)
        made["update"] = lambda answers: model.update([{VIEW_ID: "ner_manual", **answer} for answer in answers])
    return c.with_exclude(made, exclude)


@built_in("ner.teach", **MANUAL, patterns=c.PATTERNS, exclude=c.EXCLUDE, unsegmented=c.UNSEGMENTED)
def teach(
    dataset: str,
    spacy_model: str | Language,
    source: Source,
    loader: str | None = None,
    label: c.Labels = None,
    patterns: str | None = None,
    exclude: c.Labels = None,
    unsegmented: bool = False,
) -> dict[str, Any]:
    """Accept or reject the uncertain entities of a pipeline, which learns from the answers."""
    nlp, stream = c.open_pipeline(spacy_model), c.open_source(source, loader)
    labels = c.labels_of(label)
    model = EntityRecognizer(nlp, label=labels)
    predict, update = model, model.update
    if patterns is not None:
        matcher = PatternMatcher(nlp, filter_labels=labels or None).from_disk(patterns)
        predict, update = combine_models(model, matcher)  # type: ignore[assignment]
    c.cut(stream, nlp, unsegmented)
    stream.apply(lambda tasks: prefer_uncertain(predict(tasks)))
    stream.source.split = True
    config = {"lang": nlp.lang, "labels": labels, "exclude_by": "task"}
    made = {"dataset": dataset, "view_id": "ner", "stream": stream, "update": update, "config": config}
    return c.with_exclude(made, exclude)


@support_both_streams()
def preprocess_stream(
    stream: Iterable[Task],
    nlp: Language,
    labels: Sequence[str] | None = None,
    unsegmented: bool = False,
    component: str | None = None,
    **_options: Any,
) -> Iterator[Task]:
    """Tasks cut into sentences, with the entities that a pipeline finds."""
    made = c.cut(c.Stream(stream), nlp, unsegmented)
    wanted = labels if labels is not None or component is None else resolve_labels(nlp, component)
    yield from make_ner_suggestions(made, nlp=nlp, component=component, labels=wanted)


@support_both_streams()
def remove_tokens(stream: Iterable[Task]) -> Iterator[Task]:
    """Tasks without their tokens and without the token indices of their spans."""
    for task in stream:
        spans = [
            {key: value for key, value in span.items() if key not in ("token_start", "token_end")}
            for span in task.get("spans") or []
        ]
        made = {key: value for key, value in task.items() if key != "tokens"}
        yield {**made, "spans": spans} if "spans" in task else made
