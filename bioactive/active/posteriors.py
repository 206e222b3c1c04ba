"""What a pipeline believes about a Doc, behind one shape for every kind of component.

An adapter turns a component's own output into `Posterior`s. It is registered under the name of the component's factory,
in `posteriors` or by an entry point in the group "bioactive_posteriors".
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from math import inf, nan
from typing import Any, NamedTuple

import catalogue
import numpy as np
from spacy.language import Language
from spacy.tokens import Doc

from bioactive.blocks import blocks
from bioactive.errors import error
from bioactive.evaluation.pairs import unlabelled_copy
from bioactive.tags import tags_for, tags_from_spans


class Belief(NamedTuple):
    """A predicted entity: `start` and `end` (exclusive) are token indices in the Doc, `prob` is its probability."""

    start: int
    end: int
    label: str
    prob: float


@dataclass(frozen=True)
class Posterior:
    """What a pipeline believes about one Doc of L words; white space is no word, and there is no padding.

    text (str): The Doc's text.
    kind (str): Where it comes from: "exact" (CRF), "beam", "spans", "cats" (a text classifier) or "text" (nothing but
        the text is known).
    words (int): L. A text classifier's decisions stand in for words: one where its labels exclude each other, else one
        a label.
    tags (tuple[str, ...]): Names of the K tags, "O" among them.
    marginals (np.ndarray): Probability of each tag at each word, [L, K]; rows sum to 1.
    best (tuple[str, ...]): The most probable tag sequence, L tags.
    best_log_prob (float): Its log-probability; 0.0 for an empty Doc, nan where unknown.
    second_log_prob (float): That of the runner-up; -inf where there is none, nan where unknown.
    sequence_entropy (float): Entropy of the distribution over sequences, in nats; nan where unknown.
    spans (tuple[Belief, ...]): The predicted entities with their probabilities.
    samples (np.ndarray): Probability of each tag at each word in each of S stochastic passes, [S, L, K]; empty unless
        samples were asked for.
    sampled_best (np.ndarray): Column of the tag of each word in the best sequence of each pass, [S, L], int.
    """

    text: str
    kind: str
    words: int
    tags: tuple[str, ...] = ("O",)
    marginals: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)), repr=False)
    best: tuple[str, ...] = field(default=(), repr=False)
    best_log_prob: float = nan
    second_log_prob: float = nan
    sequence_entropy: float = nan
    spans: tuple[Belief, ...] = ()
    samples: np.ndarray = field(default_factory=lambda: np.zeros((0, 0, 0)), repr=False)
    sampled_best: np.ndarray = field(default_factory=lambda: np.zeros((0, 0), dtype=int), repr=False)


Adapter = Callable[..., list[Posterior]]
# Docs that are asked about at a time where there are many.
BATCH = 256
CLASSIFIERS = ("textcat", "textcat_multilabel")
posteriors = catalogue.create("bioactive", "posteriors", entry_points=True)


def posterior(
    nlp: Language,
    docs: Iterable[Doc],
    *,
    component: str | None = None,
    samples: int = 0,
    seed: int = 0,
    **options: Any,
) -> list[Posterior]:
    """What a pipeline believes about Docs.

    nlp (Language): The pipeline; the components before the one that answers are run, that one predicts once.
    docs (Iterable[Doc]): Tokenised Docs. Entities on them are not looked at: such Docs are copied without.
    component (str | None): Name of the component to ask; None takes the last that has an adapter.
    samples (int): Stochastic passes to run as well, for measures such as "bald".
    seed (int): With a Doc's text it decides what a pass drops.
    options (Any): Passed on to the adapter, such as `beam_width` of the stock `ner`.
    RETURNS (list[Posterior]): One a Doc, in order.
    RAISES (BioactiveError): B320 when no component of the pipeline can answer, B327 when it cannot be sampled.
    """
    name, adapter = find_adapter(nlp, component)
    if samples:
        if "samples" not in inspect.signature(adapter).parameters:
            raise error("B327", name=name, factory=nlp.get_pipe_meta(name).factory)
        options |= {"samples": samples, "seed": seed}
    bare = [unlabelled_copy(doc, nlp.vocab) if _labelled(doc, nlp) else doc for doc in docs]
    later = nlp.pipe_names[nlp.pipe_names.index(name) :]
    # An empty Doc is certain, and some encoders and parsers do not take one.
    filled = [doc for doc in bare if len(doc)]
    ready = list(nlp.pipe(filled, disable=later, batch_size=max(1, len(filled))))
    found = iter(adapter(nlp.get_pipe(name), ready, **options) if ready else [])
    return [next(found) if len(doc) else _certain() for doc in bare]


def beliefs(nlp: Language, docs: Sequence[Doc], **sampling: Any) -> Iterator[tuple[int, Posterior]]:
    """Position and posterior of each of many Docs; those of like length are asked about together.

    nlp, docs, sampling: As in `posterior`.
    YIELDS (tuple[int, Posterior]): Each Doc once, the shortest first.
    """
    order = sorted(range(len(docs)), key=lambda i: len(docs[i]))
    for batch in blocks(order, BATCH):
        yield from zip(batch, posterior(nlp, [docs[i] for i in batch], **sampling), strict=True)


def find_adapter(nlp: Language, component: str | None = None) -> tuple[str, Adapter]:
    """The component of a pipeline that can say what it believes, and how to ask it.

    nlp (Language): The pipeline; components that are switched off are passed over.
    component (str | None): Only this component will do.
    RETURNS (tuple[str, Adapter]): The component's name and its adapter.
    RAISES (BioactiveError): B320 when there is none.
    """
    # A classifier of whole texts speaks only where nothing looks at the words.
    classifies = [name for name in nlp.pipe_names if nlp.get_pipe_meta(name).factory in CLASSIFIERS]
    tags = [name for name in nlp.pipe_names if name not in classifies]
    for name in (*reversed(tags), *reversed(classifies)):
        factory = nlp.get_pipe_meta(name).factory
        if component in (None, name) and factory in posteriors:
            return name, posteriors.get(factory)
    factories = [f"{name} ({nlp.get_pipe_meta(name).factory})" for name in nlp.pipe_names]
    known = ", ".join(sorted(posteriors.get_all()))
    raise error("B320", pipes=", ".join(factories) or "no component at all", known=known)


def text_only(doc: Doc) -> Posterior:
    """The posterior of a Doc of which no component was asked: its text and its number of words."""
    return Posterior(text=doc.text, kind="text", words=int(_is_word(doc).sum()))


def entropy_of(probs: np.ndarray) -> np.ndarray:
    """Entropy in nats over the last axis; 0 log 0 is 0."""
    probs = probs.astype(np.float64)
    return -(probs * np.log(np.where(probs > 0, probs, 1.0))).sum(axis=-1)


@posteriors("crf_ner")
def crf_posteriors(component: Any, docs: Sequence[Doc], *, samples: int = 0, seed: int = 0) -> list[Posterior]:
    """Exact posteriors, from a component with a method `posteriors(docs)`.

    component (Any): A `crf_ner`, or a component whose method gives the same fields.
    docs (Sequence[Doc]): Docs that have passed the components before it.
    samples, seed (int): For its method `sample_posteriors`; the encoder is run once for both.
    RETURNS (list[Posterior]): One a Doc; marginals and tags of white-space tokens are left out.
    """
    if not samples:
        return [_from_crf(doc, own) for doc, own in zip(docs, component.posteriors(docs), strict=True)]
    vectors = component.encode(docs)
    exact = [_from_crf(doc, own) for doc, own in zip(docs, component.posteriors(docs, vectors=vectors), strict=True)]
    sampled = component.sample_posteriors(docs, samples, seed, vectors=vectors)
    return [
        replace(one, samples=own.marginals[:, _is_word(doc)], sampled_best=own.best[:, _is_word(doc)])
        for one, own, doc in zip(exact, sampled, docs, strict=True)
    ]


def _from_crf(doc: Doc, own: Any) -> Posterior:
    words = _is_word(doc)
    return Posterior(
        text=doc.text,
        kind="exact",
        words=int(words.sum()),
        tags=tuple(own.tags),
        marginals=np.asarray(own.marginals)[words],
        best=tuple(tag for tag, word in zip(own.best, words, strict=True) if word),
        best_log_prob=float(own.best_log_prob),
        second_log_prob=float(own.second_log_prob),
        sequence_entropy=float(own.sequence_entropy),
        spans=tuple(Belief(*span) for span in own.spans),
    )


@posteriors("beam_ner")
@posteriors("ner")
def beam_posteriors(
    component: Any, docs: Sequence[Doc], *, beam_width: int = 16, beam_density: float = 0.0
) -> list[Posterior]:
    """Posteriors of spaCy's own `ner`, over the parses that a beam search ends with.

    component (Any): An `EntityRecognizer`.
    docs (Sequence[Doc]): Docs that have passed the components before it.
    beam_width (int): Parses kept; what is not among them has probability 0.
    beam_density (float): Parses below this share of the best one's score are given up early.
    RETURNS (list[Posterior]): One a Doc. The probability of a parse is the softmax of the beam's scores, which `ner` is
        not trained to make honest; the entropy is that of the beam alone.
    """
    beams = component.beam_parse(docs, beam_width=beam_width, beam_density=beam_density)
    tags = tags_for(sorted(component.labels))
    return [
        _from_parses(doc, tags, component.moves.get_beam_parses(beam)) for doc, beam in zip(docs, beams, strict=True)
    ]


@posteriors("spancat")
def spancat_posteriors(component: Any, docs: Sequence[Doc]) -> list[Posterior]:
    """Posteriors of spaCy's `spancat`, whose candidates and labels are independent yes-no questions.

    component (Any): A `SpanCategorizer` with more than one positive label allowed.
    docs (Sequence[Doc]): Docs that have passed the components before it.
    RETURNS (list[Posterior]): One a Doc. Sequence probabilities and entropy are those of all answers together, exact
        under the independence that the model assumes. Marginals are derived, as spans may overlap: P(O) is 1 less
        the highest score of a span on the word, the rest is shared among labels by their highest scores.
    """
    indices, scores = component.predict(docs)
    to_numpy = component.model.ops.to_numpy
    lengths = to_numpy(indices.lengths).tolist()
    edges = np.split(to_numpy(indices.dataXd).reshape(-1, 2), np.cumsum(lengths)[:-1])
    answers = np.split(to_numpy(scores).reshape(-1, len(component.labels)), np.cumsum(lengths)[:-1])
    make = partial(_from_span_scores, labels=component.labels, threshold=component.cfg["threshold"])
    return [make(doc, *row) for doc, *row in zip(docs, edges, answers, strict=True)]


@posteriors("textcat")
def textcat_posteriors(component: Any, docs: Sequence[Doc]) -> list[Posterior]:
    """Posteriors of spaCy's `textcat`, whose labels exclude each other: one decision a text.

    component (Any): A `TextCategorizer`.
    docs (Sequence[Doc]): Docs that have passed the components before it.
    RETURNS (list[Posterior]): One a Doc, of one "word" with the labels as its tags: "entropy" and "margin" are those of
        the labels.
    """
    scores = component.model.ops.to_numpy(component.predict(docs)).astype(np.float64)
    return [_from_decisions(doc, tuple(component.labels), row[None]) for doc, row in zip(docs, scores, strict=True)]


@posteriors("textcat_multilabel")
def multilabel_posteriors(component: Any, docs: Sequence[Doc]) -> list[Posterior]:
    """Posteriors of spaCy's `textcat_multilabel`: one decision, "no" or "yes", a label.

    component (Any): A `MultiLabel_TextCategorizer`.
    docs (Sequence[Doc]): Docs that have passed the components before it.
    RETURNS (list[Posterior]): One a Doc, of as many "words" as there are labels.
    """
    scores = component.model.ops.to_numpy(component.predict(docs)).astype(np.float64)
    return [
        _from_decisions(doc, ("no", "yes"), np.column_stack([1 - row, row]))
        for doc, row in zip(docs, scores, strict=True)
    ]


def _from_decisions(doc: Doc, tags: tuple[str, ...], probs: np.ndarray) -> Posterior:
    """probs: [decisions, tags], independent of each other."""
    logs = np.log(np.maximum(probs, np.finfo(float).tiny))
    ranked = np.sort(logs, axis=1)
    best = float(ranked[:, -1].sum())
    # The runner-up changes the one decision that costs least.
    turn = float((ranked[:, -2] - ranked[:, -1]).max()) if probs.shape[1] > 1 else -inf
    return Posterior(
        text=doc.text,
        kind="cats",
        words=len(probs),
        tags=tags,
        marginals=probs,
        best=tuple(tags[k] for k in probs.argmax(axis=1)),
        best_log_prob=best,
        second_log_prob=best + turn,
        sequence_entropy=float(entropy_of(probs).sum()),
    )


def _labelled(doc: Doc, nlp: Language) -> bool:
    return doc.vocab is not nlp.vocab or bool(doc.to_array("ENT_IOB").any())


def _certain() -> Posterior:
    return Posterior("", "exact", 0, best_log_prob=0.0, second_log_prob=-inf, sequence_entropy=0.0)


def _is_word(doc: Doc) -> np.ndarray:
    return doc.to_array("IS_SPACE") == 0


def _from_parses(doc: Doc, tags: list[str], parses: list[tuple[float, list[tuple[int, int, str]]]]) -> Posterior:
    parses = sorted(parses, key=lambda parse: (-parse[0], parse[1]))
    probs = np.array([prob for prob, _ in parses], dtype=np.float64)
    column = {tag: k for k, tag in enumerate(tags)}
    marginals = np.zeros((len(doc), len(tags)))
    written = [tags_from_spans(spans, len(doc)) for _, spans in parses]
    chance: dict[tuple[int, int, str], float] = {}
    for prob, spans, sequence in zip(probs, (spans for _, spans in parses), written, strict=True):
        marginals[np.arange(len(doc)), [column[tag] for tag in sequence]] += prob
        for span in spans:
            chance[span] = chance.get(span, 0.0) + float(prob)
    words = _is_word(doc)
    log_probs = [*np.log(np.maximum(probs, np.finfo(float).tiny)).tolist(), -inf]
    return Posterior(
        text=doc.text,
        kind="beam",
        words=int(words.sum()),
        tags=tuple(tags),
        marginals=marginals[words],
        best=tuple(tag for tag, word in zip(written[0], words, strict=True) if word),
        best_log_prob=log_probs[0],
        second_log_prob=log_probs[1],
        sequence_entropy=float(entropy_of(probs)),
        spans=tuple(Belief(*span, min(1.0, chance[span])) for span in sorted(parses[0][1])),
    )


def _from_span_scores(
    doc: Doc, edges: np.ndarray, answers: np.ndarray, *, labels: Sequence[str], threshold: float
) -> Posterior:
    """edges: [candidates, 2] token bounds; answers: [candidates, labels] probabilities."""
    highest = np.zeros((len(doc), len(labels)))
    for (start, end), row in zip(edges, answers, strict=True):
        highest[start:end] = np.maximum(highest[start:end], row)
    inside = highest.max(axis=1, initial=0.0)
    shares = highest / np.maximum(highest.sum(axis=1, keepdims=True), np.finfo(float).tiny)
    words = _is_word(doc)
    tags = ("O", *(f"I-{label}" for label in labels))
    marginals = np.column_stack([1 - inside, inside[:, None] * shares])[words]
    yes = answers.astype(np.float64)
    sure = np.maximum(yes, 1 - yes)
    best = float(np.log(sure).sum())
    # The runner-up turns the one answer that costs least.
    turn = np.log(np.maximum(1 - sure, np.finfo(float).tiny)) - np.log(sure)
    kept = [(start, end, labels[k], answers[i, k]) for i, (start, end) in enumerate(edges) for k in range(len(labels))]
    return Posterior(
        text=doc.text,
        kind="spans",
        words=int(words.sum()),
        tags=tags,
        marginals=marginals,
        best=tuple(tags[k] for k in marginals.argmax(axis=1)),
        best_log_prob=best,
        second_log_prob=best + float(turn.max()) if turn.size else -inf,
        sequence_entropy=float(entropy_of(np.stack([yes, 1 - yes], axis=-1)).sum()),
        spans=tuple(Belief(int(s), int(e), label, float(p)) for s, e, label, p in kept if p >= threshold),
    )
