"""How unsure a pipeline is about each word of a text: each measure gives a number a word, and larger is less certain.

A stretch of words is scored by the mean of these numbers; see `stretches`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from hashlib import blake2b

import catalogue
import numpy as np

from bioactive.errors import error

from .posteriors import Posterior, entropy_of
from .sampled import known_samples, of_samples

WordMeasure = Callable[[Posterior], np.ndarray]
word_measures = catalogue.create("bioactive", "word_measures", entry_points=True)
# Of the text alone, so that no component needs to be asked.
RANDOM = "random"


def get_word_measure(name: str, seed: int = 0) -> WordMeasure:
    """A measure of words by its name.

    name (str): A name in the registry `word_measures`; entry points in the group "bioactive_word_measures" extend it.
    seed (int): For a measure that takes one.
    RETURNS (WordMeasure): A function of a Posterior of L words that returns [L].
    RAISES (BioactiveError): B530 when there is none of this name.
    """
    if name not in word_measures:
        raise error("B530", name=name, known=", ".join(sorted(word_measures.get_all())))
    found = word_measures.get(name)
    return partial(found, seed=seed) if "seed" in inspect.signature(found).parameters else found


@word_measures("entropy")
def word_entropy(posterior: Posterior) -> np.ndarray:
    """Entropy of the tag of each word.

    posterior (Posterior): Of one Doc.
    RETURNS (np.ndarray): H(p_t) in nats, [L].
    """
    return entropy_of(_marginals(posterior, "entropy"))


@word_measures("entity_entropy")
def word_entity_entropy(posterior: Posterior) -> np.ndarray:
    """Entropy of the tag of each word, weighed by the word's chance of being in an entity.

    posterior (Posterior): Of one Doc.
    RETURNS (np.ndarray): (1 - P(O)) H(p_t) in nats, [L].
    Source: after Şapcı et al. 2023, Focusing on potential named entities during active label acquisition.
    """
    marginals = _marginals(posterior, "entity_entropy")
    if not posterior.words:
        return np.zeros(0)
    outside = posterior.tags.index("O")
    return (1.0 - marginals[:, outside].astype(np.float64)) * entropy_of(marginals)


@word_measures("doubt")
def word_doubt(posterior: Posterior) -> np.ndarray:
    """How improbable the tag is that each word has in the best sequence.

    posterior (Posterior): Of one Doc.
    RETURNS (np.ndarray): 1 - P(y*_t), in [0, 1], [L].
    """
    marginals = _marginals(posterior, "doubt")
    column = {tag: k for k, tag in enumerate(posterior.tags)}
    chosen = [column[tag] for tag in posterior.best]
    return 1.0 - marginals[np.arange(posterior.words), chosen].astype(np.float64)


@word_measures("margin")
def word_margin(posterior: Posterior) -> np.ndarray:
    """How close the second tag of each word comes to its first.

    posterior (Posterior): Of one Doc.
    RETURNS (np.ndarray): p_(2) - p_(1), in [-1, 0], [L].
    """
    marginals = _marginals(posterior, "margin").astype(np.float64)
    if marginals.shape[1] < 2:
        return -np.ones(posterior.words)
    first_two = np.sort(marginals, axis=1)[:, -2:]
    return first_two[:, 0] - first_two[:, 1]


@word_measures("bald")
@of_samples
def word_bald(posterior: Posterior) -> np.ndarray:
    """What the weights leave open about the tag of each word, without what is ambiguous whatever the weights.

    posterior (Posterior): Of one Doc, with samples.
    RETURNS (np.ndarray): H(mean_s p_st) - mean_s H(p_st) in nats, [L]; p_st are the marginals at word t in pass s.
    Source: as of the measure of texts of this name.
    """
    if not posterior.words:
        return np.zeros(0)
    samples = known_samples(posterior, "bald", posterior.samples)
    # Entropy is concave, so anything below zero is rounding.
    return np.maximum(entropy_of(samples.mean(axis=0, dtype=np.float64)) - entropy_of(samples).mean(axis=0), 0.0)


@word_measures(RANDOM)
def word_random(posterior: Posterior, seed: int = 0) -> np.ndarray:
    """Numbers that the text and the seed alone decide: the control for the other measures of words.

    posterior (Posterior): Of one Doc; its text and its number of words are used.
    seed (int): Another seed gives other numbers.
    RETURNS (np.ndarray): Uniform in [0, 1), [L].
    """
    digest = blake2b(f"{seed}:{posterior.text}".encode("utf8", "surrogatepass"), digest_size=8).digest()
    return np.random.default_rng(int.from_bytes(digest, "big")).random(posterior.words)


def _marginals(posterior: Posterior, measure: str) -> np.ndarray:
    if posterior.words and not posterior.marginals.size:
        raise error("B322", measure=measure, needed="marginals", kind=posterior.kind)
    return posterior.marginals if posterior.words else np.zeros((0, len(posterior.tags)))
