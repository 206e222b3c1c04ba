"""`prodigy.recipes.ner`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from bioactive.annotate.formats import Source
from bioactive.annotate.matcher import PatternMatcher
from bioactive.annotate.preprocess import make_ner_suggestions, resolve_labels, split_sentences
from bioactive.annotate.recipe_files import built_in
from bioactive.annotate.recipes import model_annotate as annotate_by
from bioactive.annotate.recipes import ner_correct, ner_eval_ab, ner_manual
from bioactive.annotate.recipes import silver_to_gold as make_gold
from bioactive.annotate.sorters import prefer_uncertain
from bioactive.annotate.stream import support_both_streams
from bioactive.annotate.tasks import VIEW_ID, Task
from bioactive.annotate.teach import EntityRecognizer, combine_models

from ..components.db import connect
from . import common as c

if TYPE_CHECKING:
    from spacy.language import Language

__all__ = [
    "correct",
    "eval_ab",
    "manual",
    "model_annotate",
    "preprocess_stream",
    "remove_tokens",
    "silver_to_gold",
    "teach",
]

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


@built_in(
    "ner.silver-to-gold",
    dataset=c.DATASET,
    silver_sets=c.Arg(help="Datasets of accepted and rejected spans, with commas between", converter=c.split_string),
    spacy_model=c.MODEL,
    label=c.LABEL,
)
def silver_to_gold(
    dataset: str, silver_sets: str | Sequence[str], spacy_model: str | Language, label: c.Labels = None
) -> dict[str, Any]:
    """Make whole answers of accepted and rejected spans, with the pipeline's best reading that obeys them."""
    nlp = c.open_pipeline(spacy_model)
    return make_gold(dataset, connect(), c.names_of(silver_sets), nlp, c.labels_of(label) or None)


@built_in(
    "ner.eval-ab",
    dataset=c.DATASET,
    model_a=c.MODEL,
    model_b=c.MODEL,
    source=c.SOURCE,
    loader=c.LOADER,
    label=c.LABEL,
    exclude=c.EXCLUDE,
    unsegmented=c.UNSEGMENTED,
)
def eval_ab(
    dataset: str,
    model_a: str | Language,
    model_b: str | Language,
    source: Source,
    loader: str | None = None,
    label: c.Labels = None,
    exclude: c.Labels = None,
    unsegmented: bool = False,
) -> dict[str, Any]:
    """Choose the better of two pipelines' entities, without knowing whose are whose."""
    one, two = c.open_pipeline(model_a), c.open_pipeline(model_b)
    stream = c.open_source(source, loader)
    if not unsegmented:
        stream.apply(split_sentences, nlp=one, stream=stream)
    return c.with_exclude(ner_eval_ab(dataset, one, two, stream, c.labels_of(label) or None), exclude)


@built_in(
    "ner.model-annotate",
    dataset=c.DATASET,
    spacy_model=c.MODEL,
    source=c.SOURCE,
    model_alias=c.Arg(help="Name that the pipeline annotates under"),
    labels=c.Arg("--labels", "-l", help="Labels with commas between, or a file of them", converter=c.get_labels),
    loader=c.LOADER,
)
def model_annotate(
    dataset: str,
    spacy_model: str | Language,
    source: Source,
    model_alias: str,
    labels: c.Labels = None,
    loader: str | None = None,
) -> int:
    """Let a pipeline answer as an annotator; returns how many answers were new."""
    nlp, stream = c.open_pipeline(spacy_model), c.open_source(source, loader)
    new = annotate_by(dataset, connect(), nlp, stream, model_alias, c.labels_of(labels) or None)
    print(f"{new} answers by {model_alias!r} added to {dataset!r}.")
    return new


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
