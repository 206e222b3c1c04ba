"""The commands that serve tasks on a page and take the answers: `bioactive ner.manual` and its like."""

from __future__ import annotations

import contextlib
import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from .db import DB

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastapi import FastAPI

    from bioactive.annotate.access import Access
    from bioactive.annotate.controller import Controller
    from bioactive.annotate.store import Store

    RecipeOf = Callable[[Store], dict[str, Any]]

DATASET = typer.Argument(..., help="Dataset that the answers go to; made if need be")
SOURCE = typer.Argument(..., help="Texts or tasks: a .jsonl, .txt or .spacy file, or '-' for standard input")
# None: what the settings files, the environment and the recipe say, else the default of `annotate.config`.
HOST = typer.Option(None, "--host", help="Address to listen on (default: localhost)")
PORT = typer.Option(None, "--port", "-p", min=0, max=65535, help="Port; 0 for any that is free (default: 8080)")
BATCH = typer.Option(None, "--batch-size", min=1, help="Tasks that the page gets at a time (default: 10)")
TARGET = typer.Option(None, "--target", min=0, help="Number of answers to aim at, for the progress bar")
LEASE = typer.Option(
    None, "--lease", min=1, help="Seconds after which a task comes back from an absent annotator (default: 900)"
)
EXCLUDE = typer.Option("", "--exclude", help="Datasets whose answers are not asked for again, with commas between")
SET = typer.Option([], "--set", help="Any setting, as NAME=VALUE; may be repeated. docs/recipes.md lists them")
LABEL = typer.Option(..., "--label", "-l", help="Labels to choose from, with commas between")
MODEL_LABEL = typer.Option(None, "--label", "-l", help="Labels to show, with commas between (default: the pipeline's)")
PATTERNS = typer.Option(None, "--patterns", help="JSONL file of patterns whose matches are shown as suggestions")
PIPELINE = typer.Argument(..., help="Language code (en, ru), or a pipeline whose tokenizer is used")
MODEL = typer.Argument(..., help="Pipeline that suggests: a folder, or the name of an installed one")


def serving(command: Callable[..., RecipeOf]) -> Callable[..., None]:
    """A command that serves a recipe: after its own options come those that all such commands share.

    command (Callable[..., RecipeOf]): Has the options, and gives what makes the recipe once the database is open: a
        wrong address is told before a pipeline takes seconds to load.
    RETURNS (Callable[..., None]): The command for typer, which reads the options off its signature.
    """
    own = inspect.signature(command).parameters
    shared = list(inspect.signature(_serve).parameters.values())[1:]

    def served(**given: Any) -> None:
        _serve(command(**{name: given.pop(name) for name in own}), **given)

    options = [*own.values(), *shared]
    served.__name__, served.__doc__ = command.__name__, command.__doc__
    served.__annotations__ = {option.name: option.annotation for option in options}
    served.__signature__ = inspect.Signature(options)  # type: ignore[attr-defined]
    return served


def _serve(
    make_recipe: RecipeOf,
    db: str | None = DB,
    host: str | None = HOST,
    port: int | None = PORT,
    batch_size: int | None = BATCH,
    target: int | None = TARGET,
    lease: int | None = LEASE,
    exclude: str = EXCLUDE,
    settings: list[str] = SET,
) -> None:
    from bioactive.annotate.config import read_setting
    from bioactive.annotate.opening import serve_early

    named = {"host": host, "port": port, "batch_size": batch_size, "total_examples_target": target}
    given = {key: value for key, value in {**named, "lease_seconds": lease}.items() if value is not None}
    config = {**dict(map(read_setting, settings)), **given}
    made: list[Controller] = []

    def make(access: Access | None) -> FastAPI:
        # All that takes seconds, imports included, happens while the page is open.
        from bioactive.annotate.controller import Controller
        from bioactive.annotate.server import create_app
        from bioactive.annotate.store import Store

        store = Store(db)
        recipe = make_recipe(store)
        more = {"exclude": split_labels(exclude)} if exclude else {}
        made.append(Controller({**recipe, **more}, store, config))
        typer.echo(ready(made[0]))
        return create_app(made[0], access)

    with contextlib.suppress(KeyboardInterrupt):
        serve_early(make, config, say_where)
    if made:
        say_goodbye(made[0])
        made[0].db.close()


