"""`bioactive label noise` and `bioactive label merge`: what cheap labels are worth, and how they join expert labels."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from bioactive.cheap.noise import Noise, TypeNoise

CHEAP = typer.Argument(..., help="Cheap rows: .spacy or .jsonl from `bioactive label`")
EXPERT = typer.Argument(..., help="Expert rows: .spacy or .jsonl")
LANG = typer.Option("en", "--lang", "-l", help="Language of the tokenizer for tasks without tokens")


def noise_cli(
    cheap: Path = CHEAP,
    expert: Path = EXPERT,
    output: Path | None = typer.Option(None, "--output", "-o", help="Write all numbers as JSON"),
    resamples: int = typer.Option(1000, "--resamples", min=1, help="Bootstrap resamples"),
    lang: str = LANG,
) -> None:
    """Precision and recall of a cheap source by type, on the texts that an expert has answered for."""
    import json

    from bioactive.cheap.files import read_labelled
    from bioactive.cheap.noise import noise
    from bioactive.corpus.tally import Tally
    from bioactive.tokenizer import blank

    from .progress import counted, progress_bar

    nlp, tally = blank(lang), Tally()
    with progress_bar("Comparing") as bar:
        rows = list(counted(read_labelled(expert, nlp, tally), bar))
        found = noise(counted(read_labelled(cheap, nlp, tally), bar), rows, resamples)
    for line in noise_table(found):
        typer.echo(line)
    if output is not None:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(json.dumps(found.to_dict(), indent=1) + "\n", encoding="utf8")
        typer.echo(f"Written: {output}")


def noise_table(found: Noise) -> list[str]:
    """The estimate, in lines for a terminal."""
    heads = ["precision".center(22), "recall".center(22), "of words: precision".center(22), "recall".center(22)]
    lines = [
        f"{found.texts:,} texts with {found.words:,} words were answered for by both",
        "  ".join(["type".ljust(16), "cheap".rjust(6), "expert".rjust(6), *heads]),
    ]
    lines += [_line(label, one) for label, one in found.types.items()]
    lines.append(f"Words without a cheap label are in no entity: {found.outside}")
    return lines


def merge_cli(
    cheap: Path = CHEAP,
    expert: Path = EXPERT,
    output: Path = typer.Argument(..., help="Training rows: .spacy"),
    trust: str = typer.Option("words", "--trust", help="What is believed of cheap rows: all, entities or words"),
    weight: float = typer.Option(
        1.0, "--weight", min=0.0, help="How often a cheap row counts; an expert row counts once"
    ),
    lang: str = LANG,
) -> None:
    """Put cheap rows beside expert rows; a cheap row leaves where an expert has answered for its text."""
    from bioactive.cheap.files import read_labelled
    from bioactive.cheap.merge import Trust, merge
    from bioactive.corpus.binfile import write_docs
    from bioactive.corpus.tally import Tally
    from bioactive.tokenizer import blank

    from .progress import counted, progress_bar

    nlp, tally = blank(lang), Tally()
    with progress_bar("Merging") as bar:
        rows = list(counted(read_labelled(expert, nlp, tally), bar))
        made = merge(counted(read_labelled(cheap, nlp, tally), bar), rows, Trust(trust, weight))
        write_docs(made.docs, output)
    typer.echo(
        f"{len(rows):,} expert rows and {made.cheap:,} cheap rows; {made.replaced:,} cheap rows gave way to expert rows"
    )
    typer.echo(f"Written: {output}")


def _line(label: str, one: TypeNoise) -> str:
    cells = (one.precision, one.recall, one.word_precision, one.word_recall)
    counts = [f"{one.cheap:,}".rjust(6), f"{one.expert:,}".rjust(6)]
    return "  ".join([label.ljust(16), *counts, *(str(each).center(22) for each in cells)]).rstrip()
