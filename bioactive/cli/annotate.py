"""The commands that serve tasks on a page and take the answers: `bioactive ner.manual` and its like."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from .db import DB
from .serving import serving, split_labels, task_source

if TYPE_CHECKING:
    from bioactive.annotate.store import Store

DATASET = typer.Argument(..., help="Dataset that the answers go to; made if need be")
SOURCE = typer.Argument(..., help="Texts or tasks: a .jsonl, .txt or .spacy file, or '-' for standard input")
LOADER = typer.Option(
    None, "--loader", "-lo", help="Read the source as jsonl, json, txt, csv or tsv (default: by its ending)"
)
LABEL = typer.Option(..., "--label", "-l", help="Labels to choose from, with commas between")
MODEL_LABEL = typer.Option(None, "--label", "-l", help="Labels to show, with commas between (default: the pipeline's)")
PATTERNS = typer.Option(None, "--patterns", help="JSONL file of patterns whose matches are shown as suggestions")
PIPELINE = typer.Argument(..., help="Language code (en, ru), or a pipeline whose tokenizer is used")
MODEL = typer.Argument(..., help="Pipeline that suggests: a folder, or the name of an installed one")


@serving
def ner_correct_cli(
    store: Store,
    dataset: str = DATASET,
    model: str = MODEL,
    source: str = SOURCE,
    loader: str | None = LOADER,
    label: str | None = MODEL_LABEL,
) -> dict[str, Any]:
    """Correct the entities that a pipeline suggests, in the browser."""
    from bioactive.annotate.recipes import load_pipeline, ner_correct

    return ner_correct(dataset, load_pipeline(model), task_source(source, loader), split_labels(label))


@serving
def spans_correct_cli(
    store: Store,
    dataset: str = DATASET,
    model: str = MODEL,
    source: str = SOURCE,
    loader: str | None = LOADER,
    label: str | None = MODEL_LABEL,
    spans_key: str = typer.Option("sc", "--spans-key", help="Key of doc.spans that the suggestions are under"),
) -> dict[str, Any]:
    """Correct the spans that a pipeline suggests, which may overlap, in the browser."""
    from bioactive.annotate.recipes import load_pipeline, spans_correct

    return spans_correct(
        dataset, load_pipeline(model), task_source(source, loader), split_labels(label), spans_key=spans_key
    )


@serving
def ner_teach_cli(
    store: Store,
    dataset: str = DATASET,
    model: str = MODEL,
    source: str = SOURCE,
    loader: str | None = LOADER,
    label: str | None = MODEL_LABEL,
    share: float = typer.Option(
        0.1, "--share", min=0.0, max=1.0, help="Part of the candidates that is asked about: the least certain"
    ),
) -> dict[str, Any]:
    """Accept or reject the entities that a pipeline is not certain of, one at a time."""
    from bioactive.annotate.recipes import load_pipeline, ner_teach

    nlp, texts = load_pipeline(model), task_source(source, loader)
    return ner_teach(dataset, nlp, texts, split_labels(label), share=share)


@serving
def ner_manual_cli(
    store: Store,
    dataset: str = DATASET,
    pipeline: str = PIPELINE,
    source: str = SOURCE,
    loader: str | None = LOADER,
    label: str = LABEL,
    patterns: Path | None = PATTERNS,
) -> dict[str, Any]:
    """Mark entities by hand, in the browser."""
    from bioactive.annotate.recipes import load_pipeline, ner_manual

    return ner_manual(dataset, load_pipeline(pipeline), task_source(source, loader), split_labels(label), patterns)


@serving
def spans_manual_cli(
    store: Store,
    dataset: str = DATASET,
    pipeline: str = PIPELINE,
    source: str = SOURCE,
    loader: str | None = LOADER,
    label: str = LABEL,
    patterns: Path | None = PATTERNS,
) -> dict[str, Any]:
    """Mark spans that may overlap, in the browser."""
    from bioactive.annotate.recipes import load_pipeline, spans_manual

    return spans_manual(dataset, load_pipeline(pipeline), task_source(source, loader), split_labels(label), patterns)


@serving
def match_cli(
    store: Store,
    dataset: str = DATASET,
    pipeline: str = PIPELINE,
    source: str = SOURCE,
    loader: str | None = LOADER,
    patterns: Path = typer.Option(..., "--patterns", help="JSONL file of patterns"),
    label: str = typer.Option("", "--label", "-l", help="Labels of the patterns to use (default: all)"),
    label_task: bool = typer.Option(False, "--label-task", help="Ask whether the label fits the whole text"),
    label_span: bool = typer.Option(False, "--label-span", help="With --label-task, give the matches their label too"),
    combine: bool = typer.Option(False, "--combine", "--combine-matches", help="Show all matches of a text together"),
) -> dict[str, Any]:
    """Accept or reject the matches of patterns, in the browser."""
    from bioactive.annotate.recipes import load_pipeline, match

    nlp, labels, texts = load_pipeline(pipeline), split_labels(label), task_source(source, loader)
    return match(dataset, nlp, texts, patterns, labels, label_task, combine, label_span)


@serving
def textcat_teach_cli(
    store: Store,
    dataset: str = DATASET,
    model: str = MODEL,
    source: str = SOURCE,
    loader: str | None = LOADER,
    label: str | None = MODEL_LABEL,
) -> dict[str, Any]:
    """Accept or reject a pipeline's labels of whole texts, the least certain first."""
    from bioactive.annotate.recipes import load_pipeline, textcat_teach

    return textcat_teach(dataset, load_pipeline(model), task_source(source, loader), split_labels(label))


