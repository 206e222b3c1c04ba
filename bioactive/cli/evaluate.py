"""`bioactive evaluate`: scores of a pipeline on a labelled .spacy file, as a table and as JSON."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.table import Table

    from bioactive.evaluation.bootstrap import Interval
    from bioactive.evaluation.evaluate import Evaluation, Score

ROWS = {
    "micro": "micro",
    "macro": "macro (plain mean)",
    "weighted": "weighted by gold",
    "boundary": "edges, any type",
    "word": "words, micro",
    "word_macro": "words, macro",
    "word_weighted": "words, weighted",
}
PIPED_WIDTH = 100


def evaluate_cli(
    model: str = typer.Argument(..., help="Folder of a trained pipeline, or name of an installed one"),
    data: Path = typer.Argument(..., help="Labelled .spacy file"),
    output: Path | None = typer.Option(None, "--output", "-o", help="Write all numbers to this JSON file"),
    as_json: bool = typer.Option(False, "--json", help="Print all numbers as JSON instead of tables"),
    raw: bool = typer.Option(False, "--raw", help="Give the pipeline the raw text, not the gold words"),
    spans_key: str | None = typer.Option(
        None, "--spans-key", "-sc", help="Score doc.spans[KEY], which may nest, not doc.ents"
    ),
    by_sentence: bool = typer.Option(
        False, "--by-sentence", help="Give seqeval one sequence a sentence, not a document"
    ),
    train: Path | None = typer.Option(
        None, "--train", help="Training set (.spacy): score without its sentences and documents as well"
    ),
    by_word: bool = typer.Option(False, "--by-word", help="Print the table of words by type too"),
    seed: int = typer.Option(0, "--seed", help="Seed of the bootstrap"),
    resamples: int = typer.Option(1000, "--resamples", min=1, help="Bootstrap resamples for the 95 % intervals"),
    bins: int = typer.Option(10, "--bins", min=1, help="Bins of the calibration error"),
    batch_size: int = typer.Option(64, "--batch-size", "-bs", min=1, help="Documents a batch"),
    gpu_id: int = typer.Option(-1, "--gpu-id", "-g", help="Number of the GPU; -1 for the CPU"),
    code: Path | None = typer.Option(None, "--code", "-c", help="Python file that registers components of your own"),
) -> None:
    """Score a pipeline: entities by type, edges, words, seqeval and calibration, with 95 % intervals over documents."""
    import srsly

    from bioactive.corpus.seen import Seen
    from bioactive.evaluation.evaluate import evaluate
    from bioactive.evaluation.load import load_pipeline, stream_docs

    from .progress import progress_bar

    nlp = load_pipeline(model, code, gpu_id)
    total, docs = stream_docs(data, nlp.vocab)
    with progress_bar("Evaluating") as bar:
        bar.expect(total)
        result = evaluate(
            nlp,
            docs,
            raw=raw,
            spans_key=spans_key,
            by_sentence=by_sentence,
            batch_size=batch_size,
            resamples=resamples,
            seed=seed,
            bins=bins,
            seen=Seen(stream_docs(train, nlp.vocab)[1]) if train else None,
            on_done=bar.done,
        )
    numbers = {"model": model, "data": str(data), **result.to_dict()}
    if as_json:
        typer.echo(srsly.json_dumps(numbers, indent=1))
    else:
        print_result(result, by_word)
    if output is not None:
        output.parent.mkdir(parents=True, exist_ok=True)
        srsly.write_json(output, numbers)
        typer.echo(f"Written: {output}", err=as_json)


def print_result(result: Evaluation, by_word: bool = False) -> None:
    """Print the tables, and what has to be said of them."""
    from rich.console import Console

    for line in head(result):
        typer.echo(line)
    for line in warnings(result):
        typer.secho(line, fg=typer.colors.YELLOW)
    console = Console(width=None if sys.stdout.isatty() else PIPED_WIDTH)
    console.print(entity_table(result))
    if by_word and result.word_types:
        console.print(score_table(f"Words inside of entities, {result.mode}", result.word_types))
    if result.unseen is not None:
        title = f"Exact entities without {result.unseen.sentences:,} sentences that the training set holds"
        console.print(score_table(title, result.unseen.types, result.unseen.totals))
    for line in notes(result):
        typer.echo(line)


def head(result: Evaluation) -> list[str]:
    """What was compared with what."""
    lines = [f"{result.entities} on {result.mode}: {result.documents:,} documents, {result.words:,} annotated words"]
    if result.missing_words:
        lines.append(
            f"Left out: {result.missing_words:,} words without annotation and {result.ignored:,} predictions on them"
        )
    return lines


def warnings(result: Evaluation) -> list[str]:
    """What the pipeline cannot find, however good it is."""
    lines = []
    if result.unreachable:
        lines.append(f"{result.unreachable:,} gold entities begin or end inside a token and cannot be found")
    if result.missing_labels:
        names = ", ".join(result.missing_labels)
        lines.append(f"Labels that the pipeline does not know, all counted as missed: {names}")
    return lines


def entity_table(result: Evaluation) -> Table:
    """Types, then totals, in per cent, F1 with its interval."""
    title = f"Exact entities, {result.mode}; 95 % intervals over documents"
    return score_table(title, result.types, result.totals)


def score_table(title: str, types: Mapping[str, Score], totals: Mapping[str, Score] | None = None) -> Table:
    """A row a type, and below them a row a total."""
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title)
    table.add_column("", no_wrap=True)
    for name in ("P", "R", "F1", "F1 interval", "gold", "predicted", "correct"):
        table.add_column(name, justify="right", no_wrap=True)
    for label, row in types.items():
        table.add_row(Text(label), *_cells(row))
    table.add_section()
    for name, row in (totals or {}).items():
        table.add_row(ROWS[name], *_cells(row), style="bold" if name == "micro" else None)
    return table


def notes(result: Evaluation) -> list[str]:
    """The numbers that are no entity table: word accuracy, seqeval by reading, calibration."""
    lines = []
    if result.word_accuracy is not None:
        lines.append(f"Word accuracy (label, O included): {_percent(result.word_accuracy)}")
    for mode, name in (("strict", "strict IOB2"), ("default", "default, as conlleval")):
        if mode in result.seqeval:
            found, tags = result.seqeval[mode], result.seqeval[mode]["accuracy"]
            averages = ", ".join(f"{kind} F1 {100 * found[kind]['f1']:.2f}" for kind in ("micro", "macro", "weighted"))
            lines.append(f"seqeval ({name}): {averages}; tag accuracy {100 * tags:.2f}")
    if not result.seqeval:
        lines.append("seqeval: left out, it needs flat entities on the gold tokens")
    found_calibration = result.calibration
    if found_calibration is None:
        lines.append("Calibration: left out, no predicted entity has a confidence")
    else:
        c = found_calibration
        lines.append(
            f"Calibration of {c.entities:,} predicted entities: ECE {c.ece:.4f} ({len(c.table)} equal-width bins), "
            f"{c.adaptive_ece:.4f} (equal-count bins), Brier {c.brier:.4f}"
        )
    return lines


def _cells(row: Score) -> list[str]:
    parts = [f"{100 * part.value:.2f}" for part in (row.precision, row.recall, row.f1)]
    interval = f"{100 * row.f1.low:.2f} to {100 * row.f1.high:.2f}"
    return [*parts, interval, f"{row.gold:,}", f"{row.predicted:,}", f"{row.correct:,}"]


def _percent(found: Interval) -> str:
    return f"{100 * found.value:.2f} ({100 * found.low:.2f} to {100 * found.high:.2f})"
