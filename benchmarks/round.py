"""One round of active learning over a frozen encoder whose vectors are cached, against the same by fine-tuning.

A round trains on the first 500 sentences, `crf_frozen` for 12 epochs and `crf_trf` for 3, and ranks a pool by `mnlp`.
Its parts are shown: where the time goes. The claim is about the second and later rounds over one pool, in which no text
is encoded again, as its vectors are on disk from the first; the first round stands beside them.

    python benchmarks/round.py DATA ENCODER [--pool 10000] [--rounds 1]
"""

from __future__ import annotations

import itertools
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated

import spacy
import torch
import typer
from pairs import publish
from spacy.tokens import DocBin
from speed import Trainable

from bioactive.active.rank import rank_pool
from bioactive.evaluation.load import read_docs
from bioactive.simulation.in_memory import step

EPOCHS = {"crf_frozen": 12, "crf_trf": 3}


def one_round(config: str, seed_set: Path, encoder: str, texts: list[str]) -> dict[str, float]:
    """CPU seconds of the parts of one round, from the reading of the encoder to the ranked tasks."""
    marks = [time.process_time()]
    made = Trainable(config, seed_set, encoder)
    marks.append(time.process_time())
    for epoch in range(EPOCHS[config]):
        for batch in made.batches(epoch):
            step(made.nlp, batch, made.optimizer, made.drop)
            made.optimizer.step_schedules()
    marks.append(time.process_time())
    rank_pool(made.nlp, texts, "mnlp", 100)
    marks.append(time.process_time())
    parts = [after - before for before, after in itertools.pairwise(marks)]
    found = dict(zip(("initialise", "train", "rank"), parts, strict=True)) | {"round": sum(parts)}
    print(config, {part: round(seconds, 1) for part, seconds in found.items()}, flush=True)
    return found


def main(
    data: Path,
    encoder: str,
    pool: Annotated[int, typer.Option(help="Sentences to rank")] = 10_000,
    seed_set: Annotated[int, typer.Option(help="Sentences to train on")] = 500,
    rounds: Annotated[int, typer.Option(help="Rounds that count, of each in turns")] = 1,
    threads: Annotated[int, typer.Option(help="Torch threads")] = 1,
) -> None:
    """Time rounds of both in turns and print the parts and the ratio."""
    torch.set_num_threads(threads)
    docs = read_docs(data / "train.spacy", spacy.blank("en").vocab)[: seed_set + pool]
    texts = [doc.text for doc in docs[seed_set:]]
    with tempfile.TemporaryDirectory() as folder:
        os.environ["BIOACTIVE_CACHE"] = str(Path(folder) / "vectors")
        corpus = Path(folder) / "seed.spacy"
        DocBin(docs=docs[:seed_set], store_user_data=True).to_disk(corpus)
        first = one_round("crf_frozen", corpus, encoder, texts)
        found = {name: [one_round(name, corpus, encoder, texts) for _ in range(rounds)] for name in EPOCHS}
    rows = [("part, CPU seconds", "crf_frozen, first round", "crf_frozen, later rounds", "crf_trf", "crf_trf / later")]
    for part in ("initialise", "train", "rank", "round"):
        ours, theirs = (sorted(one[part] for one in found[name])[rounds // 2] for name in EPOCHS)
        rows.append((part, f"{first[part]:.1f}", f"{ours:.1f}", f"{theirs:.1f}", f"{theirs / ours:.1f}"))
    command = f"python benchmarks/round.py DATA ENCODER --pool {len(texts)} --rounds {rounds}"
    publish("One round", command, rows)


if __name__ == "__main__":
    sys.exit(typer.run(main))
