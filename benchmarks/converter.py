"""Converter speed: `bioactive convert` against `spacy convert` on the JNLPBA train file, in tokens a second.

Both read the same file and write a .spacy file with one Doc a sentence, in turns, in one process. Wall time and CPU
time are both shown, since other work on the machine disturbs the first.

    python benchmarks/converter.py [--pairs 5] [FILE]
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from pairs import publish
from spacy.cli.convert import convert as spacy_convert

from bioactive.corpus.convert import ConvertOptions, convert

CORPORA = Path(os.environ.get("BIOACTIVE_CORPORA", Path(__file__).parents[2] / "shared" / "corpora"))


def main() -> None:
    """Time both in turns and print medians and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", nargs="?", type=Path, default=CORPORA / "jnlpba" / "Genia4ERtask1.iob2")
    parser.add_argument("--pairs", type=int, default=5)
    args = parser.parse_args()
    if not args.file.is_file():
        print(f"skipped: {args.file} is not there; set BIOACTIVE_CORPORA")
        return
    with tempfile.TemporaryDirectory() as folder:
        ours: list[tuple[float, float]] = []
        theirs: list[tuple[float, float]] = []
        tokens = convert(args.file, Path(folder) / "warm.spacy", ConvertOptions(format="columns")).tokens
        for pair in range(args.pairs):
            ours.append(_time(lambda: _bioactive(args.file, Path(folder))))
            theirs.append(_time(lambda: _spacy(args.file, Path(folder))))
            print(f"pair {pair + 1}: bioactive {ours[-1][0]:.2f} s, spacy {theirs[-1][0]:.2f} s", flush=True)
    rows = [("clock", "bioactive, tokens/s", "spaCy, tokens/s", "ratio of medians")]
    for index, clock in enumerate(("wall", "CPU")):
        one, two = (median(times[index] for times in side) for side in (ours, theirs))
        rows.append((clock, f"{tokens / one:,.0f}", f"{tokens / two:,.0f}", f"{two / one:.1f}"))
    publish("Converting", f"python benchmarks/converter.py {args.file.name} --pairs {args.pairs}", rows)


def _time(run: Callable[[], None]) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    run()
    return time.perf_counter() - wall, time.process_time() - cpu


def _bioactive(file: Path, folder: Path) -> None:
    convert(file, folder / "ours.spacy", ConvertOptions(format="columns"))


def _spacy(file: Path, folder: Path) -> None:
    spacy_convert(file, folder, file_type="spacy", converter="conll", silent=True)


if __name__ == "__main__":
    main()