def say_goodbye(controller: Controller) -> None:
    """Print what was answered, and what was left out."""
    typer.echo(f"{controller.total_annotated} answers in dataset {controller.dataset!r}.")
    for reason, times in controller.stream.source.tally.counts.items():
        typer.echo(f"{times} {reason}")


def greet(controller: Controller, url: str) -> None:
    """Print where the page is, and what was answered before."""
    say_where(url, controller.config["host"])
    typer.echo(ready(controller))


def say_where(url: str, host: str) -> None:
    """Print where the page is, and who may open it."""
    from bioactive.annotate.guard import is_loopback

    typer.echo(f"Annotate at {url}")
    if not is_loopback(host) and "token=" in url:
        typer.secho("Whoever has this address can read and answer.", fg="yellow", err=True)


def ready(controller: Controller) -> str:
    """Where the answers go, and how many there are."""
    place = f"dataset {controller.dataset!r} in {controller.db.database.name}"
    return f"Answers go to {place}; {controller.total_annotated} are there. Ctrl+C ends."


@serving
def ner_correct_cli(
    dataset: str = DATASET,
    model: str = MODEL,
    source: str = SOURCE,
    label: str | None = MODEL_LABEL,
) -> RecipeOf:
    """Correct the entities that a pipeline suggests, in the browser."""
    from bioactive.annotate.recipes import load_pipeline, ner_correct

    return lambda store: ner_correct(dataset, load_pipeline(model), task_source(source), split_labels(label))


@serving
def spans_correct_cli(
    dataset: str = DATASET,
    model: str = MODEL,
    source: str = SOURCE,
    label: str | None = MODEL_LABEL,
    spans_key: str = typer.Option("sc", "--spans-key", help="Key of doc.spans that the suggestions are under"),
) -> RecipeOf:
    """Correct the spans that a pipeline suggests, which may overlap, in the browser."""
    from bioactive.annotate.recipes import load_pipeline, spans_correct

    return lambda store: spans_correct(
        dataset, load_pipeline(model), task_source(source), split_labels(label), spans_key=spans_key
    )


@serving
def ner_teach_cli(
    dataset: str = DATASET,
    model: str = MODEL,
    source: str = SOURCE,
    label: str | None = MODEL_LABEL,
) -> RecipeOf:
    """Accept or reject a pipeline's entities one at a time, the least certain first."""
    from bioactive.annotate.recipes import load_pipeline, ner_teach

    return lambda store: ner_teach(dataset, load_pipeline(model), task_source(source), split_labels(label))


@serving
def ner_manual_cli(
    dataset: str = DATASET,
    pipeline: str = PIPELINE,
    source: str = SOURCE,
    label: str = LABEL,
    patterns: Path | None = PATTERNS,
) -> RecipeOf:
    """Mark entities by hand, in the browser."""
    from bioactive.annotate.recipes import load_pipeline, ner_manual

    return lambda store: ner_manual(
        dataset, load_pipeline(pipeline), task_source(source), split_labels(label), patterns
    )


@serving
def spans_manual_cli(
    dataset: str = DATASET,
    pipeline: str = PIPELINE,
    source: str = SOURCE,
    label: str = LABEL,
    patterns: Path | None = PATTERNS,
) -> RecipeOf:
    """Mark spans that may overlap, in the browser."""
    from bioactive.annotate.recipes import load_pipeline, spans_manual

    return lambda store: spans_manual(
        dataset, load_pipeline(pipeline), task_source(source), split_labels(label), patterns
    )


