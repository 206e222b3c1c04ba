"""What the runs of a simulation share within one process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc

from bioactive.active.posteriors import BATCH, beliefs, entropy_of
from bioactive.evaluation.blocks import pipe_block
from bioactive.evaluation.load import read_docs
from bioactive.evaluation.pairs import unlabelled_copy

from .choose import Pool
from .experiment import Experiment
from .in_memory import Trainer
from .metrics import get_metric
from .oracle import Oracle


class Bench:
    """What the runs of one process share: the corpus, and the encoder with its vectors.

    experiment (Experiment): The simulation.
    """

    def __init__(self, experiment: Experiment) -> None:
        pipeline, data = experiment.pipeline, experiment.data
        self.experiment = experiment
        self.metric = get_metric(data.metric)
        self.trainer = Trainer(Path(pipeline.config), pipeline.overrides, experiment.schedule)
        vocab = self.trainer.blank().vocab
        self.golds = _some(read_docs(Path(data.pool), vocab), data.pool_limit)
        self.cheap = [] if data.cheap is None else list(read_docs(Path(data.cheap), vocab))
        self.test = _some(read_docs(Path(data.test), vocab), data.test_limit)
        self.bare = [unlabelled_copy(doc, vocab) for doc in self.golds]
        drawn = np.random.default_rng(0).permutation(len(self.bare))[: data.stop_limit]
        self.stop = [self.bare[int(text)] for text in drawn]
        self.labels = sorted({ent.label_ for doc in self.golds for ent in doc.ents})

    def pool(self) -> Pool:
        """The pool, of which nothing is known yet."""
        return Pool(self.bare, Oracle(self.golds))

    def beside(self, pool: Pool) -> list[Doc]:
        """The cheap Docs that are trained on beside the answers."""
        if self.experiment.data.keep_cheap:
            return self.cheap
        asked = {pool.docs[text].text for text in pool.oracle.answered()}
        return [doc for doc in self.cheap if doc.text not in asked]

    def scored(self, nlp: Language) -> dict[str, float]:
        """Precision, recall and F1 on the test Docs, by the experiment's metric."""
        bare = [unlabelled_copy(doc, nlp.vocab) for doc in self.test]
        return self.metric(self.test, list(pipe_block(nlp, bare, BATCH)))

    def unlabelled(self, nlp: Language) -> dict[str, Any]:
        """What the criteria for stopping look at: predictions on the texts drawn for them, and mean token entropy."""
        entities: list[list[Any]] = []
        doubt = words = 0.0
        for place, belief in beliefs(nlp, self.stop):
            entities += [[place, span.start, span.end, span.label] for span in belief.spans]
            doubt += float(entropy_of(belief.marginals).sum()) if belief.words else 0.0
            words += belief.words
        return {"entities": sorted(entities), "doubt": doubt / max(1.0, words)}


def _some(docs: list[Doc], limit: int) -> list[Doc]:
    return docs[:limit] if limit else docs
