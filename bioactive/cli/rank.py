"""`bioactive rank`: the texts of a pool that a pipeline is least sure of, as annotation tasks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bioactive.active.rank import Ranking


def rank_cli(
    model: str = typer.Argument(..., help="Folder of a trained pipeline, or name of an installed one"),
    pool: Path = typer.Argument(..., help="Texts: .jsonl, .txt (a text a line) or .spacy"),
    output: Path = typer.Argument(..., help="Tasks, the least certain first (.jsonl)"),
    measure: str = typer.Option("mnlp", "--measure", "-m", help="mnlp, entropy, margin, random, ...: see the docs"),
    n: int | None = typer.Option(None, "--number", "-n", min=1, help="How many to keep; all by default"),
    seed: int = typer.Option(0, "--seed", help="Decides ties, and the order of 'random'"),
    text_key: str = typer.Option("text", "--text-key", help="Key of the text in a .jsonl file"),
    batch_size: int = typer.Option(64, "--batch-size", "-bs", min=1, help="Texts a batch"),
    suggest: bool = typer.Option(True, "--suggest/--no-suggest", help="Add the predicted spans to the tasks"),
    code: Path | None = typer.Option(None, "--code", "-c", help="Python file that registers components of your own"),
) -> None:
    """Rank a pool of texts by how unsure a pipeline is about them."""
    import srsly

    from bioactive.active.measures import get_measure
    from bioactive.active.pool import read_pool
    from bioactive.active.rank import rank_pool
    from bioactive.errors import error
    from bioactive.evaluation.load import load_pipeline

    get_measure(measure)  # a misspelt name should not wait for the model
    nlp = load_pipeline(model, code)
    items = _progress(read_pool(pool, nlp.vocab, text_key))
    options = {"batch_size": batch_size, "text_key": text_key, "suggest": suggest}
    ranking = rank_pool(nlp, items, measure, n, seed, **options)  # type: ignore[arg-type]
    if not ranking.tasks:
        raise error("B326", path=pool, seen=ranking.seen, empty=ranking.empty, too_long=ranking.too_long)
    output.parent.mkdir(parents=True, exist_ok=True)
    srsly.write_jsonl(output, ranking.tasks)
    for line in report(ranking, n):
        typer.echo(line)
    typer.echo(f"Written: {output}")


def report(ranking: Ranking, n: int | None) -> list[str]:
    """What was ranked and what was left out, in words."""
    first, last = ranking.tasks[0]["score"], ranking.tasks[-1]["score"]
    lines = [
        f"Ranked {ranking.scored:,} texts ({ranking.words:,} words) by {ranking.measure}; kept {len(ranking.tasks):,}, "
        f"scores {first:.4f} to {last:.4f}"
    ]
    left_out = {"blank": ranking.empty, "repeated": ranking.duplicates, "too long": ranking.too_long}
    if any(left_out.values()):
        parts = ", ".join(f"{number:,} {name}" for name, number in left_out.items() if number)
        lines.append(f"Left out of {ranking.seen:,}: {parts}")
    if n is not None and len(ranking.tasks) < n:
        lines.append(f"The pool has fewer texts than the {n:,} asked for")
    return lines


def _progress(items: Iterable) -> Iterator:
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(),
        TextColumn("Ranking {task.completed:,} texts"),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
    )
    # On stderr, as it is no result; its length is not known, since the pool is a stream.
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=None, rate="")
        for number, item in enumerate(items, start=1):
            elapsed = progress.tasks[0].elapsed or 0.0
            progress.update(task, completed=number, rate=f"{number / elapsed:,.0f} texts/s" if elapsed else "")
            yield item
