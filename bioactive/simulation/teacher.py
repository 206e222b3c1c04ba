"""A first pipeline tells which words of cheap rows are in no entity, and a second one learns from that.

Cheap entity words alone teach that everything is an entity; the rows' own silence teaches that half of the entities are
none. So a teacher is trained on the expert rows and, faintly, on the cheap entity words; a word that it takes to be
outside counts as that, unless the cheap source says otherwise; all other words stay without annotation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc

from bioactive.active.posteriors import posterior
from bioactive.active.stretches import word_tokens
from bioactive.blocks import blocks
from bioactive.cheap.merge import CheapAndExpert, Trust, merge
from bioactive.errors import error

from .in_memory import Trainer
from .scoring import BATCH


@dataclass(frozen=True)
class Teaching:
    """How cheap rows are used beside expert rows.

    trust (Trust): What is believed of them.
    outside (float): Words whose probability of being in no entity is at least this for the teacher count as outside;
        0.0 for no teacher. It takes "entities" or "words" as `trust.what`.
    faintly (float): Weight of a cheap row in the teacher's training.
    """

    trust: Trust = field(default_factory=Trust)
    outside: float = 0.5
    faintly: float = 0.05

    def __post_init__(self) -> None:
        if not 0.0 <= self.outside <= 1.0 or (self.outside and self.trust.what == "all"):
            raise error("B564", outside=self.outside, what=self.trust.what)


def taught(
    trainer: Trainer, cheap: Sequence[Doc], expert: Sequence[Doc], labels: Sequence[str], teaching: Teaching, seed: int
) -> CheapAndExpert:
    """The training set of a round.

    trainer (Trainer): Trains the teacher.
    cheap (Sequence[Doc]): Cheap rows, of the trainer's vocabulary.
    expert (Sequence[Doc]): Expert rows. Without any, cheap rows are all that is known, and are taken as they are.
    labels (Sequence[str]): All types.
    teaching (Teaching): How the cheap rows are used.
    seed (int): Of the teacher.
    RETURNS (CheapAndExpert): Expert rows, and what is believed of the cheap rows that are left.
    """
    if not expert:
        return merge(cheap, expert, replace(teaching.trust, what="all"))
    if not cheap or not teaching.outside:
        return merge(cheap, expert, teaching.trust)
    first = merge(cheap, expert, replace(teaching.trust, weight=teaching.faintly))
    with trainer.trained(first.docs, labels, seed) as nlp:
        outside = words_outside(nlp, cheap, teaching.outside)
    return merge(cheap, expert, teaching.trust, outside)


def words_outside(nlp: Language, docs: Sequence[Doc], least: float) -> dict[str, list[int]]:
    """The words that a pipeline takes to be in no entity.

    nlp (Language): The pipeline.
    docs (Sequence[Doc]): Docs; their labels are not looked at.
    least (float): Least probability of the tag O.
    RETURNS (dict[str, list[int]]): Token indices by text.
    """
    found: dict[str, list[int]] = {}
    for block in blocks(sorted(docs, key=len), BATCH):
        for doc, belief in zip(block, posterior(nlp, block), strict=True):
            if belief.words:
                sure = belief.marginals[:, belief.tags.index("O")] >= least
                found[doc.text] = np.asarray(word_tokens(doc))[sure].tolist()
    return found
