"""`bioactive models`: the revisions of a folder: what they are, how they differ, which one is in use."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from .model_tables import change_lines, comparison_dict, comparison_table, entry_line, revision_table, rows_of

if TYPE_CHECKING:
    from rich.table import Table

models_app = typer.Typer(help="Revisions of a pipeline: list, compare, promote, share.", no_args_is_help=True)
PIPED_WIDTH = 160
MODELS = typer.Option(Path("models"), "--models", help="Folder of the revisions")
WHO = typer.Option("", "--who", help="Who decides it; the user that runs this by default")
WHY = typer.Option("", "--why", help="The reason, for the log")
JSON = typer.Option(False, "--json", help="Print JSON instead")


@models_app.command("list")
def list_cli(models: Path = MODELS, as_json: bool = JSON) -> None:
    """List the revisions, oldest first; the one in use has a star."""
    from bioactive.models.revisions import Revisions

    rows = rows_of(Revisions(models))
    if as_json:
        _print_json(rows)
    elif not rows:
        typer.echo(f"No revisions in {models}")
    else:
        _print_table(revision_table(rows))


@models_app.command("show")
def show_cli(
    name: str = typer.Argument("current", help="A revision, or current"),
    models: Path = MODELS,
    verify: bool = typer.Option(False, "--verify", help="Compare its files with their checksums"),
    as_json: bool = JSON,
) -> None:
    """Print what is recorded of a revision: its model card, and where it lies."""
    from bioactive.models.card import card
    from bioactive.models.revisions import MANIFEST, read_manifest

    folder = _folder(models, name)
    if verify:
        from bioactive.models import get

        get(name, models)
    manifest = read_manifest(folder / MANIFEST)
    if as_json:
        _print_json({**vars(manifest), "folder": str(folder), "bytes": manifest.size})
        return
    typer.echo(card(manifest, folder).split("---\n", 2)[-1].strip())
    typer.echo(f"\n{folder}: {len(manifest.files)} files, {manifest.size / 1e6:,.1f} MB")
    if verify:
        typer.echo("All files are as they were published")


@models_app.command("diff")
def diff_cli(
    before: str = typer.Argument(..., help="A revision, current, or a pipeline's folder"),
    after: str = typer.Argument(..., help="Another one"),
    data: Path | None = typer.Option(None, "--dev", help="Gold .spacy file to compare both on"),
    examples: int = typer.Option(20, "--examples", min=0, help="Sentences with other entities to show"),
    models: Path = MODELS,
    as_json: bool = JSON,
) -> None:
    """Show in what two revisions differ: config, and on a dev set F1 by type and the sentences with other entities."""
    from bioactive.models.comparing import compare_pipelines, config_changes

    from .progress import progress_bar

    old, new = _folder(models, before), _folder(models, after)
    config = config_changes(old, new)
    with progress_bar("Comparing") as bar:
        found = compare_pipelines(old, new, data, bar) if data is not None else None
    if as_json:
        _print_json({"config": config, **(comparison_dict(found) if found else {})})
        return
    for line in config or ["The configs are the same"]:
        typer.echo(line)
    if found is not None:
        _print_table(comparison_table(found))
        for line in change_lines(found, examples):
            typer.echo(line)


@models_app.command("add")
def add_cli(
    pipeline: Path = typer.Argument(..., help="Folder of a trained pipeline"),
    dev: Path = typer.Option(..., "--dev", help="Gold .spacy file that it was chosen on"),
    test: Path | None = typer.Option(None, "--test", help="Test corpus, .spacy: scored, decides nothing"),
    why: str = WHY,
    models: Path = MODELS,
) -> None:
    """Take over a pipeline that was trained elsewhere as a revision; `models promote` puts it to use."""
    from bioactive.models.adding import add

    from .progress import progress_bar

    with progress_bar("Loading") as bar:
        manifest, path = add(pipeline, dev, models, test, why, bar)
    value, low, high = manifest.metrics["dev_after"]
    typer.echo(f"F1 on dev  {value:.3f} ({low:.3f} to {high:.3f})")
    typer.echo(f"Revision   {path}")


@models_app.command("promote")
def promote_cli(
    name: str = typer.Argument(..., help="The revision"),
    dev: Path | None = typer.Option(None, "--dev", help="Gold .spacy file to compare it with the current one on"),
    why: str = WHY,
    who: str = WHO,
    force: bool = typer.Option(False, "--force", help="Promote even if dev shows a loss; the log says so"),
    models: Path = MODELS,
) -> None:
    """Put a revision to use, unless it shows a loss against the current one, in all or of one type."""
    from bioactive.models.comparing import promote_compared
    from bioactive.models.revisions import Revisions

    from .progress import progress_bar

    with progress_bar("Comparing") as bar:
        entry, found = promote_compared(Revisions(models), name, dev, why=why, who=who, force=force, watch=bar)
    if found is not None:
        _print_table(comparison_table(found))
    typer.echo(entry_line(entry))


@models_app.command("rollback")
def rollback_cli(why: str = WHY, who: str = WHO, models: Path = MODELS) -> None:
    """Go back to the revision that was in use before; once more goes back one further."""
    from bioactive.models.promotions import rollback
    from bioactive.models.revisions import Revisions

    typer.echo(entry_line(rollback(Revisions(models), why, who)))


@models_app.command("log")
def log_cli(models: Path = MODELS, as_json: bool = JSON) -> None:
    """Print who put which revision to use, when and why, oldest first."""
    from bioactive.models.promotions import history

    entries = history(models)
    if as_json:
        _print_json([vars(entry) for entry in entries])
    for entry in entries if not as_json else []:
        typer.echo(entry_line(entry))


@models_app.command("gc")
def gc_cli(
    keep: int = typer.Option(5, "--keep", min=1, help="How many of the newest stay, beside those in use"),
    hours: float = typer.Option(24.0, "--hours", min=0, help="Age of what a stopped run left, before it is deleted"),
    dry_run: bool = typer.Option(False, "--dry-run", help="Only say what would be deleted"),
    models: Path = MODELS,
) -> None:
    """Delete old revisions and what stopped runs left; the current one, the one before it and all manifests stay."""
    from bioactive.models.cleaning import clean, plan
    from bioactive.models.revisions import Revisions

    revisions = Revisions(models)
    found = plan(revisions, keep, hours)
    for path in [*(models / name for name in found.revisions), *found.leftovers]:
        typer.echo(f"{'Would delete' if dry_run else 'Deleted'} {path}")
    typer.echo(f"{found.size / 1e6:,.1f} MB")
    if not dry_run:
        clean(revisions, found)


@models_app.command("push")
def push_cli(
    name: str = typer.Argument(..., help="A revision, or current"),
    repo: str = typer.Argument(..., help="Repository on the hub, owner/name; made if need be"),
    branch: str = typer.Option("", "--branch", help="Branch; the revision's name by default"),
    public: bool = typer.Option(False, "--public", help="Make a new repository public; private by default"),
    models: Path = MODELS,
) -> None:
    """Put a revision on a branch of a hub's repository; the token comes from HF_TOKEN, the hub from HF_ENDPOINT."""
    from bioactive.models.hub import push
    from bioactive.models.revisions import Revisions

    _hush_the_hub()
    typer.echo(f"Pushed: {push(Revisions(models), name, repo, branch, public=public)}")


