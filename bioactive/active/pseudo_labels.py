"""Pseudo-labels: words beside the answered ones that a pipeline is so sure of that nobody is asked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc, Span

from .merging import REJECTED
from .posteriors import Posterior, beliefs
from .stretches import word_tokens

# First, end, label.
Entity = tuple[int, int, str]


@dataclass(frozen=True)
class PseudoLabelled:
    """Training Docs with pseudo-labels in them.

    docs (list[Doc]): In the order given; those that nothing was added to are the same objects.
    words (int): Words that got a pseudo-label.
    checked, wrong (int): Words of the held-out Docs that are as sure, and how many of them have another tag in gold.
    """

    docs: list[Doc]
    words: int
    checked: int
    wrong: int


def pseudo_label(nlp: Language, docs: Sequence[Doc], held_out: Iterable[Doc], trust: float) -> PseudoLabelled:
    """Fill up Docs that are annotated in part with what a pipeline is sure of.

    nlp (Language): The pipeline, its confidences calibrated.
    docs (Sequence[Doc]): Training Docs. Those without any annotated word, and those with all, stay as they are.
    held_out (Iterable[Doc]): Docs with gold labels, on which the share of wrong pseudo-labels is counted.
    trust (float): Least probability of a word's tag in the best sequence; an entity needs it for each of its words.
    RETURNS (PseudoLabelled): The Docs, and the counts.
    """
    found, words = list(docs), 0
    partial = [place for place, doc in enumerate(docs) if {token.ent_iob == 0 for token in doc} == {False, True}]
    for number, belief in beliefs(nlp, [docs[place] for place in partial]):
        place = partial[number]
        doc = docs[place]
        tokens = word_tokens(doc)
        open_words = np.array([doc[int(i)].ent_iob == 0 for i in tokens], dtype=bool)
        sure, entities = sure_words(belief, doc, open_words, trust)
        rejected = {(span.start, span.end, span.label_) for span in doc.spans.get(REJECTED, ())}
        spans = [(int(tokens[start]), int(tokens[end - 1]) + 1, label) for start, end, label in entities]
        for (start, end, _), span in zip(entities, spans, strict=True):
            sure[start:end] &= span not in rejected
        if sure.any():
            found[place] = _filled(
                doc, {int(i) for i in tokens[sure]}, [each for each in spans if each not in rejected]
            )
            words += int(sure.sum())
    return PseudoLabelled(found, words, *_errors(nlp, list(held_out), trust))


def sure_words(belief: Posterior, doc: Doc, open_words: np.ndarray, trust: float) -> tuple[np.ndarray, list[Entity]]:
    """What a pipeline is sure of in one text.

    belief (Posterior): Of the text.
    doc (Doc): The text, in the same words.
    open_words (np.ndarray): Words that nobody has answered for, [L], bool.
    trust (float): As in `pseudo_label`.
    RETURNS (tuple[np.ndarray, list[Entity]]): Which words are sure, [L], bool, and the entities on them, in words; a
        word of an entity that is not sure as a whole is not sure.
    """
    column = {tag: k for k, tag in enumerate(belief.tags)}
    chosen = [column[tag] for tag in belief.best]
    sure = (belief.marginals[np.arange(belief.words), chosen] >= trust) & open_words
    tokens = word_tokens(doc)
    entities = []
    for span in belief.spans:
        start, end = (int(np.searchsorted(tokens, edge)) for edge in (span.start, span.end))
        if start < end and sure[start:end].all():
            entities.append((start, end, span.label))
        else:
            sure[start:end] = False
    return sure, entities


def _filled(doc: Doc, sure: set[int], spans: Iterable[Entity]) -> Doc:
    """A copy of a Doc with the sure tokens labelled as well; entities count tokens."""
    copy = doc.copy()
    ents = [*copy.ents, *(Span(copy, *span) for span in spans)]
    told = sure.union(*(range(ent.start, ent.end) for ent in ents))
    missing = [copy[token.i : token.i + 1] for token in doc if token.ent_iob == 0 and token.i not in told]
    copy.set_ents(ents, missing=missing, default="outside")
    return copy


def _errors(nlp: Language, golds: Sequence[Doc], trust: float) -> tuple[int, int]:
    """Sure words of gold Docs, and how many of these have another tag in gold."""
    checked = wrong = 0
    for place, belief in beliefs(nlp, golds):
        gold = golds[place]
        words = [gold[int(i)] for i in word_tokens(gold)]
        sure, _ = sure_words(belief, gold, np.array([word.ent_iob != 0 for word in words], dtype=bool), trust)
        tags = [f"{word.ent_iob_}-{word.ent_type_}" if word.ent_type_ else "O" for word in words]
        checked += int(sure.sum())
        wrong += sum(tags[i] != belief.best[i] for i in np.flatnonzero(sure))
    return checked, wrong
