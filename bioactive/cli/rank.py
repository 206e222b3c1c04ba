"""`bioactive rank`: the texts of a pool that a pipeline is least sure of, as annotation tasks."""

from __future__ import annotations

from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from bioactive.active.ranking import Ranking

# Stretches paid where 12 and 22 % of the words were in entities, and did not where 48 % were; docs/simulation.md.
DENSE = 0.35


def rank_cli(
    model: str = typer.Argument(..., help="Folder of a trained pipeline, or name of an installed one"),
    pool: str = typer.Argument(
        ...,
        help="Texts: .jsonl, .parquet, .txt (a text a line) or .spacy; a path, or an address such as s3://a/b.jsonl",
    ),
    output: Path = typer.Argument(..., help="Tasks, the least certain first (.jsonl)"),
    measure: str | None = typer.Option(
        None,
        "--measure",
        "-m",
        help="mnlp, entropy, ...; by default mnlp, by the second total_entropy, for stretches entropy",
    ),
    n: int | None = typer.Option(None, "--number", "-n", min=1, help="How many to keep; all by default"),
    seed: int = typer.Option(0, "--seed", help="Decides ties, and the order of 'random'"),
    text_key: str = typer.Option("text", "--text-key", help="Key of the text in a .jsonl file"),
    batch_size: int = typer.Option(64, "--batch-size", "-bs", min=1, help="Texts a batch"),
    suggest: bool = typer.Option(True, "--suggest/--no-suggest", help="Add the predicted spans to the tasks"),
    unit: str = typer.Option("sentence", "--unit", help="sentence, or stretch: ask about the least certain words only"),
    stretch_words: int = typer.Option(6, "--stretch-words", min=1, help="Words of a stretch"),
    stretches: int = typer.Option(1, "--stretches", min=1, help="The most stretches of one text"),
    longest: int | None = typer.Option(None, "--stretch-longest", help="Let a stretch grow to so many words"),
    share: float = typer.Option(0.5, "--stretch-share", help="... while the next word has this share of the worst"),
    per_second: bool = typer.Option(False, "--per-second", help="Divide scores by the seconds an answer should take"),
    time: Path | None = typer.Option(None, "--time", help="File with these seconds, as fit-time prints them"),
    diversity: float = typer.Option(0.0, "--diversity", min=0.0, help="Take the most different out of (1 + this) n"),
    diverse_by: str = typer.Option("k_centre", "--diverse-by", help="k_centre, k_means or badge"),
    duplicates_above: float = typer.Option(1.0, "--duplicates-above", help="Leave out tasks with a higher cosine"),
    cold: bool = typer.Option(
        False, "--cold", help="Nothing is trained yet: texts that stand for the pool; MODEL may be a training config"
    ),
    encoder: str | None = typer.Option(None, "--encoder", help="With --cold: hub name or folder of an encoder"),
    samples: int = typer.Option(10, "--samples", min=1, help="How often 'bald' draws; other measures do not"),
    restart: bool = typer.Option(False, "--restart", help="Begin anew where a run that was stopped would go on"),
    gpu_id: int = typer.Option(-1, "--gpu-id", "-g", help="Number of the GPU; -1 for the CPU"),
    engine: str = typer.Option("local", "--engine", help="local, or ray: on the workers of a Ray cluster"),
    workers: int = typer.Option(0, "--workers", min=0, help="With ray: so many; 0 for all that there is room for"),
    timeout: float = typer.Option(600.0, "--timeout", help="With ray: seconds without any result until it ends"),
    code: Path | None = typer.Option(None, "--code", "-c", help="Python file that registers components of your own"),
) -> None:
    """Rank a pool of texts by how unsure a pipeline is about them."""
    from bioactive.active.costs import TimeModel, read_time
    from bioactive.active.files import Run, rank_file
    from bioactive.active.pool import source_path
    from bioactive.active.ranking import RankOptions, cold_start
    from bioactive.active.vectors import untrained
    from bioactive.engine import engine_named
    from bioactive.errors import error
    from bioactive.evaluation.load import load_pipeline

    from .progress import progress_bar

    per_second, seconds = per_second or time is not None, TimeModel() if time is None else read_time(time)
    # What a second gives is a sum over words: by their mean, the shortest texts would come first.
    name = measure or ("entropy" if unit == "stretch" else "total_entropy" if per_second else "mnlp")
    lengths = (stretch_words, stretches, longest, share)
    sifting = (per_second, diversity, diverse_by, duplicates_above)
    options = RankOptions(name, n, seed, batch_size, text_key, suggest, samples, unit, *lengths, *sifting, seconds)
    if cold:
        options = cold_start(options)
    if n is None and options.diversity:
        raise error("B544")
    elsewhere = engine_named(engine, workers, timeout)
    if elsewhere is not None and (cold or gpu_id >= 0):
        raise error("B966", option="--cold" if cold else "--gpu-id")
    # A misspelt name should not wait for the model.
    options.get_measure()
    nlp = untrained(Path(model), encoder) if cold and model.endswith(".cfg") else load_pipeline(model, code, gpu_id)
    with progress_bar("Ranking") as bar:
        run = Run(nlp, source_path(pool), output, code, restart, bar, elsewhere, model)
        ranking = rank_file(run, options)
    if not ranking.kept:
        raise error("B326", path=pool, seen=ranking.seen, empty=ranking.empty, too_long=ranking.too_long)
    for line in [*resumed(bar.skipped), *report(ranking, n), *advice(ranking, unit)]:
        typer.echo(line)
    typer.echo(f"Written: {output}")


def resumed(texts: int) -> list[str]:
    """What was taken over from a run that was stopped, in words."""
    return [f"Went on after {texts:,} texts of a run that was stopped"] if texts else []


def advice(ranking: Ranking, unit: str) -> list[str]:
    """What to think of before one asks about stretches of such texts, in words."""
    share = ranking.in_entities / max(ranking.words, 1)
    if unit != "stretch" or share < DENSE:
        return []
    return [
        f"{share:.0%} of the words are in predicted entities: in such text whole sentences (--unit sentence) take no"
        " more labels than stretches do"
    ]


def report(ranking: Ranking, n: int | None) -> list[str]:
    """What was ranked and what was left out, in words."""
    # Where texts were chosen for how different they are, they have none.
    scores = "" if isnan(ranking.highest) else f", scores {ranking.highest:.4f} to {ranking.lowest:.4f}"
    lines = [
        f"Ranked {ranking.scored:,} texts ({ranking.words:,} words) by {ranking.measure}; kept {ranking.kept:,}{scores}"
    ]
    left_out = {"blank": ranking.empty, "repeated": ranking.duplicates, "too long": ranking.too_long}
    if any(left_out.values()):
        parts = ", ".join(f"{number:,} {name}" for name, number in left_out.items() if number)
        lines.append(f"Left out of {ranking.seen:,}: {parts}")
    if n is not None and ranking.kept < n:
        lines.append(f"The pool has fewer texts than the {n:,} asked for")
    return lines
