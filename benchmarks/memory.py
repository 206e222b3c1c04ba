"""Does the memory of `bioactive rank` grow with the pool? Peak resident memory on a small and on a large pool.

The pipeline is a `crf_ner` over a small tok2vec, initialised and not trained: what it says does not matter here.
Sentences are drawn from 50,000 words, and every fifth word is one that never comes again.

    python benchmarks/memory.py --small 10000 --large 1000000
"""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated

import spacy
import typer
from pairs import publish
from spacy.tokens import Span
from spacy.training import Example

MODEL = {
    "@architectures": "bioactive.CRFTagger.v1",
    "decoder": "crf",
    "context_width": 0,
    "context_depth": 1,
    "tok2vec": {
        "@architectures": "spacy.HashEmbedCNN.v2",
        "pretrained_vectors": None,
        "width": 16,
        "depth": 1,
        "embed_size": 500,
        "window_size": 1,
        "maxout_pieces": 2,
        "subword_features": False,
    },
}
# In a process of its own, so that nothing but the command is measured; argv: the arguments of `bioactive`.
CHILD = """
import resource, sys
from bioactive.cli import main
try:
    main(sys.argv[1:])
except SystemExit as stop:
    print("peak", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)
    raise
"""


def make_pipeline(folder: Path) -> None:
    """Write a pipeline with random weights."""
    nlp = spacy.blank("en")
    nlp.add_pipe("crf_ner", config={"model": MODEL})
    gold = nlp.make_doc("p53 binds DNA")
    gold.set_ents([Span(gold, 0, 1, "PROTEIN")])
    nlp.initialize(lambda: [Example(nlp.make_doc(gold.text), gold)])
    nlp.to_disk(folder)


def make_pool(path: Path, sentences: int, seed: int = 0) -> None:
    """Write random sentences of 5 to 25 words, a text a line."""
    rng = random.Random(seed)
    letters = "abcdefghijklmnopqrstuvwxyz"
    words = ["".join(rng.choices(letters, k=rng.randint(3, 12))) for _ in range(50_000)]
    unseen = 0
    with path.open("w", encoding="utf8") as file:
        for _ in range(sentences):
            drawn = rng.choices(words, k=rng.randint(5, 25))
            for place in range(0, len(drawn), 5):
                drawn[place], unseen = f"new{unseen}", unseen + 1
            file.write(" ".join(drawn) + "\n")


def peak(folder: Path, sentences: int, command: str) -> float:
    """MiB that the command needed at the most, over a pool of so many sentences."""
    pool, output = folder / f"{sentences}.txt", folder / f"{sentences}.jsonl"
    make_pool(pool, sentences)
    options = ["-n", "100"] if command == "rank" else []
    start = time.perf_counter()
    args = [sys.executable, "-c", CHILD, command, str(folder / "model"), str(pool), str(output), *options]
    done = subprocess.run(args, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    (found,) = [int(line.split()[1]) for line in done.stderr.splitlines() if line.startswith("peak ")]
    # Kilobytes, but bytes on macOS.
    mib = found / (1024**2 if sys.platform == "darwin" else 1024)
    seconds = time.perf_counter() - start
    print(f"{command} {sentences:>10,} sentences {mib:8,.0f} MiB {seconds:8,.0f} s", flush=True)
    return mib


def main(
    small: Annotated[int, typer.Option(help="Sentences of the small pool")] = 10_000,
    large: Annotated[int, typer.Option(help="Sentences of the large pool")] = 1_000_000,
    command: Annotated[str, typer.Option(help="rank or predict")] = "rank",
) -> None:
    """Print peak memory on both pools and their ratio."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_pipeline(folder / "model")
        first, second = (peak(folder, sentences, command) for sentences in (small, large))
    rows = [("sentences", f"{small:,}", f"{large:,}", "ratio")]
    rows.append(("peak, MiB", f"{first:,.0f}", f"{second:,.0f}", f"{second / first:.2f}"))
    options = f"--small {small} --large {large} --command {command}"
    publish(f"Memory of {command}", f"python benchmarks/memory.py {options}", rows)


if __name__ == "__main__":
    typer.run(main)
