"""Vectors of words and of the parts of texts that are asked about, from the encoder of a pipeline."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import load_config, load_model_from_config
from thinc.api import to_numpy

from bioactive.errors import error

from .posteriors import posterior
from .stretches import Bounds, word_tokens

# Numbers that the vector of a word is brought down to in a gradient embedding, which has so many for each tag.
PROJECTED = 32


def untrained(config: Path, encoder: str | None = None) -> Language:
    """A pipeline made from a training config, for what needs its encoder alone.

    config (Path): The config; its encoder is loaded when it is first asked.
    encoder (str | None): In place of the `[vars] encoder` of the config.
    RETURNS (Language): The pipeline, not initialised.
    RAISES (BioactiveError): B308 when there is no such file.
    """
    if not config.is_file():
        raise error("B308", path=config)
    overrides = {} if encoder is None else {"vars.encoder": encoder}
    return load_model_from_config(load_config(config, overrides=overrides, interpolate=True), auto_fill=True)


def word_vectors(nlp: Language, docs: Sequence[Doc]) -> list[np.ndarray]:
    """The encoder's vectors of each Doc.

    nlp (Language): A pipeline with a component that has a method `encode`, such as `crf_ner`; before it is trained its
        frozen encoder will do.
    docs (Sequence[Doc]): The Docs.
    RETURNS (list[np.ndarray]): [tokens, width] a Doc.
    RAISES (BioactiveError): B535 when no component can.
    """
    pipes: list[Any] = [pipe for _, pipe in nlp.pipeline]
    for pipe in pipes:
        if hasattr(pipe, "encode") and pipe.model.get_ref("output_layer").has_dim("nI"):
            return [to_numpy(rows) for rows in pipe.encode(list(docs))]
    for node in frozen_nodes(nlp)[:1]:
        if not node.has_dim("nO"):
            node.initialize()
        return [to_numpy(rows) for rows in node.predict(list(docs))]
    raise error("B535", pipes=", ".join(nlp.pipe_names))


def frozen_nodes(nlp: Language) -> list[Any]:
    """The frozen encoders in a pipeline's models, trained or not."""
    models: list[Any] = [pipe.model for _, pipe in nlp.pipeline if hasattr(pipe, "model")]
    return [node for model in models for node in model.walk() if node.name == "frozen_transformer"]


def mean_vectors(nlp: Language, docs: Sequence[Doc], asked: Sequence[Sequence[Bounds]]) -> np.ndarray:
    """The mean vector of the words asked about.

    nlp (Language): As in `word_vectors`.
    docs (Sequence[Doc]): A Doc a question, [N].
    asked (Sequence[Sequence[Bounds]]): The words asked about, [start, end), in words; at least one a question.
    RETURNS (np.ndarray): [N, width].
    """
    rows = [
        own[_tokens(doc, bounds)].mean(axis=0)
        for doc, bounds, own in zip(docs, asked, word_vectors(nlp, docs), strict=True)
    ]
    return np.stack(rows) if rows else np.zeros((0, 1))


def gradient_embeddings(
    nlp: Language, docs: Sequence[Doc], asked: Sequence[Sequence[Bounds]], seed: int = 0
) -> np.ndarray:
    """How each question would pull at the output layer, if the pipeline's own answer were right.

    The gradient of a CRF's loss by the emissions is the posterior less the one-hot of the answer; that by the weights
    is its outer product with the layer's input. The word's vector stands for that input, brought down to `PROJECTED`
    numbers at random, which keeps inner products in expectation (Johnson & Lindenstrauss 1984).

    nlp, docs, asked: As in `mean_vectors`; the pipeline is trained.
    seed (int): Of the projection.
    RETURNS (np.ndarray): The mean over the words asked about of (p_t - onehot(y*_t)) x R h_t, [N, tags * PROJECTED].
    Source: after Ash et al. 2020, Deep batch active learning by diverse, uncertain gradient lower bounds (BADGE).
    """
    vectors, found = word_vectors(nlp, docs), posterior(nlp, docs)
    width = vectors[0].shape[1] if vectors else 1
    projection = np.random.default_rng(seed).standard_normal((width, PROJECTED)) / np.sqrt(PROJECTED)
    rows = []
    for doc, bounds, own, belief in zip(docs, asked, vectors, found, strict=True):
        pull = belief.marginals.astype(np.float64)
        column = {tag: k for k, tag in enumerate(belief.tags)}
        pull[np.arange(belief.words), [column[tag] for tag in belief.best]] -= 1.0
        words = np.concatenate([np.arange(start, end) for start, end in bounds])
        inputs = own[_tokens(doc, bounds)] @ projection  # [asked, PROJECTED]
        rows.append((pull[words].T @ inputs).ravel() / len(words))
    return np.stack(rows) if rows else np.zeros((0, 1))


def _tokens(doc: Doc, bounds: Sequence[Bounds]) -> np.ndarray:
    """The token indices of some words."""
    places = word_tokens(doc)
    return np.concatenate([places[start:end] for start, end in bounds])
