"""`bioactive corpus`: statistics, splits and leakage of .spacy files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rich.console import Console
    from spacy.tokens import Doc
    from spacy.vocab import Vocab

    from bioactive.corpus.checks import CorpusStats

    from .progress import Bar

corpus_app = typer.Typer(help="Statistics, splits and leakage of .spacy files.", no_args_is_help=True)

ROWS = {
    "documents": "documents",
    "repeated_ids": "documents whose id repeats",
    "docs": "Docs",
    "sentences": "sentences",
    "tokens": "tokens",
    "not_annotated": "tokens not annotated",
    "longest_sentence": "longest sentence, tokens",
    "longest_token": "longest token, characters",
    "longest_entity": "longest entity, tokens",
    "one_token_sentences": "sentences of one token",
    "repeated_sentences": "repeated sentences",
    "conflicting_sentences": "of these with other entities",
    "adjacent_same_type": "entities right after one of their type",
    "nested": "entities inside another",
    "crossing": "pairs that cross",
    "depth": "deepest nesting",
}


@corpus_app.command("stats")
def corpus_stats_cli(
    files: list[Path] = typer.Argument(..., help=".spacy files, one column each"),
    output: Path | None = typer.Option(None, "--output", "-o", help="Write the numbers to this JSON file"),
    as_json: bool = typer.Option(False, "--json", help="Print JSON instead"),
) -> None:
    """Print a table: documents, sentences, tokens, entities by type, and oddities."""
    from dataclasses import asdict

    import spacy
    import srsly
    from rich.console import Console

    from bioactive.corpus.checks import corpus_stats

    from .progress import progress_bar

    with progress_bar("Counting") as bar:
        stats = {_name(path, files): corpus_stats(_docs(path, spacy.blank("xx").vocab, bar)) for path in files}
    numbers = {name: asdict(found) for name, found in stats.items()}
    if as_json:
        typer.echo(srsly.json_dumps(numbers, indent=1))
    else:
        _print_stats(Console(soft_wrap=True), stats)
    if output is not None:
        srsly.write_json(output, numbers)


@corpus_app.command("split")
def corpus_split_cli(
    source: Path = typer.Argument(..., help=".spacy file"),
    folder: Path = typer.Argument(..., help="Folder for train.spacy, dev.spacy and test.spacy"),
    dev: float = typer.Option(0.0, "--dev", min=0, max=1, help="Share of the documents for dev"),
    test: float = typer.Option(0.0, "--test", min=0, max=1, help="Share of the documents for test"),
    last_dev: int = typer.Option(0, "--last-dev", min=0, help="Instead, take the last N documents as dev"),
    dev_like: Path | None = typer.Option(
        None, "--dev-like", help="Instead, take the documents whose ids this .spacy file has"
    ),
    seed: int = typer.Option(0, "--seed", help="Seed of the shuffle"),
) -> None:
    """Split by document; documents with the same id stay together."""
    from bioactive.corpus.splits import split_file

    from .progress import progress_bar

    with progress_bar("Splitting") as bar:
        sizes = split_file(
            source,
            folder,
            dev=dev,
            test=test,
            last_dev=last_dev,
            dev_like=dev_like,
            seed=seed,
            expect=bar.expect,
            on_doc=lambda: bar.done(1),
        )
    for name, size in sizes.items():
        typer.echo(f"{folder / name}.spacy: {size:,} Docs")


@corpus_app.command("check")
def corpus_check_cli(
    files: list[Path] = typer.Argument(..., help=".spacy files of one corpus: train, dev, test"),
    strict: bool = typer.Option(False, "--strict", help="Exit with 1 when two files share a document or a sentence"),
    examples: int = typer.Option(3, "--examples", min=0, help="Shared sentences to show for each pair"),
    as_json: bool = typer.Option(False, "--json", help="Print JSON instead, with all that is shared"),
) -> None:
    """Report what the splits of a corpus share: documents, sentences, and sentences labelled differently."""
    import spacy
    import srsly

    from bioactive.corpus.checks import leaks
    from bioactive.errors import error

    from .progress import progress_bar

    if len(files) < 2:
        raise error("B128")
    vocab = spacy.blank("xx").vocab
    with progress_bar("Comparing") as bar:
        found = leaks({_name(path, files): _docs(path, vocab, bar) for path in files})
    if as_json:
        typer.echo(srsly.json_dumps([vars(leak) for leak in found], indent=1))
    for leak in found if not as_json else []:
        typer.echo(
            f"{leak.first} and {leak.second} share {len(leak.documents):,} document ids, {leak.texts:,} whole texts "
            f"and {len(leak.sentences):,} sentences ({leak.copies:,} times in {leak.second}, "
            f"{leak.conflicts:,} labelled otherwise)"
        )
        for text in [*leak.documents[:examples], *leak.sentences[:examples]]:
            typer.echo(f"    {text}")
    if strict and any(leak.documents or leak.sentences for leak in found):
        raise typer.Exit(1)


@corpus_app.command("mentions")
def corpus_mentions_cli(
    source: Path = typer.Argument(..., help="Folder of brat files"),
    output: Path = typer.Argument(..., help=".spacy file: a Doc a document, whose words are the mentions"),
) -> None:
    """Keep the mention strings with their types and nothing around them, for entity typing."""
    import spacy

    from bioactive.corpus.binfile import write_docs
    from bioactive.corpus.mentions import read_mentions
    from bioactive.corpus.tally import Tally

    tally = Tally()
    output.parent.mkdir(parents=True, exist_ok=True)
    documents = write_docs(read_mentions(source, spacy.blank("xx").vocab, tally), output)
    typer.echo(f"{documents:,} documents")
    for name, number in tally.counts.items():
        typer.echo(f"{number:>9,}  {name}")
    typer.echo(f"Written: {output}")


def _docs(path: Path, vocab: Vocab, bar: Bar) -> Iterator[Doc]:
    """The Docs of a file, told to a bar under its name."""
    from bioactive.corpus.binfile import read_docs

    from .progress import counted

    return counted(read_docs(path, vocab, lambda total: bar.stage(path.name, total)), bar)


def _name(path: Path, files: list[Path]) -> str:
    """The shortest name that tells a file from the others."""
    stems = [other.stem for other in files]
    return path.stem if stems.count(path.stem) == 1 else str(path.with_suffix(""))


def _print_stats(console: Console, stats: Mapping[str, CorpusStats]) -> None:
    from rich.table import Table

    table = Table("", *stats, box=None)
    for column in table.columns:
        column.no_wrap = True
        column.justify = "right" if column.header else "left"
    for key, title in ROWS.items():
        table.add_row(title, *(f"{getattr(found, key):,}" for found in stats.values()))
    labels = sorted({label for found in stats.values() for label in found.spans | found.entities})
    table.add_row("entities in doc.ents / all", *(_both(found) for found in stats.values()))
    for label in labels:
        table.add_row(f"  {label}", *(_both(found, label) for found in stats.values()))
    # Rather long lines than numbers cut short.
    console.width = max(console.width, console.measure(table, options=console.options.update(width=10_000)).maximum)
    console.print(table, highlight=False)


def _both(found: CorpusStats, label: str = "") -> str:
    flat, every = (found.entities, found.spans)
    one, two = (flat[label], every[label]) if label else (flat.total(), every.total())
    return f"{one:,}" if one == two else f"{one:,} / {two:,}"