@serving
def ner_eval_ab_cli(
    store: Store,
    dataset: str = DATASET,
    first: str = typer.Argument(..., help="One pipeline"),
    second: str = typer.Argument(..., help="The other pipeline"),
    source: str = SOURCE,
    loader: str | None = LOADER,
    label: str = typer.Option("", "--label", "-l", help="Labels to compare (default: all)"),
    seed: int = typer.Option(0, "--seed", help="Decides which of the two stands first"),
) -> dict[str, Any]:
    """Choose the better of two pipelines' answers without knowing whose is whose, in the browser."""
    from bioactive.annotate.recipes import load_pipeline, ner_eval_ab

    one, two = load_pipeline(first), load_pipeline(second)
    return ner_eval_ab(dataset, one, two, task_source(source, loader), split_labels(label), seed, typer.echo)


@serving
def silver_to_gold_cli(
    store: Store,
    dataset: str = DATASET,
    names: str = typer.Argument(..., help="Datasets of accepted and rejected spans, with commas between"),
    model: str = MODEL,
    label: str | None = MODEL_LABEL,
) -> dict[str, Any]:
    """Correct a pipeline's best reading that obeys binary answers, so that whole answers come of them."""
    from bioactive.annotate.recipes import load_pipeline, silver_to_gold

    return silver_to_gold(dataset, store, split_labels(names), load_pipeline(model), split_labels(label))


def model_annotate_cli(
    dataset: str = DATASET,
    model: str = MODEL,
    source: str = SOURCE,
    name: str = typer.Option("model", "--name", help="Name that the pipeline annotates under"),
    label: str | None = MODEL_LABEL,
    db: str | None = DB,
) -> None:
    """Let a pipeline answer as an annotator, to compare it with people."""
    from bioactive.annotate.recipes import load_pipeline, model_annotate
    from bioactive.annotate.store import Store

    with Store(db) as store:
        new = model_annotate(dataset, store, load_pipeline(model), task_source(source), name, split_labels(label))
    typer.echo(f"{new} answers by {name!r} added to {dataset!r}.")


def print_stream_cli(
    model: str = typer.Argument(..., help="Pipeline whose suggestions are shown, or a language code"),
    source: str = SOURCE,
    label: str | None = MODEL_LABEL,
    number: int = typer.Option(0, "--number", "-n", min=0, help="How many to print; 0 for all"),
) -> None:
    """Print the tasks of a source, a line each, with what a pipeline finds in brackets."""
    from itertools import islice

    from bioactive.annotate.exchange import written
    from bioactive.annotate.loaders import load_source
    from bioactive.annotate.recipes import load_pipeline, ner_correct
    from bioactive.annotate.recipes.common import pipeline_labels

    nlp = load_pipeline(model)
    if pipeline_labels(nlp):
        stream = ner_correct("print-stream", nlp, task_source(source), split_labels(label))["stream"]
    else:
        stream = load_source(task_source(source), nlp.vocab)
    for task in islice(stream, number or None):
        typer.echo(written(task))


@serving
def textcat_manual_cli(
    store: Store,
    dataset: str = DATASET,
    source: str = SOURCE,
    loader: str | None = LOADER,
    label: str = LABEL,
    exclusive: bool = typer.Option(False, "--exclusive", help="One label at most fits a text"),
    accept_empty: bool = typer.Option(
        True, "--accept-empty/--require-label", help="Whether an accepted answer may choose no label: none fits"
    ),
) -> dict[str, Any]:
    """Give labels to whole texts, in the browser."""
    from bioactive.annotate.recipes import textcat_manual

    return textcat_manual(dataset, task_source(source, loader), split_labels(label), exclusive, accept_empty)


@serving
def mark_cli(
    store: Store,
    dataset: str = DATASET,
    source: str = SOURCE,
    loader: str | None = LOADER,
    view_id: str = typer.Option("ner_manual", "--view-id", help="View that shows the tasks"),
    label: str = typer.Option("", "--label", "-l", help="Labels to choose from, with commas between"),
) -> dict[str, Any]:
    """Go through tasks as they are, and accept or reject each, in the browser."""
    from bioactive.annotate.recipes import mark

    return mark(dataset, task_source(source, loader), view_id, split_labels(label))


@serving
def review_cli(
    store: Store,
    dataset: str = DATASET,
    names: str = typer.Argument(..., help="Datasets to compare, with commas between"),
    label: str = typer.Option("", "--label", "-l", help="Labels to choose from (default: those in the answers)"),
    auto_accept: bool = typer.Option(False, "--auto-accept", help="Store at once what all agree on"),
    singles: bool = typer.Option(False, "--singles", help="Show texts with one answer as well"),
    accept_single: bool = typer.Option(
        False, "--accept-single", help="With --auto-accept, store what one alone answered too"
    ),
    show_skipped: bool = typer.Option(False, "--show-skipped", help="Show ignored answers as well"),
    view_id: str | None = typer.Option(None, "--view-id", help="View that shows the answers (default: theirs)"),
) -> dict[str, Any]:
    """Decide between the answers of several people, in the browser."""
    from bioactive.annotate.recipes import review

    more = (auto_accept, singles, accept_single, show_skipped, view_id)
    return review(dataset, store, split_labels(names), split_labels(label), *more)
