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
    force: bool = typer.Option(False, "--force", help="Promote even if dev shows a loss; the manifest says so"),
) -> None:
    """Train again on the corpus and the answers, compare with the pipeline before, write a revision."""
    import tempfile

    from bioactive.active.loop import retrain
    from bioactive.models.revisions import Manifest, Revisions

    answers = _answers(dataset, db)
    overrides: dict[str, Any] = {"system.seed": seed}
    if max_epochs is not None:
        overrides["training.max_epochs"] = max_epochs
    revisions = Revisions(models)
    models.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=models, prefix=".training-") as folder:
        result = retrain(model, answers, train, dev, Path(folder), test=test, overrides=overrides, log=sys.stdout)
        for line in summary(result):
            typer.echo(line)
        why = _promotion(result, force)
        manifest = Manifest(
            name=revisions.next_name(sum(result.merged.answers.values())),
            parent=str(model),
            answers=result.merged.answers,
            data=result.data,
            metrics=_metrics(result),
            promoted=why,
        )
        path = revisions.publish(result.pipeline, manifest)
    if not why.startswith("no"):
        revisions.promote(manifest.name)
    typer.echo(f"Promoted   {why}")
    typer.echo(f"Revision   {path}")


def _answers(dataset: str, db: str | None) -> list[dict[str, Any]]:
    """The answers of a dataset, or of a file that was exported."""
    if dataset.endswith(".jsonl"):
        from bioactive.corpus.jsonl import read_jsonl

        return [task for _, task in read_jsonl(Path(dataset))]
    from bioactive.annotate.store import Store

    with Store(db) as store:
        return list(store.iter_examples(dataset))


def summary(result: Round) -> list[str]:
    """What was merged, and F1 before and after, by type."""
    merged = result.merged
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(merged.answers.items()))
    lines = [f"Answers    {kinds}; {merged.replaced} texts of the corpus replaced, {merged.empty} without information"]
    lines += [f"Dropped    {count} {kind}" for kind, count, _ in merged.dropped]
    for name in result.before:
        before, after = result.before[name], result.after[name]
        lines.append(f"F1 on {name:5}{before.totals['micro'].f1.value:.3f} -> {after.totals['micro'].f1.value:.3f}")
        for label in sorted(after.types):
            old = before.types[label].f1.value if label in before.types else 0.0
            lines.append(f"  {label:16} {old:.3f} -> {after.types[label].f1.value:.3f}")
    low, high = result.paired.difference.low, result.paired.difference.high
    lines.append(f"Difference {result.paired.difference.value:+.3f} on dev, 95 % interval {low:+.3f} to {high:+.3f}")
    return lines


def _promotion(result: Round, force: bool) -> str:
    if not result.shows_a_loss:
        return "yes: the paired bootstrap on dev shows no loss"
    return "forced, although dev shows a loss" if force else "no: dev shows a loss; --force promotes all the same"


def _metrics(result: Round) -> dict[str, Any]:
    scores = {
        f"{name}_{when}": [*evaluation.totals["micro"].f1]
        for when, side in (("before", result.before), ("after", result.after))
        for name, evaluation in side.items()
    }
    return {**scores, "dev_difference": [*result.paired.difference]}
