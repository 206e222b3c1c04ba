"""Words a second of a fine-tuned pipeline, predicting and training, against what one would use instead.

Predicting: transformers' `pipeline("token-classification")` as shipped, stock spaCy's transformer with `ner`, and the
bare encoder over perfectly sorted batches, which is the limit. Training: a plain transformers loop, batches of 32 in
random order in float32, and the same with length grouping and bf16.

    python benchmarks/speed.py DATA ENCODER [--part predict|train]

The folder DATA is that of `jnlpba.py`. Each pipeline is trained for a few updates first, so that it predicts something
sensible; the peer's tagger says "O" to everything, which is its fastest.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import spacy
import torch
import typer
from pairs import LOW, bare_encoder, in_turns, publish, ratio
from peers.token_classification import Batches, read, train
from spacy.language import Language
from spacy.tokens import DocBin
from spacy.training import Example
from spacy.training.initialize import init_nlp
from spacy.util import load_config, registry
from transformers import AutoModelForTokenClassification, AutoTokenizer, pipeline

from bioactive.evaluation.load import read_docs
from bioactive.models.quantize import set_precision

CONFIGS = Path(__file__).resolve().parent.parent / "configs"


class Trainable:
    """A pipeline of one of the configs and how it is trained."""

    def __init__(self, config: str, data: Path, encoder: str) -> None:
        settings = {"paths.train": str(data), "paths.dev": str(data), "vars.encoder": encoder}
        settings |= {"system.gpu_allocator": None, "corpora.train.gold_preproc": True}
        self.config = load_config(CONFIGS / f"{config}.cfg", overrides=settings, interpolate=False)
        self.nlp: Language = init_nlp(self.config)
        resolved = registry.resolve(self.config.interpolate()["training"], validate=False)
        self.optimizer, self.batcher, self.drop = (resolved[name] for name in ("optimizer", "batcher", "dropout"))
        self.examples = list(registry.resolve(self.config.interpolate()["corpora"])["train"](self.nlp))

    def batches(self, seed: int = 0) -> Iterator[list[Example]]:
        """The batches of one epoch, as `spacy train` makes them."""
        return iter(self.batcher(random.Random(seed).sample(self.examples, len(self.examples))))

    def epoch(self, seed: int = 0) -> None:
        """One pass over the examples, as `spacy train` makes it."""
        for batch in self.batches(seed):
            self.nlp.update(batch, sgd=False, drop=self.drop)
            for _, pipe in self.nlp.pipeline:
                pipe.finish_update(self.optimizer)
            self.optimizer.step_schedules()


def predicting(data: Path, encoder: str, texts: list[str]) -> dict[str, Callable[[], object]]:
    """What to time: a run over all texts each."""
    runs: dict[str, Callable[[], object]] = {}
    for name, config in (("bioactive", "crf_trf"), ("spaCy transformer + ner", "ner_trf")):
        made = Trainable(config, data, encoder)
        made.epoch()
        runs[name] = lambda nlp=made.nlp: sum(1 for _ in nlp.pipe(texts))  # type: ignore[misc]
        if config == "crf_trf":
            small = spacy.util.load_model_from_config(made.nlp.config, vocab=made.nlp.vocab)
            small.from_bytes(made.nlp.to_bytes())
            set_precision(small, "int8")
            runs["bioactive, int8"] = lambda nlp=small: sum(1 for _ in nlp.pipe(texts))  # type: ignore[misc]
    runs["transformers pipeline"] = _hub_pipeline(encoder, texts)
    runs["bare encoder"] = bare_encoder(encoder, texts)
    return runs


def _hub_pipeline(encoder: str, texts: list[str]) -> Callable[[], object]:
    model = AutoModelForTokenClassification.from_pretrained(encoder, num_labels=11)
    with torch.no_grad():
        model.classifier.bias[0] += 100.0
    model.config.id2label[0] = "O"
    tagger = pipeline(
        "token-classification", model=model, tokenizer=AutoTokenizer.from_pretrained(encoder), batch_size=32
    )
    return lambda: sum(1 for _ in tagger((text for text in texts), aggregation_strategy="simple"))


def training(data: Path, encoder: str) -> dict[str, Callable[[], object]]:
    """What to time: one epoch over the data each."""
    made = Trainable("crf_trf", data, encoder)
    sentences = read(data)
    tags = sorted({tag for _, own in sentences for tag in own})
    batches = Batches(AutoTokenizer.from_pretrained(encoder), tags)
    models = [AutoModelForTokenClassification.from_pretrained(encoder, num_labels=len(tags)) for _ in range(2)]
    low = "bf16" if LOW else "float32"
    return {
        "bioactive": made.epoch,
        "plain loop, float32, random order": lambda: train(models[0], batches, sentences, 1, 2e-4, 0, "float32"),
        f"plain loop, {low}, grouped by length": lambda: train(models[1], batches, sentences, 1, 2e-4, 0, low, True),
    }


def main(
    data: Path,
    encoder: str,
    part: Annotated[list[str] | None, typer.Option(help="predict, train; both by default")] = None,
    sentences: Annotated[int, typer.Option(help="Sentences of a run")] = 1000,
    rounds: Annotated[int, typer.Option(help="Rounds that count")] = 5,
    threads: Annotated[int, typer.Option(help="Torch threads")] = 1,
) -> None:
    """Time all contenders in turns and print words a second and ratios."""
    torch.set_num_threads(threads)
    for name in part or ["predict", "train"]:
        docs = read_docs(data / ("test.spacy" if name == "predict" else "train.spacy"), spacy.blank("en").vocab)
        docs = docs[:sentences]
        small = data / "speed.spacy"
        DocBin(docs=(docs if name == "train" else read_docs(data / "train.spacy", docs[0].vocab)[:300])).to_disk(small)
        runs = predicting(small, encoder, [doc.text for doc in docs]) if name == "predict" else training(small, encoder)
        seconds = in_turns(runs, rounds)
        rows = [("", "words a second, median", "bioactive is faster by")]
        for contender, taken in seconds.items():
            speed = sum(map(len, docs)) / sorted(taken)[len(taken) // 2]
            rows.append((contender, f"{speed:,.0f}", ratio(seconds["bioactive"], taken)))
        command = f"python benchmarks/speed.py DATA ENCODER --part {name} --sentences {len(docs)}"
        publish("Predicting" if name == "predict" else "Training", command, rows)


if __name__ == "__main__":
    sys.exit(typer.run(main))