@serving
def match_cli(
    dataset: str = DATASET,
    pipeline: str = PIPELINE,
    source: str = SOURCE,
    patterns: Path = typer.Option(..., "--patterns", help="JSONL file of patterns"),
    label: str = typer.Option("", "--label", "-l", help="Labels of the patterns to use (default: all)"),
    label_task: bool = typer.Option(False, "--label-task", help="Ask whether the label fits the whole text"),
    label_span: bool = typer.Option(False, "--label-span", help="With --label-task, give the matches their label too"),
    combine: bool = typer.Option(False, "--combine", "--combine-matches", help="Show all matches of a text together"),
) -> RecipeOf:
    """Accept or reject the matches of patterns, in the browser."""
    from bioactive.annotate.recipes import load_pipeline, match

    def make(store: Store) -> dict[str, Any]:
        nlp, labels = load_pipeline(pipeline), split_labels(label)
        return match(dataset, nlp, task_source(source), patterns, labels, label_task, combine, label_span)

    return make


@serving
def textcat_teach_cli(
    dataset: str = DATASET,
    model: str = MODEL,
    source: str = SOURCE,
    label: str | None = MODEL_LABEL,
) -> RecipeOf:
    """Accept or reject a pipeline's labels of whole texts, the least certain first."""
    from bioactive.annotate.recipes import load_pipeline, textcat_teach

    return lambda store: textcat_teach(dataset, load_pipeline(model), task_source(source), split_labels(label))


@serving
def ner_eval_ab_cli(
    dataset: str = DATASET,
    first: str = typer.Argument(..., help="One pipeline"),
    second: str = typer.Argument(..., help="The other pipeline"),
    source: str = SOURCE,
    label: str = typer.Option("", "--label", "-l", help="Labels to compare (default: all)"),
    seed: int = typer.Option(0, "--seed", help="Decides which of the two stands first"),
) -> RecipeOf:
    """Choose the better of two pipelines' answers without knowing whose is whose, in the browser."""
    from bioactive.annotate.recipes import load_pipeline, ner_eval_ab

    def make(store: Store) -> dict[str, Any]:
        one, two = load_pipeline(first), load_pipeline(second)
        return ner_eval_ab(dataset, one, two, task_source(source), split_labels(label), seed, typer.echo)

    return make


@serving
def silver_to_gold_cli(
    dataset: str = DATASET,
    names: str = typer.Argument(..., help="Datasets of accepted and rejected spans, with commas between"),
    model: str = MODEL,
    label: str | None = MODEL_LABEL,
) -> RecipeOf:
    """Correct a pipeline's best reading that obeys binary answers, so that whole answers come of them."""
    from bioactive.annotate.recipes import load_pipeline, silver_to_gold

    return lambda store: silver_to_gold(dataset, store, split_labels(names), load_pipeline(model), split_labels(label))


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
    dataset: str = DATASET,
    source: str = SOURCE,
    label: str = LABEL,
    exclusive: bool = typer.Option(False, "--exclusive", help="One label at most fits a text"),
    accept_empty: bool = typer.Option(
        True, "--accept-empty/--require-label", help="Whether an accepted answer may choose no label: none fits"
    ),
) -> RecipeOf:
    """Give labels to whole texts, in the browser."""
    from bioactive.annotate.recipes import textcat_manual

    return lambda store: textcat_manual(dataset, task_source(source), split_labels(label), exclusive, accept_empty)


@serving
def mark_cli(
    dataset: str = DATASET,
    source: str = SOURCE,
    view_id: str = typer.Option("ner_manual", "--view-id", help="View that shows the tasks"),
    label: str = typer.Option("", "--label", "-l", help="Labels to choose from, with commas between"),
) -> RecipeOf:
    """Go through tasks as they are, and accept or reject each, in the browser."""
    from bioactive.annotate.recipes import mark

    return lambda store: mark(dataset, task_source(source), view_id, split_labels(label))


@serving
def review_cli(
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
) -> RecipeOf:
    """Decide between the answers of several people, in the browser."""
    from bioactive.annotate.recipes import review

    more = (auto_accept, singles, accept_single, show_skipped, view_id)
    return lambda store: review(dataset, store, split_labels(names), split_labels(label), *more)


def split_labels(labels: str | None) -> list[str]:
    """The labels of an option: "A, B" -> ["A", "B"], each once."""
    return list(dict.fromkeys(label.strip() for label in (labels or "").split(",") if label.strip()))


def task_source(source: str) -> str | Path:
    """The source of an argument: a path, or "-" for standard input."""
    return source if source == "-" else Path(source)
