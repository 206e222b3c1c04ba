"""One annotation round on JNLPBA through the real server: rank, answer with gold over HTTP, retrain, F1 of both.

Uses the folder that `benchmarks/jnlpba.py` describes. The pipeline starts from the first SEED sentences; the pool is
the rest of the first 6,000. Every step is a command that a user would type.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import spacy
import srsly
import typer
from spacy.tokens import DocBin

ROOT = Path(__file__).resolve().parent.parent


def run(*words: object) -> None:
    """Run a module of this Python in the checkout."""
    subprocess.run([sys.executable, *map(str, words)], cwd=ROOT, check=True)


def cut(source: Path, seed: int, folder: Path) -> None:
    """Write the seed set and the pool."""
    docs = list(DocBin(store_user_data=True).from_disk(source).get_docs(spacy.blank("en").vocab))
    DocBin(docs=docs[:seed], store_user_data=True).to_disk(folder / "seed.spacy")
    DocBin(docs=docs[seed:6000], store_user_data=True).to_disk(folder / "pool.spacy")


def annotate(model: Path, ranked: Path, folder: Path) -> None:
    """Serve the ranked tasks and answer all of them."""
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        port = probe.getsockname()[1]
    words = ["-m", "bioactive", "ner.correct", "jnlpba", model, ranked, "--db", folder / "answers.db", "--port", port]
    server = subprocess.Popen([sys.executable, *map(str, words)], cwd=ROOT)
    try:
        run("scripts/annotator.py", f"http://localhost:{port}", folder / "pool.spacy")
    finally:
        server.terminate()
        server.wait()


def main(
    data: Path,
    encoder: str,
    measure: Annotated[list[str] | None, typer.Option(help="One or more; random is the control")] = None,
    number: Annotated[int, typer.Option(help="Answers")] = 200,
    seed: Annotated[int, typer.Option(help="Sentences to start from")] = 500,
    epochs: Annotated[int, typer.Option(help="Epochs of each training")] = 20,
) -> None:
    """Train on the seed set, then a round for each measure; prints F1 on test before and after."""
    folder = Path(tempfile.mkdtemp(prefix="loop-"))
    cut(data / "train.spacy", seed, folder)
    settings = ["--paths.train", folder / "seed.spacy", "--paths.dev", data / "dev.spacy", "--vars.encoder", encoder]
    settings += ["--vars.max_epochs", epochs, "--training.eval_frequency", 28]
    run("-m", "spacy", "train", "configs/crf_frozen.cfg", "--output", folder, *settings)
    model = folder / "model-best"
    for name in measure or ["mnlp", "random"]:
        place = folder / name
        place.mkdir()
        (place / "pool.spacy").symlink_to(folder / "pool.spacy")
        run("-m", "bioactive", "rank", model, folder / "pool.spacy", place / "r.jsonl", "--measure", name, "-n", number)
        annotate(model, place / "r.jsonl", place)
        words = ["--train", folder / "seed.spacy", "--dev", data / "dev.spacy", "--test", data / "test.spacy"]
        words += ["--models", place / "models", "--db", place / "answers.db"]
        run("-m", "bioactive", "retrain", "jnlpba", model, *words)
        (manifest,) = (place / "models").glob("*/revision.json")
        found = srsly.read_json(manifest)
        before, after = found["metrics"]["test_before"], found["metrics"]["test_after"]
        print(f"{name}: {found['answers']} answers, F1 on test {before[0]:.3f} -> {after[0]:.3f}, {place}")


if __name__ == "__main__":
    typer.run(main)
