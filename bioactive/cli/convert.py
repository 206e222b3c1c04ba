"""`bioactive convert`: a labelled corpus in any known format to .spacy files, with a count of everything dropped."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from bioactive.corpus.convert import ConvertSummary
    from bioactive.corpus.tally import Tally


def convert_cli(
    source: Path = typer.Argument(..., help="File or folder: BIO columns, brat, JSONL, PubTator or BioC"),
    output: Path = typer.Argument(
        ..., help=".spacy file; or a folder, which gets one .spacy file for each source file"
    ),
    lang: str = typer.Option("en", "--lang", "-l", help="Language of the tokenizer for raw text: en, ru, ..."),
    format: str = typer.Option("auto", "--format", "-f", help="auto, columns, brat, jsonl, pubtator or bioc"),
    unit: str = typer.Option("document", "--unit", help="One Doc a document, or a sentence"),
    limit: int = typer.Option(0, "--limit", min=0, help="At most this many documents of each file; 0 for all"),
    misaligned: str = typer.Option(
        "drop", "--misaligned", help="Entities that the tokenizer cuts through: drop, expand or error"
    ),
    nested: str = typer.Option(
        "outermost", "--nested", help="Which of overlapping entities go to doc.ents: outermost, innermost or longest"
    ),
    discontinuous: str = typer.Option("cover", "--discontinuous", help="brat entities in pieces: cover, first or drop"),
    token_column: int = typer.Option(0, "--token-column", help="Column of the words, from 0; -1 is the last"),
    tag_column: int = typer.Option(-1, "--tag-column", help="Column of the tags"),
    scheme: str = typer.Option("auto", "--scheme", help="Tags: auto, IOB2 (BIO), IOB1, IO, BIOES or BILOU"),
    label: str = typer.Option("", "--label", help="Label for tags without a type (B, I)"),
    rename: str = typer.Option("", "--rename", help="New names of all labels: SO=Sequence,CL=Cell,..."),
    repair: bool = typer.Option(False, "--repair", help="Mend and count illegal tags and lines, instead of an error"),
    sentences_per_doc: int = typer.Option(
        1, "--sentences-per-doc", min=1, help="Where a column file does not mark its documents"
    ),
) -> None:
    """Convert a labelled corpus to .spacy files and print what was read, repaired and dropped."""
    from rich.console import Console

    from bioactive.corpus.align import AlignOptions
    from bioactive.corpus.columns import ColumnOptions
    from bioactive.corpus.convert import ConvertOptions, convert
    from bioactive.corpus.rename import parse_renames

    from .progress import progress_bar

    options = ConvertOptions(
        format=format,
        lang=lang,
        unit=unit,
        discontinuous=discontinuous,
        limit=limit,
        rename=parse_renames(rename),
        columns=ColumnOptions(token_column, tag_column, scheme, label, repair, sentences_per_doc),
        align=AlignOptions(misaligned, nested),
    )
    with progress_bar("Converting", "documents") as bar:
        summary = convert(source, output, options, on_doc=lambda: bar.done(1))
    _print_summary(Console(soft_wrap=True), summary)


def _print_summary(console: Console, summary: ConvertSummary) -> None:
    from rich.table import Table

    table = Table("label", "in doc.ents", "all", box=None)
    for column in table.columns[1:]:
        column.justify = "right"
    for label in sorted(summary.spans | summary.entities):
        table.add_row(label, f"{summary.entities[label]:,}", f"{summary.spans[label]:,}")
    table.add_row("[bold]all labels", f"{summary.entities.total():,}", f"{summary.spans.total():,}")
    counts = (f"{n:,} {what}" for n, what in _counts(summary))
    console.print(f"Read {summary.format}: {', '.join(counts)}", highlight=False)
    console.print(table)
    print_tally(console, summary.tally)
    for path in summary.outputs:
        console.print(f"Written: {path}", markup=False, highlight=False)


def _counts(summary: ConvertSummary) -> list[tuple[int, str]]:
    counts = [
        (summary.documents, "documents"),
        (summary.docs, "Docs"),
        (summary.sentences, "sentences"),
        (summary.tokens, "tokens"),
    ]
    return [pair for pair in counts if pair[1] != "Docs" or summary.docs != summary.documents]


def print_tally(console: Console, tally: Tally) -> None:
    """Print counts with their first examples.

    console (Console): Where to.
    tally (Tally): The counts.
    """
    for kind, times, examples in tally:
        console.print(f"{times:>9,}  {kind}", markup=False, highlight=False)
        for example in examples:
            console.print(f"{'':11}{example}", markup=False, highlight=False, style="dim")