@models_app.command("pull")
def pull_cli(
    repo: str = typer.Argument(..., help="Repository on the hub, owner/name"),
    branch: str = typer.Argument(..., help="Its branch, usually a revision's name"),
    models: Path = MODELS,
) -> None:
    """Take a revision from a hub's repository; run again, it goes on where it was cut off."""
    from bioactive.models.hub import pull
    from bioactive.models.revisions import Revisions

    _hush_the_hub()
    typer.echo(f"Pulled: {pull(Revisions(models), repo, branch)}")


def _hush_the_hub() -> None:
    """With `--quiet` the hub's library shows no bars of its own either."""
    from huggingface_hub.utils import disable_progress_bars

    from . import progress

    if not progress.shown:
        disable_progress_bars()


def _folder(models: Path, name: str) -> Path:
    from bioactive.errors import error
    from bioactive.models.revisions import Revisions

    if (Path(name) / "config.cfg").is_file():
        return Path(name)
    revisions = Revisions(models)
    found = revisions.current() if name == "current" else revisions.path(name)
    if found is None:
        raise error("B802", root=models, known=", ".join(revisions.names()) or "none")
    return found


def _print_table(table: Table) -> None:
    from rich.console import Console

    Console(width=None if sys.stdout.isatty() else PIPED_WIDTH).print(table)


def _print_json(value: Any) -> None:
    import srsly

    typer.echo(srsly.json_dumps(value, indent=2))
