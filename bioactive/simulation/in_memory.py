"""Training a pipeline by its config on Docs in memory, again and again, without encoding a text twice."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import fix_random_seed, load_config, load_model_from_config
from spacy.vocab import Vocab
from thinc.api import Config, Optimizer

from bioactive.active.posteriors import find_adapter
from bioactive.active.vectors import frozen_nodes
from bioactive.evaluation.pairs import unlabelled_copy
from bioactive.ner.gold import ENTITY_WORDS, weight_of


@dataclass(frozen=True)
class Schedule:
    """How long to train: a stated number of updates, so that no labelled dev set decides when to stop.

    batch_words (int): Words an update, padding and words without a label included.
    epochs (float): Updates are so many times the words, by `batch_words` ...
    min_updates, max_updates (int): ... within these bounds.
    by (str): Which words: "shown", all of the texts trained on, so that each label is seen `epochs` times whether it
        stands in a whole text or in a part of one; or "labelled", with which parts of texts are trained on for less.
    steps (int): Steps of the optimiser a batch. More than one is a published mistake, for comparison alone.
    """

    batch_words: int = 300
    epochs: float = 6.0
    min_updates: int = 100
    max_updates: int = 1200
    by: str = "shown"
    steps: int = 1

    def updates(self, shown: int, labelled: int) -> int:
        """Updates for texts of so many words, of which so many have a label."""
        words = shown if self.by == "shown" else labelled
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
        nlp, optimizer = self.begin(docs, labels)
        self.learn(nlp, optimizer, docs, seed)
        return nlp, optimizer.averages

    def begin(self, docs: Sequence[Doc], labels: Sequence[str]) -> tuple[Language, Optimizer]:
        """A pipeline with fresh weights, ready for training, and what updates it.

        docs (Sequence[Doc]): Training Docs.
        labels (Sequence[str]): All types.
        """
        nlp = self.blank()
        tagger: Any = nlp.get_pipe(find_adapter(nlp)[0])
        for label in labels:
            tagger.add_label(label)
        examples = _examples(nlp, docs)
        return nlp, nlp.initialize(lambda: examples)

    def learn(self, nlp: Language, optimizer: Optimizer, docs: Sequence[Doc], seed: int) -> None:
        """Train for as long as the schedule says, from the weights that are there.

        nlp, optimizer (Language, Optimizer): From `begin`.
        docs (Sequence[Doc]): Training Docs.
        seed (int): Of the order.
        """
        drop = float(self.config["training"].get("dropout", 0.1))
        batches = _batches(_examples(nlp, docs), self.schedule.batch_words, random.Random(seed))
        labelled = sum(map(labelled_words, docs))
        for _ in range(self.schedule.updates(sum(map(len, docs)), labelled)):
            batch = next(batches)
            for _ in range(self.schedule.steps):
                self.step(nlp, optimizer, batch, drop)
            optimizer.step_schedules()

    def step(self, nlp: Language, optimizer: Optimizer, batch: list[Example], drop: float) -> None:
        """One update."""
        step(nlp, batch, optimizer, drop)

    def _share_encoders(self, nlp: Language) -> None:
        """The encoder that an earlier pipeline has loaded, and the vectors that it has made, serve the next."""
        nodes = frozen_nodes(nlp)
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


def _examples(nlp: Language, docs: Sequence[Doc]) -> list[Example]:
    return [Example(unlabelled_copy(doc, nlp.vocab), doc) for doc in docs]


def labelled_words(doc: Doc) -> int:
    """Words of which a Doc says something: a tag, or that they are in an entity of some type."""
    told = doc.to_array("ENT_IOB") != 0
    for span in doc.spans.get(ENTITY_WORDS, ()):
        told[span.start : span.end] = True
    return int(told.sum())


def _key(docs: Sequence[Doc], labels: Sequence[str], seed: int) -> bytes:
    """Identifies a training set and a seed."""
    digest = blake2b(f"{seed}:{labels}".encode())
    for doc in docs:
        digest.update(doc.to_array(["ORTH", "SPACY", "ENT_IOB", "ENT_TYPE"]).tobytes() + b"|")
        known = [(span.start, span.end, span.label_) for span in doc.spans.get(ENTITY_WORDS, ())]
        digest.update(f"{weight_of(doc)}:{known}|".encode())
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
