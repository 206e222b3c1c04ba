"""BALD by passes through the head alone, against passes through the whole network: agreement and time.

    python benchmarks/bald.py PIPELINE DATA/test.spacy --limit 1000 --samples 10

Spearman's correlation of the scores, and the time of ranking by `bald` against plain prediction with the same pipeline
on texts that it has not seen before, in interleaved pairs. "full, other seed" is how far the reference agrees
with itself.
"""

from __future__ import annotations

import statistics
import time
from pathlib import Path
from typing import Annotated

import numpy
import torch
import typer
from rich.console import Console
from rich.table import Table
from scipy.stats import spearmanr
from spacy.language import Language
from spacy.tokens import Doc

from bioactive.active.measures import get_measure
from bioactive.active.posteriors import Posterior, posterior
from bioactive.active.rank import rank_pool
from bioactive.evaluation.load import load_pipeline, read_docs
from bioactive.evaluation.pairs import unlabelled_copy
from bioactive.ner.component import CRFNer
from bioactive.ner.encoder import EncoderShim
from bioactive.ner.statecache import StateCache, VectorCache

MEASURES = ("bald", "total_bald", "vote_entropy", "variation_ratio")


def crf_of(nlp: Language) -> CRFNer:
    """The pipeline's `crf_ner`."""
    return next(pipe for _, pipe in nlp.pipeline if isinstance(pipe, CRFNer))


def forget(nlp: Language) -> None:
    """Empty the frozen encoder's memory of texts, so that each timed run encodes anew."""
    for node in crf_of(nlp).model.walk():
        for shim in node.shims:
            if isinstance(shim, EncoderShim):
                shim.cache = VectorCache(StateCache(shim.cache.memory.limit))


def scores(nlp: Language, docs: list[Doc], passes: str, samples: int, seed: int) -> dict[str, numpy.ndarray]:
    """Each measure of each Doc, from stochastic passes of one kind."""
    crf = crf_of(nlp)
    encoder = nlp.get_pipe("transformer") if nlp.has_pipe("transformer") else None
    found = crf.sample_posteriors(docs, samples, seed, passes, encoder=encoder)  # type: ignore[arg-type]
    beliefs = [
        Posterior(doc.text, "exact", len(doc), tuple(own.tags), samples=own.marginals, sampled_best=own.best)
        for doc, own in zip(docs, found, strict=True)
    ]
    return {name: numpy.array([get_measure(name)(one) for one in beliefs]) for name in MEASURES}


def agreement(nlp: Language, docs: list[Doc], samples: int) -> Table:
    """Spearman's correlation with the full passes, by measure."""
    with nlp.select_pipes(enable=[name for name in nlp.pipe_names if name != crf_of(nlp).name]):
        ready = list(nlp.pipe(unlabelled_copy(doc, nlp.vocab) for doc in docs))
    full = scores(nlp, ready, "full", samples, seed=0)
    others = {
        "head": scores(nlp, ready, "head", samples, seed=0),
        "head, other seed": scores(nlp, ready, "head", samples, seed=1),
        "full, other seed": scores(nlp, ready, "full", samples, seed=1),
    }
    plain = posterior(nlp, docs)
    others["mnlp"] = dict.fromkeys(MEASURES, numpy.array([get_measure("mnlp")(one) for one in plain]))
    others["entropy"] = dict.fromkeys(MEASURES, numpy.array([get_measure("entropy")(one) for one in plain]))
    table = Table("Spearman with full passes", *MEASURES)
    for name, found in others.items():
        table.add_row(name, *(f"{spearmanr(full[m], found[m]).statistic:.3f}" for m in MEASURES))
    return table


def timing(nlp: Language, texts: list[str], samples: int, repeats: int) -> Table:
    """CPU seconds and ratios to plain prediction, in interleaved rounds; the processor may be shared."""
    runs = {
        "predict": lambda: list(nlp.pipe(sorted(texts, key=len), batch_size=64)),
        "rank by mnlp": lambda: rank_pool(nlp, texts, "mnlp", 100),
        f"rank by bald, {samples} passes": lambda: rank_pool(nlp, texts, "bald", 100),
    }
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(repeats):
        for name, run in runs.items():
            forget(nlp)
            start = time.process_time()
            run()
            seconds[name].append(time.process_time() - start)
    table = Table("time", "CPU seconds (median)", "ratio to predict (median of rounds)")
    for name, found in seconds.items():
        ratio = statistics.median(own / plain for own, plain in zip(found, seconds["predict"], strict=True))
        table.add_row(name, f"{statistics.median(found):.2f}", f"{ratio:.2f}")
    return table


def main(
    model: str,
    data: Path,
    limit: Annotated[int, typer.Option(help="Documents of the file to take")] = 1000,
    samples: Annotated[int, typer.Option(help="Stochastic passes")] = 10,
    repeats: Annotated[int, typer.Option(help="Rounds of the timing")] = 3,
    threads: Annotated[int, typer.Option(help="Torch threads")] = 1,
    only_time: Annotated[bool, typer.Option("--time", help="Leave the slow full passes out")] = False,
) -> None:
    """Print how well passes of the head agree with passes of the whole network, and what they cost."""
    torch.set_num_threads(threads)
    nlp = load_pipeline(model)
    docs = read_docs(data, nlp.vocab)[:limit]
    console = Console(width=120)
    console.print(timing(nlp, [doc.text for doc in docs], samples, repeats))
    if not only_time:
        console.print(agreement(nlp, docs, samples))


if __name__ == "__main__":
    typer.run(main)
