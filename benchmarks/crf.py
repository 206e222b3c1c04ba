"""What exact inference costs: marginals and the best sequence of a batch, against the encoder's forward pass.

python benchmarks/crf.py ENCODER DATA/test.spacy
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import spacy
import torch
import typer
from pairs import bare_encoder, in_turns, publish

from bioactive.evaluation.load import read_docs
from bioactive.ner.crf import Lattice, marginals
from bioactive.ner.viterbi import viterbi


def main(
    encoder: str,
    data: Path,
    limit: Annotated[int, typer.Option(help="Sentences")] = 512,
    batch: Annotated[int, typer.Option(help="Sentences a batch of the CRF")] = 64,
    threads: Annotated[int, typer.Option(help="Torch threads")] = 1,
) -> None:
    """Time both over the same sentences, for 5 and for 41 labels."""
    torch.set_num_threads(threads)
    docs = read_docs(data, spacy.blank("en").vocab)[:limit]
    lengths = sorted(len(doc) for doc in docs)
    runs = {"encoder": bare_encoder(encoder, [doc.text for doc in docs])}
    for labels in (5, 41):
        runs[f"CRF, {labels} labels"] = _inference(lengths, 2 * labels + 1, batch)
    seconds = in_turns(runs)
    rows = [("", "seconds", "share of the encoder's time")]
    base = sorted(seconds["encoder"])[2]
    for name, taken in seconds.items():
        rows.append((name, f"{sorted(taken)[2]:.3f}", f"{100 * sorted(taken)[2] / base:.1f} %"))
    publish("Exact inference", f"python benchmarks/crf.py ENCODER {data.name}", rows)


def _inference(lengths: list[int], tags: int, size: int):
    generator = torch.Generator().manual_seed(0)
    lattices = []
    for start in range(0, len(lengths), size):
        own = torch.tensor(lengths[start : start + size])
        emissions = torch.randn(len(own), int(own.max()), tags, generator=generator)
        lattices.append(Lattice(emissions, own, torch.randn(tags + 1, tags, generator=generator)))

    def run() -> None:
        with torch.inference_mode():
            for lattice in lattices:
                marginals(lattice)
                viterbi(lattice)

    return run


if __name__ == "__main__":
    sys.exit(typer.run(main))
