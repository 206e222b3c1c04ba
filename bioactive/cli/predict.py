"""`bioactive predict`: the entities that a pipeline finds in a pool, in the order of the pool."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from bioactive.active.predict import Predicted


def predict_cli(
    model: str = typer.Argument(..., help="Folder of a trained pipeline, or name of an installed one"),
    source: Path = typer.Argument(..., help="Texts: .jsonl, .txt (a text a line) or .spacy"),
    output: Path = typer.Argument(
        ..., help="Tasks with tokens and spans (.jsonl), Docs (.spacy), rows of words (.tsv), or a folder (brat)"
    ),
    format: str = typer.Option("auto", "--format", "-f", help="jsonl, spacy, tsv, brat; auto goes by the ending"),
    spans_key: str | None = typer.Option(
        None, "--spans-key", "-sc", help="Write doc.spans[KEY], which may nest, not doc.ents"
    ),
    text_key: str = typer.Option("text", "--text-key", help="Key of the text in a .jsonl file"),
    batch_size: int = typer.Option(64, "--batch-size", "-bs", min=1, help="Texts a batch"),
    docs_per_file: int = typer.Option(
        100_000, "--docs-per-file", min=1, help="Longer .spacy output becomes OUTPUT-00001.spacy and so on"
    ),
    restart: bool = typer.Option(False, "--restart", help="Begin anew where a run that was stopped would go on"),
    gpu_id: int = typer.Option(-1, "--gpu-id", "-g", help="Number of the GPU; -1 for the CPU"),
    code: Path | None = typer.Option(None, "--code", "-c", help="Python file that registers components of your own"),
) -> None:
    """Find the entities in texts, each with its confidence."""
    from bioactive.active.files import Run, predict_file
    from bioactive.active.outputs import TSV, format_of
    from bioactive.active.predict import PredictOptions
    from bioactive.evaluation.load import load_pipeline

    from .progress import progress_bar
    from .rank import resumed

    kind = format_of(output, format)
    nlp = load_pipeline(model, code, gpu_id)
    with progress_bar("Predicting") as bar:
        options = PredictOptions(spans_key, batch_size, text_key, word_scores=kind == TSV)
        run = Run(nlp, source, output, code, restart, bar)
        predicted, written = predict_file(run, options, docs_per_file, kind)
    for line in [*resumed(bar.skipped), *report(predicted)]:
        typer.echo(line)
    for path in written:
        typer.echo(f"Written: {path}")


def report(predicted: Predicted) -> list[str]:
    """What was found and what was not looked at, in words."""
    lines = [f"Found {predicted.entities:,} entities in {predicted.seen:,} texts"]
    parts = {
        "blank": predicted.empty,
        "too long and left as they are": predicted.too_long,
        "answered as the same text before": predicted.repeated,
    }
    if any(parts.values()):
        lines.append("Of these " + ", ".join(f"{number:,} {name}" for name, number in parts.items() if number))
    return lines
