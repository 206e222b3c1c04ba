"""`bioactive questions`: yes/no questions about passages, converted, made by rule, and scored."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from bioactive.questions.scores import YesNoScores

questions_app = typer.Typer(help="Yes/no questions about passages: convert, generate, evaluate.", no_args_is_help=True)
LANG = typer.Option("ru", "--lang", "-l", help="Language of the tokenizer")
SEED = typer.Option(0, "--seed", help="Seed of all choices")


@questions_app.command("convert")
def convert_cli(
    sources: list[Path] = typer.Argument(..., help="JSON lines with question, passage and label"),
    output: Path = typer.Option(..., "--output", "-o", help="What to write: .spacy, or .jsonl for ranking and recipes"),
    balance: str = typer.Option("none", "--balance", help="none, or sample: draw the rarer answer again"),
    lang: str = LANG,
    seed: int = SEED,
) -> None:
    """Write questions with their passages as texts that spaCy's textcat learns from."""
    from rich.console import Console

    from bioactive.questions.convert import convert

    from .convert import print_tally

    summary = convert(sources, output, balance, lang, seed)
    for source, counts in summary.answers.items():
        typer.echo(f"{source}: {counts['yes']:,} yes, {counts['no']:,} no")
    print_tally(Console(soft_wrap=True), summary.tally)
    typer.echo(f"Written: {output}, {summary.written:,} texts")


@questions_app.command("generate")
def generate_cli(
    source: Path = typer.Argument(..., help="JSON lines with passages; their questions are not looked at"),
    output: Path = typer.Argument(..., help="Questions to write, as JSON lines"),
    each: int = typer.Option(2, "--each", min=1, help="The most questions with either answer for a passage"),
    verify: str | None = typer.Option(None, "--verify", help="A yes/no pipeline that must agree with the answer"),
    at_least: float = typer.Option(0.5, "--at-least", help="How probable it must hold the answer"),
    seed: int = SEED,
) -> None:
    """Make yes/no questions out of the statements of Russian passages, by rule."""
    from bioactive.corpus.jsonl import write_jsonl
    from bioactive.evaluation.load import load_pipeline
    from bioactive.questions.generate import Report, generate, verified
    from bioactive.questions.pairs import read_passages
    from bioactive.questions.syntax import Parser

    from .progress import counted, progress_bar

    report, passages = Report(), list(read_passages(source))
    with progress_bar("Asking", "passages") as bar:
        bar.expect(len(passages))
        made = generate(counted(passages, bar), Parser(), each=each, seed=seed, report=report)
        if verify is not None:
            made = verified(made, load_pipeline(verify), at_least, report)
        written = write_jsonl((one.to_dict() for one in made), output)
    typer.echo(f"{report.sentences:,} sentences, {report.clauses:,} of them can be asked about")
    for rule, number in report.made.most_common():
        kept = f", {report.kept[rule]:,} verified" if verify is not None else ""
        typer.echo(f"  {rule}: {number:,}{kept}")
    typer.echo(f"Written: {output}, {written:,} questions")


@questions_app.command("evaluate")
def evaluate_cli(
    model: str = typer.Argument(..., help="A yes/no pipeline"),
    test: Path = typer.Argument(..., help="Questions to score, .spacy"),
    dev: Path | None = typer.Option(None, "--dev", help="Questions to tune the threshold on, .spacy"),
    train: Path | None = typer.Option(None, "--train", help="Training questions for the baselines, .spacy"),
    output: Path | None = typer.Option(None, "--output", "-o", help="Write all numbers as JSON"),
) -> None:
    """Accuracy and the scores of each answer, beside the majority and a model that sees no passage."""
    import json

    from bioactive.evaluation.load import load_pipeline
    from bioactive.questions.evaluate import evaluate

    from .progress import progress_bar

    with progress_bar("Loading", "questions") as bar:
        found = evaluate(load_pipeline(model), test, dev, train, bar)
    typer.echo(f"threshold {found.threshold:.3f}")
    for name, scores in found.systems.items():
        for line in _lines(name, scores):
            typer.echo(line)
    if output is not None:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(json.dumps(found.to_dict(), indent=1) + "\n", encoding="utf8")
        typer.echo(f"Written: {output}")


def _lines(name: str, scores: YesNoScores) -> list[str]:
    rows = [f"{name}: accuracy {scores.accuracy}"]
    for label, own in scores.classes.items():
        rows.append(
            f"  {label:3}  precision {own.precision.value:.3f}  recall {own.recall.value:.3f}  F1 {own.f1}"
            f"  of {own.gold:,}"
        )
    return rows
