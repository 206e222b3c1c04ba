"""`bioactive retrain`: learn from the answers of a dataset and keep the result as a revision."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from .db import DB

if TYPE_CHECKING:
    from bioactive.active.loop import Round


def retrain_cli(
    dataset: str = typer.Argument(..., help="Dataset of answers, or a JSONL file that db-out wrote"),
    model: str = typer.Argument(..., help="Pipeline to improve: a folder, or the name of an installed one"),
    train: Path = typer.Option(..., "--train", help="Training corpus, .spacy"),
    dev: Path = typer.Option(..., "--dev", help="Held-out corpus that chooses the best epoch and judges, .spacy"),
    test: Path | None = typer.Option(None, "--test", help="Test corpus, .spacy: scored, decides nothing"),
    models: Path = typer.Option(Path("models"), "--models", help="Folder of the revisions"),
    db: str | None = DB,
    seed: int = typer.Option(0, "--seed", help="Seed of the training"),
    max_epochs: int | None = typer.Option(None, "--max-epochs", help="Epochs; by default as in the pipeline's config"),
    rehearse: int | None = typer.Option(
        None, "--rehearse", min=0, help="Documents of the training corpus to mix with the answers; all by default"
    ),
    trust: float | None = typer.Option(
        None,
        "--trust",
        min=0.5,
        max=1.0,
        help="Train on words beside the answered ones too, where the pipeline gives their tag this probability",
    ),
    force: bool = typer.Option(False, "--force", help="Promote even if dev shows a loss; the manifest says so"),
    as_json: bool = typer.Option(False, "--json", help="Print the manifest as JSON; the training log goes to stderr"),
) -> None:
    """Train again on the corpus and the answers, compare with the pipeline before, write a revision."""
    import srsly

    from bioactive.models.rounds import Plan, learn

    from .progress import progress_bar

    plan = Plan(train, dev, test, rehearse, seed, max_epochs, force, dataset, trust)
    answers = read_answers(dataset, db)
    with progress_bar("Loading") as bar:
        result, manifest, path = learn(model, answers, plan, models, sys.stderr if as_json else sys.stdout, bar)
    if as_json:
        typer.echo(srsly.json_dumps({**vars(manifest), "folder": str(path)}, indent=1))
        return
    for line in summary(result):
        typer.echo(line)
    typer.echo(f"Promoted   {manifest.promoted}")
    typer.echo(f"Revision   {path}")


def read_answers(dataset: str, db: str | None) -> list[dict[str, Any]]:
    """The answers of a dataset, or of a file that was exported."""
    if dataset.endswith(".jsonl"):
        from bioactive.corpus.jsonl import read_jsonl

        return [task for _, task in read_jsonl(Path(dataset))]
    from bioactive.annotate.store import Store

    with Store(db) as store:
        return list(store.iter_examples(dataset))


def summary(result: Round) -> list[str]:
    """What was merged, and F1 before and after, by type."""
    from bioactive.models.rounds import types

    merged = result.merged
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(merged.answers.items()))
    lines = [
        f"Answers    {kinds}; {merged.empty} without information, {merged.combined} on a text with an earlier answer",
        f"Corpus     {merged.replaced} texts with an answer, {merged.left_out} left out of rehearsal",
    ]
    if result.pseudo is not None:
        wrong = result.pseudo.wrong / max(1, result.pseudo.checked)
        lines.append(
            f"Trusted    {result.pseudo.words:,} words beside answers; on dev {wrong:.1%} of such words are wrong"
        )
    lines += [f"Dropped    {count} {kind}" for kind, count, _ in merged.dropped]
    for name in result.before:
        before, after = result.before[name], result.after[name]
        lines.append(f"F1 on {name:5}{before.totals['micro'].f1.value:.3f} -> {after.totals['micro'].f1.value:.3f}")
        lines += [f"  {label:16} {old:.3f} -> {new:.3f}" for label, (old, new) in types(result, name).items()]
    low, high = result.paired.difference.low, result.paired.difference.high
    lines.append(f"Difference {result.paired.difference.value:+.3f} on dev, 95 % interval {low:+.3f} to {high:+.3f}")
    return lines
