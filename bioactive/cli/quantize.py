"""`bioactive quantize`: a copy of a pipeline that predicts in 8-bit integers on a CPU."""

from __future__ import annotations

from pathlib import Path

import typer


def quantize_cli(
    model: str = typer.Argument(..., help="Folder of a trained pipeline, or name of an installed one"),
    output: Path = typer.Argument(..., help="Folder to write the quantized pipeline to"),
    data: Path = typer.Option(..., "--data", help="Labelled .spacy file to compare on: held out, not the test set"),
    as_json: bool = typer.Option(False, "--json", help="Print the numbers as JSON instead"),
) -> None:
    """Let a pipeline's encoder multiply 8-bit integers, compare F1 on held-out data, and save both.

    It pays on processors without bf16, where it takes about half of the time.
    """
    import srsly

    from bioactive.evaluation.load import load_pipeline, read_docs
    from bioactive.models.quantize import quantize

    from .progress import progress_bar

    nlp = load_pipeline(model)
    docs = read_docs(data, nlp.vocab)
    with progress_bar("Evaluating") as bar:
        found = quantize(nlp, docs, bar)
    note = nlp.meta["int8"]
    nlp.to_disk(output)
    if as_json:
        typer.echo(srsly.json_dumps({"data": str(data), "output": str(output), **note}, indent=1))
        return
    value, low, high = found.difference
    typer.echo(f"F1 on {data.name}: {note['f1_before']:.4f} before, {note['f1_after']:.4f} in int8")
    typer.echo(f"Difference {value:+.4f}, 95 % interval {low:+.4f} to {high:+.4f}; noted in meta.json")
    typer.echo(f"Written: {output}")
