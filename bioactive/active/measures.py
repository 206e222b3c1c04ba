"""How unsure a pipeline is about a text: each measure is a function of one Posterior, and larger is less certain.

A measure sees words only, no padding and no other text, so a score depends neither on the batch nor on the order.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from functools import partial
from hashlib import blake2b

import catalogue
import numpy as np

from bioactive.errors import error

from .posteriors import Posterior, entropy_of
from .sampled import known_samples, of_samples
from .word_measures import word_bald, word_entity_entropy

Measure = Callable[[Posterior], float]
measures = catalogue.create("bioactive", "measures", entry_points=True)
# These look at the text alone, so no component needs to be asked.
TEXT_ONLY = frozenset({"random", "length"})
# Needs gold, so it is for simulations alone.
ORACLE = "oracle_accuracy"


def get_measure(name: str, seed: int = 0) -> Measure:
    """A measure by its name.

    name (str): A name in the registry `measures`, which entry points in the group "bioactive_measures" extend.
    seed (int): For a measure that takes one.
    RETURNS (Measure): A function of a Posterior.
    RAISES (BioactiveError): B321 when there is none of this name.
    """
    from . import published  # noqa: F401  (it registers its measures here, so it cannot be imported above)

    if name not in measures:
        raise error("B321", name=name, known=", ".join(sorted(measures.get_all())))
    found = measures.get(name)
    return partial(found, seed=seed) if "seed" in inspect.signature(found).parameters else found


@measures("random")
def random(posterior: Posterior, seed: int = 0) -> float:
    """A number that the text and the seed alone decide: the control that every other measure has to beat.

    posterior (Posterior): Of one Doc; its text is used.
    seed (int): Another seed gives another order.
    RETURNS (float): Uniform in [0, 1) over texts; the same for the same text, whatever the order of the pool.
    """
    return uniform(posterior.text, seed)


@measures("length")
def length(posterior: Posterior) -> float:
    """The number of words: the control that shows whether a measure just prefers long texts.

    posterior (Posterior): Of one Doc.
    RETURNS (float): L.
    """
    return float(posterior.words)


@measures("lc")
def lc(posterior: Posterior) -> float:
    """Least confidence: how improbable the best tag sequence is.

    posterior (Posterior): Of one Doc.
    RETURNS (float): -log P(best sequence), in nats; it orders texts just as 1 - P(best sequence) does, but does not run
        out of digits on long ones. 0.0 for an empty Doc.
    Source: Culotta & McCallum 2005, Reducing labeling effort for structured prediction tasks.
    """
    return _surprise(posterior, "lc")


@measures("mnlp")
def mnlp(posterior: Posterior) -> float:
    """Maximum normalised log-probability: how sure the best tag sequence is, per word.

    posterior (Posterior): Of one Doc; words only, no padding.
    RETURNS (float): -log P(best sequence) / L; 0.0 for an empty Doc.
    Source: Shen et al. 2017, Deep active learning for named entity recognition.
    """
    return _surprise(posterior, "mnlp") / max(1, posterior.words)


@measures("ltp")
def ltp(posterior: Posterior) -> float:
    """Lowest token probability: the doubt about the weakest word of the best sequence.

    posterior (Posterior): Of one Doc.
    RETURNS (float): 1 - min over words t of P(best tag at t), in [0, 1]; 0.0 for an empty Doc.
    Source: Liu et al. 2022, LTP: a new active learning strategy for CRF-based named entity recognition.
    """
    marginals = known_marginals(posterior, "ltp")
    column = {tag: k for k, tag in enumerate(posterior.tags)}
    chosen = marginals[np.arange(posterior.words), [column[tag] for tag in posterior.best]]
    return float(1 - chosen.min(initial=1.0))


@measures("margin")
def margin(posterior: Posterior) -> float:
    """How close the runner-up comes to the best sequence.

    posterior (Posterior): Of one Doc.
    RETURNS (float): P(second sequence) - P(best sequence), in [-1, 0]; -1.0 for an empty Doc, which has no second.
    Source: Scheffer et al. 2001, Active hidden Markov models for information extraction.
    """
    best, second = (_known(posterior, "margin", name) for name in ("best_log_prob", "second_log_prob"))
    return math.exp(second) - math.exp(best)


@measures("entropy")
def entropy(posterior: Posterior) -> float:
    """Mean token entropy.

    posterior (Posterior): Of one Doc; words only, no padding.
    RETURNS (float): (1 / L) sum over words t of H(P(tag at t)), in nats, in [0, log K]; 0.0 for an empty Doc.
    Source: Settles & Craven 2008, An analysis of active learning strategies for sequence labeling tasks.
    """
    return float(entropy_of(known_marginals(posterior, "entropy")).sum()) / max(1, posterior.words)


@measures("total_entropy")
def total_entropy(posterior: Posterior) -> float:
    """Total token entropy: as `entropy`, but long texts count for more.

    posterior (Posterior): Of one Doc.
    RETURNS (float): sum over words t of H(P(tag at t)), in nats; 0.0 for an empty Doc.
    Source: Settles & Craven 2008 ("total token entropy").
    """
    return float(entropy_of(known_marginals(posterior, "total_entropy")).sum())


@measures("entity_entropy")
def entity_entropy(posterior: Posterior) -> float:
    """Mean token entropy, each word weighed by its chance of being in an entity.

    posterior (Posterior): Of one Doc; words only, no padding.
    RETURNS (float): (1 / L) sum over words t of (1 - P(O at t)) H(P(tag at t)), in nats; 0.0 for an empty Doc.
    Source: after Şapcı et al. 2023, Focusing on potential named entities during active label acquisition.
    """
    return total_entity_entropy(posterior) / max(1, posterior.words)


@measures("total_entity_entropy")
def total_entity_entropy(posterior: Posterior) -> float:
    """As `entity_entropy`, summed over the words: what `by_length_density` normalises.

    posterior (Posterior): Of one Doc.
    RETURNS (float): sum over words t of (1 - P(O at t)) H(P(tag at t)), in nats; 0.0 for an empty Doc.
    """
    return float(word_entity_entropy(posterior).sum())


@measures("sequence_entropy")
def sequence_entropy(posterior: Posterior) -> float:
    """Entropy over whole tag sequences, which knows that neighbouring doubts are often one.

    posterior (Posterior): Of one Doc.
    RETURNS (float): -sum over sequences y of P(y) log P(y), in nats; exact for a CRF, over the kept parses for a beam.
    Source: Kim et al. 2006, MMR-based active machine learning for bio named entity recognition; exact form Mann &
        McCallum 2007.
    """
    return _known(posterior, "sequence_entropy", "sequence_entropy")


@measures("bald")
@of_samples
def bald(posterior: Posterior) -> float:
    """Bayesian active learning by disagreement: what the tags would tell about the network, per word.

    posterior (Posterior): Of one Doc, with samples; words only, no padding.
    RETURNS (float): (1 / L) sum over words t of H(mean_s p_st) - mean_s H(p_st), in nats, where p_st are the marginals
        at t in pass s: large where each pass is sure and the passes contradict each other. 0.0 for an empty Doc.
    Source: Houlsby et al. 2011, Bayesian active learning for classification and preference learning; by dropout Gal et
        al. 2017, Deep Bayesian active learning with image data; for tagging Siddhant & Lipton 2018.
    """
    return total_bald(posterior) / max(1, posterior.words)


@measures("total_bald")
@of_samples
def total_bald(posterior: Posterior) -> float:
    """As `bald`, summed over the words: long texts count for more.

    posterior (Posterior): Of one Doc, with samples.
    RETURNS (float): sum over words t of H(mean_s p_st) - mean_s H(p_st), in nats; 0.0 for an empty Doc.
    """
    return float(word_bald(posterior).sum())


@measures("vote_entropy")
@of_samples
def vote_entropy(posterior: Posterior) -> float:
    """How the passes' best sequences split over the tags of a word: as `bald`, but each pass has one vote.

    posterior (Posterior): Of one Doc, with samples.
    RETURNS (float): (1 / L) sum over words t of H(shares of the S votes at t), in nats, in [0, log S]; 0.0 for an empty
        Doc.
    Source: Argamon-Engelson & Dagan 1999, Committee-based sample selection for probabilistic classifiers.
    """
    votes = known_samples(posterior, "vote_entropy", posterior.sampled_best)  # [S, L]
    if not votes.size:
        return 0.0
    # [S, L]: the share of all votes that is as that of pass s. A tag with share q is met in q of the passes, so that
    # the mean over passes of -log q is its entropy. Less 0.0, so that full agreement is 0.0 and not -0.0.
    shares = (votes[:, None] == votes).mean(axis=0)
    return float(0.0 - np.log(shares).mean(axis=0).mean())


@measures("variation_ratio")
@of_samples
def variation_ratio(posterior: Posterior) -> float:
    """The share of the passes whose best sequence is not the most frequent one.

    posterior (Posterior): Of one Doc, with samples.
    RETURNS (float): 1 - count(mode) / S over whole sequences, in [0, 1 - 1 / S]; 0.0 for an empty Doc. It has few
        levels and grows with length.
    Source: Shen et al. 2017, Deep active learning for named entity recognition, who call it BALD.
    """
    votes = known_samples(posterior, "variation_ratio", posterior.sampled_best)
    if not votes.size:
        return 0.0
    _, counts = np.unique(votes, axis=0, return_counts=True)
    return 1.0 - float(counts.max()) / len(votes)


def uniform(text: str, seed: int) -> float:
    """A number in [0, 1) that depends on a text and a seed, on any machine and in any order.

    text (str): The text.
    seed (int): The seed.
    RETURNS (float): The number.
    """
    digest = blake2b(f"{seed}:{text}".encode("utf8", "surrogatepass"), digest_size=8).digest()
    # 53 bits, as many as a float holds: a plain division by 2 ** 64 can round up to 1.0.
    return (int.from_bytes(digest, "big") >> 11) / 2**53


def _surprise(posterior: Posterior, measure: str) -> float:
    # Less 0.0, so that a sure sequence scores 0.0 and not -0.0.
    return 0.0 - _known(posterior, measure, "best_log_prob")


def _known(posterior: Posterior, measure: str, name: str) -> float:
    """A field that an adapter may leave unknown. Where the marginals are broken too, nan is the model's own answer."""
    value = float(getattr(posterior, name))
    if math.isnan(value) and np.isfinite(posterior.marginals).all():
        raise error("B322", measure=measure, needed=name, kind=posterior.kind)
    return value


def known_marginals(posterior: Posterior, measure: str) -> np.ndarray:
    if posterior.words and not posterior.marginals.size:
        raise error("B322", measure=measure, needed="marginals", kind=posterior.kind)
    return posterior.marginals
