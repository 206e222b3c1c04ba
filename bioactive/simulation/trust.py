"""Pseudo-labels: words beside answered stretches that a pipeline is so sure of that nobody is asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc

from bioactive.active.posteriors import beliefs
from bioactive.active.pseudo_labels import sure_words
from bioactive.active.stretches import runs_of

from .choose import Pool
from .oracle import Oracle

# By text: the sure words as runs [start, end), and the entities among them [start, end, label]; all in words.
Guesses = dict[int, dict[str, list[list[Any]]]]


def guess(nlp: Language, pool: Pool, trust: float) -> tuple[Guesses, dict[str, int]]:
    """What the pipeline is sure of in texts that are known in part.

    nlp (Language): The pipeline.
    pool (Pool): The pool.
    trust (float): Least probability of a word's tag in the best sequence; an entity needs it for each of its words.
    RETURNS (tuple[Guesses, dict[str, int]]): The guesses; how many words they cover ("guessed"), and how many of these
        have another tag in gold ("guessed_wrong").
    """
    found: Guesses = {}
    oracle, told = pool.oracle, {"guessed": 0, "guessed_wrong": 0}
    texts = [text for text in oracle.answered() if oracle.open_words(text).any()]
    for place, belief in beliefs(nlp, [pool.docs[text] for text in texts]):
        text = texts[place]
        sure, entities = sure_words(belief, pool.docs[text], oracle.open_words(text), trust)
        if sure.any():
            found[text] = {"runs": [list(run) for run in runs_of(sure)], "entities": [list(each) for each in entities]}
            told["guessed"] += int(sure.sum())
            told["guessed_wrong"] += oracle.wrong(text, entities, sure)
    return found, told


def training_docs(oracle: Oracle, guesses: Mapping[int, Mapping[str, list[list[Any]]]]) -> list[Doc]:
    """All that is known, and what was guessed beside it, as Docs to train on.

    oracle (Oracle): The answers.
    guesses (Mapping): By text, from `guess`. What was answered since is not guessed any more.
    RETURNS (list[Doc]): One a text of which something is known.
    """
    docs = []
    for text in oracle.answered():
        mine = guesses.get(text, {"runs": [], "entities": []})
        sure = np.zeros(oracle.lengths[text], dtype=bool)
        for start, end in mine["runs"]:
            sure[start:end] = True
        open_words = oracle.open_words(text)
        kept, cut = [], ~open_words
        for start, end, label in mine["entities"]:
            if open_words[start:end].all():
                kept.append((start, end, label))
            else:
                cut[start:end] = True  # the rest of an entity that was answered in part is no guess either
        docs.append(oracle.training_doc(text, kept, sure & ~cut))
    return docs
