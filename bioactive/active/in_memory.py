"""Training a pipeline by its config on Docs in memory, again and again, without encoding a text twice."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import fix_random_seed, load_config, load_model_from_config
from spacy.vocab import Vocab
from thinc.api import Config, Optimizer, to_numpy

from bioactive.errors import error
from bioactive.evaluation.pairs import unlabelled_copy

from .posteriors import find_adapter


@dataclass(frozen=True)
class Schedule:
    """How long to train: a stated number of updates, so that no labelled dev set decides when to stop.

    Updates go by labelled words alone: two strategies that paid for as many words train for as long, whether these
    stand in whole texts or in parts of many.

    batch_words (int): Words an update, padding and words without a label included.
    epochs (float): Updates are so many times the labelled words, by `batch_words` ...
    min_updates, max_updates (int): ... within these bounds.
    """

    batch_words: int = 300
    epochs: float = 6.0
    min_updates: int = 100
    max_updates: int = 1200

    def updates(self, words: int) -> int:
        """Updates for a training set of so many labelled words."""
        return max(self.min_updates, min(self.max_updates, round(self.epochs * words / self.batch_words)))


class Trainer:
    """Makes pipelines of one config that share a vocabulary and frozen encoders with their vectors.

    config (Path): A spaCy training config.
    overrides (Mapping[str, Any]): Settings by dotted name.
    schedule (Schedule): How long to train.
    """

    def __init__(self, config: Path, overrides: Mapping[str, Any], schedule: Schedule) -> None:
        self.config: Config = load_config(config, overrides=dict(overrides), interpolate=True)
        self.schedule = schedule
        self.vocab: Vocab | None = None
        self.encoders: dict[int, Any] = {}
        self.remembered: tuple[bytes, Any, Any] = b"", None, None

    def blank(self) -> Language:
        """A pipeline with fresh weights, not initialised."""
        vocab: Any = True if self.vocab is None else self.vocab
        nlp = load_model_from_config(self.config, auto_fill=True, vocab=vocab)
        self.vocab = nlp.vocab
        self._share_encoders(nlp)
        return nlp

    @contextmanager
    def trained(
        self, docs: Sequence[Doc], labels: Sequence[str], seed: int, remember: bool = False
    ) -> Iterator[Language]:
        """A pipeline trained from scratch; within the block its weights are the averaged ones where there are such.

        docs (Sequence[Doc]): Training Docs of the Trainer's vocabulary, annotated in full or in part.
        labels (Sequence[str]): All types: the first answers need not hold each of them.
        seed (int): Of the weights, the order and what is dropped.
        remember (bool): Keep the pipeline, and give it again when it is next asked for with the same data and seed.
        YIELDS (Language): The pipeline.
        """
        key = _key(docs, labels, seed) if remember else b""
        if remember and self.remembered[0] == key:
            nlp, averages = self.remembered[1:]
        else:
            nlp, averages = self._fit(docs, labels, seed)
        if remember:
            self.remembered = key, nlp, averages
        with nlp.use_params(averages) if averages else nullcontext():
            yield nlp

    def _fit(self, docs: Sequence[Doc], labels: Sequence[str], seed: int) -> tuple[Language, Any]:
        """A trained pipeline, and the averages of its weights."""
        fix_random_seed(seed)
        nlp = self.blank()
        examples = [Example(unlabelled_copy(doc, nlp.vocab), doc) for doc in docs]
        tagger: Any = nlp.get_pipe(find_adapter(nlp)[0])
        for label in labels:
            tagger.add_label(label)
        optimizer = nlp.initialize(lambda: examples)
        drop = float(self.config["training"].get("dropout", 0.1))
        batches = _batches(examples, self.schedule.batch_words, random.Random(seed))
        labelled = sum(int(np.count_nonzero(doc.to_array("ENT_IOB"))) for doc in docs)
        for _ in range(self.schedule.updates(labelled)):
            step(nlp, next(batches), optimizer, drop)
        return nlp, optimizer.averages

    def _share_encoders(self, nlp: Language) -> None:
        """The encoder that an earlier pipeline has loaded, and the vectors that it has made, serve the next."""
        models = [pipe.model for _, pipe in nlp.pipeline if hasattr(pipe, "model")]
        nodes = [node for model in models for node in model.walk() if node.name == "frozen_transformer"]
        for number, node in enumerate(nodes):
            node.shims[0] = self.encoders.setdefault(number, node.shims[0])


def step(nlp: Language, batch: Sequence[Example], optimizer: Optimizer, drop: float) -> None:
    """One update, as `Language.update` makes it but for the copy of each Doc, which takes as long as a small network.

    nlp (Language): The pipeline; no component that learns may write on the Docs while it does.
    batch (Sequence[Example]): The Examples.
    optimizer (Optimizer): The optimiser; its schedules are not moved on.
    drop (float): Share of units dropped.
    """
    learning: list[Any] = [pipe for _, pipe in nlp.pipeline if getattr(pipe, "is_trainable", False)]
    for pipe in learning:
        pipe.update(batch, drop=drop, sgd=None)
    for pipe in learning:
        pipe.finish_update(optimizer)


def _key(docs: Sequence[Doc], labels: Sequence[str], seed: int) -> bytes:
    """Identifies a training set and a seed."""
    digest = blake2b(f"{seed}:{labels}".encode())
    for doc in docs:
        digest.update(doc.to_array(["ORTH", "SPACY", "ENT_IOB", "ENT_TYPE"]).tobytes() + b"|")
    return digest.digest()


def _batches(examples: Sequence[Example], words: int, rng: random.Random) -> Iterator[list[Example]]:
    """Batches for ever; Docs of like length together, in another order each time around."""
    while True:
        order = list(examples)
        rng.shuffle(order)
        found: list[list[Example]] = []
        for first in range(0, len(order), 256):
            batch: list[Example] = []
            for eg in sorted(order[first : first + 256], key=lambda eg: len(eg.predicted)):
                if batch and (len(batch) + 1) * len(eg.predicted) > words:
                    found.append(batch)
                    batch = []
                batch.append(eg)
            found += [batch] if batch else []
        rng.shuffle(found)
        yield from found


def word_vectors(nlp: Language, docs: Sequence[Doc]) -> list[np.ndarray]:
    """The encoder's vectors of each Doc.

    nlp (Language): A pipeline with a component that has a method `encode`, such as `crf_ner`.
    docs (Sequence[Doc]): The Docs.
    RETURNS (list[np.ndarray]): [tokens, width] a Doc.
    RAISES (BioactiveError): B535 when no component can.
    """
    for _, pipe in nlp.pipeline:
        if hasattr(pipe, "encode"):
            return [to_numpy(rows) for rows in pipe.encode(list(docs))]
    raise error("B535", pipes=", ".join(nlp.pipe_names))
