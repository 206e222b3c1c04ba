"""Measures as published systems computed them, mistakes included, to be compared with the right ones of `measures`."""

from __future__ import annotations

import numpy as np

from bioactive.errors import error

from .measures import ORACLE, known_marginals, measures
from .posteriors import Posterior, entropy_of

# Positions that they padded every text to.
PADDED = 512


@measures(ORACLE)
def oracle_accuracy(posterior: Posterior) -> float:
    """How many words the pipeline gets wrong: a control that looks at gold, which only a simulation has.

    posterior (Posterior): Of one Doc.
    RETURNS (float): Never here; a simulation computes 1 - accuracy of the best sequence against gold itself.
    RAISES (BioactiveError): B542.
    Source: a published loop ranks by it under the name "accuracy".
    """
    raise error("B542", measure=ORACLE)


@measures("mnlp_padded")
def mnlp_padded(posterior: Posterior) -> float:
    """Uncertainty divided by the padded length: a published mistake, which makes it a rule for long texts.

    posterior (Posterior): Of one Doc.
    RETURNS (float): -(1 / 512) sum over words t of log max_k p_tk; padded positions count in the length, and are
        taken as certain in the sum.
    Source: the published form of `mnlp` in an active-learning loop on NEREL-BIO, beside which `mnlp` is the right one.
    """
    marginals = known_marginals(posterior, "mnlp_padded").astype(np.float64)
    if not posterior.words:
        return 0.0
    return float(0.0 - np.log(np.maximum(marginals.max(axis=1), np.finfo(float).tiny)).sum() / PADDED)


@measures("entropy_padded")
def entropy_padded(posterior: Posterior) -> float:
    """Entropy averaged over padded positions too: a published mistake.

    posterior (Posterior): Of one Doc.
    RETURNS (float): (1 / 512) sum over words t of H(p_t), in nats; padded positions are taken as certain.
    Source: the published form of mean token entropy in a loop on CoNLL-2003, beside which `entropy` is the right one.
    """
    marginals = known_marginals(posterior, "entropy_padded")
    return float(entropy_of(marginals).sum() / PADDED) if posterior.words else 0.0


@measures("bald_positions")
def bald_positions(posterior: Posterior) -> float:
    """BALD with the words of a text in place of stochastic passes: a published mistake, which measures how many
    different tags a text has.

    posterior (Posterior): Of one Doc.
    RETURNS (float): H(mean_t p_t) - mean_t H(p_t), in nats; 0.0 for an empty Doc.
    Source: the published form of `bald` in an active-learning loop on NEREL-BIO, beside which `bald` is the right one.
    """
    marginals = known_marginals(posterior, "bald_positions")
    if not posterior.words:
        return 0.0
    gain = entropy_of(marginals.mean(axis=0, dtype=np.float64)) - entropy_of(marginals).mean()
    return float(max(0.0, gain))
