"""What a measure does not see: how different items are, how common their length is, and how rare their types are."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from .posteriors import Posterior

# Items that k-means looks at in one step.
KM_BATCH = 1024


def k_centre(rows: np.ndarray, known: np.ndarray | None = None) -> Iterator[int]:
    """Items in the order of greedy k-centre: each is the furthest from all before it and from what is known.

    rows (np.ndarray): A vector an item, [N, D].
    known (np.ndarray | None): Vectors that are covered already, [M, D]; without any the first item begins.
    YIELDS (int): Positions in `rows`, each once.
    Source: Sener & Savarese 2018, Active learning for convolutional neural networks: a core-set approach.
    """
    rows = _unit(rows)
    left = np.full(len(rows), np.inf)
    if known is not None and len(known):
        # Of unit vectors: squared distance = 2 - 2 cos; in blocks, so that [N, M] is never held.
        for first in range(0, len(known), 1024):
            left = np.minimum(left, 2.0 - 2.0 * (rows @ _unit(known[first : first + 1024]).T).max(axis=1))
    for _ in range(len(rows)):
        place = int(left.argmax())
        yield place
        left = np.minimum(left, 2.0 - 2.0 * rows @ rows[place])
        left[place] = -np.inf


def k_means(rows: np.ndarray, clusters: int, seed: int = 0) -> list[int]:
    """Items in the order in which they stand for the clusters of all: first the nearest to each centre.

    rows (np.ndarray): A vector an item, [N, D]; their directions count.
    clusters (int): How many; as many as there are items to take.
    seed (int): Of the first centres.
    RETURNS (list[int]): Positions in `rows`, each once: the first of each cluster, then the second, and so on; larger
        clusters first.
    Source: after Zhdanov 2019, Diverse mini-batch active learning; there scores weigh the items.
    """
    from sklearn.cluster import KMeans, MiniBatchKMeans

    rows, clusters = _unit(rows), max(1, clusters)
    if clusters >= len(rows):
        return list(range(len(rows)))
    # Of few items the sample that mini-batches begin with may hold one twice and miss another.
    small = len(rows) <= KM_BATCH
    kind, more = (KMeans, {}) if small else (MiniBatchKMeans, {"batch_size": KM_BATCH})
    fitted = kind(clusters, random_state=seed, n_init=3, **more).fit(rows)
    sizes = np.bincount(fitted.labels_, minlength=clusters)
    away = ((rows - fitted.cluster_centers_[fitted.labels_]) ** 2).sum(axis=1)
    turn = np.zeros(len(rows), dtype=int)
    for cluster in range(clusters):
        members = np.flatnonzero(fitted.labels_ == cluster)
        turn[members[np.argsort(away[members], kind="stable")]] = np.arange(len(members))
    return [int(place) for place in np.lexsort((away, -sizes[fitted.labels_], turn))]


def k_means_seeds(rows: np.ndarray, count: int, seed: int = 0) -> list[int]:
    """Items drawn as the first centres of k-means++: far from each other, and for gradients uncertain.

    rows (np.ndarray): A vector an item, [N, D]; lengths count too.
    count (int): How many; fewer when the others repeat those that are drawn.
    seed (int): Decides the draws.
    RETURNS (list[int]): Positions in `rows`: the longest first, then each with a chance that goes by the squared
        distance to the nearest before it.
    Source: Arthur & Vassilvitskii 2007, k-means++; Ash et al. 2020 (BADGE) for its use on gradients.
    """
    if not len(rows):
        return []
    rng, rows = np.random.default_rng(seed), rows.astype(np.float64)
    norms = (rows**2).sum(axis=1)
    chosen = [int(norms.argmax())]
    left = np.full(len(rows), np.inf)
    while len(chosen) < min(count, len(rows)):
        away = norms + norms[chosen[-1]] - 2.0 * rows @ rows[chosen[-1]]
        left = np.minimum(left, np.maximum(away, 0.0))
        left[chosen] = 0.0
        total = float(left.sum())
        if total <= 1e-12 * max(1.0, float(norms.max())):
            break
        chosen.append(int(rng.choice(len(rows), p=left / total)))
    return chosen


def representativeness(rows: np.ndarray) -> np.ndarray:
    """How like the others each item is.

    rows (np.ndarray): A vector an item, [N, D].
    RETURNS (np.ndarray): The mean cosine with all items, cut at 0, [N]; of unit vectors that is the product with
        their mean, so that no [N, N] is made.
    Source: Settles & Craven 2008, An analysis of active learning strategies for sequence labeling tasks (information
        density).
    """
    rows = _unit(rows)
    return np.asarray(np.maximum(rows @ rows.mean(axis=0), 0.0)) if len(rows) else np.zeros(0)


def near_duplicates(rows: np.ndarray, above: float = 0.95) -> np.ndarray:
    """Which items nearly repeat one before them.

    rows (np.ndarray): A vector an item, [N, D], the item to keep first.
    above (float): Cosine above which two items count as one.
    RETURNS (np.ndarray): [N], bool; those that are true can be left out.
    """
    rows = _unit(rows)
    repeated = np.zeros(len(rows), dtype=bool)
    kept: list[int] = []
    for place in range(len(rows)):
        repeated[place] = bool(kept) and bool((rows[kept] @ rows[place]).max() > above)
        if not repeated[place]:
            kept.append(place)
    return repeated


def length_density(lengths: Sequence[int]) -> np.ndarray:
    """How common the length of each text is in its pool, so that scores that grow with length can be held against it.

    lengths (Sequence[int]): Words of each text, [N].
    RETURNS (np.ndarray): Gaussian kernel density of log(1 + length) over the highest one, in (0, 1], [N]; the bandwidth
        is Scott's, and at least .1.
    Source: after Şapcı et al. 2023, who normalise by the data instead of by dividing by the length.
    """
    logs = np.log1p(np.asarray(lengths, dtype=np.float64))
    distinct, place, counts = np.unique(logs, return_inverse=True, return_counts=True)
    if not len(distinct):
        return np.zeros(0)
    width = max(0.1, float(logs.std()) * len(logs) ** -0.2)
    density = np.exp(-0.5 * ((distinct[:, None] - distinct) / width) ** 2) @ counts
    return np.asarray((density / density.max())[place])


def rarity(counts: Mapping[str, int]) -> dict[str, float]:
    """How rare each type is among the answers.

    counts (Mapping[str, int]): Entities of each type, those without any included.
    RETURNS (dict[str, float]): 1 - log(1 + n) / log(1 + highest n), in [0, 1]; 1.0 for all while nothing is known.
    """
    highest = math.log1p(max(counts.values(), default=0))
    return {label: 1.0 - math.log1p(n) / highest if highest else 1.0 for label, n in counts.items()}


def boosted(scores: np.ndarray, belief: Posterior, rare: Mapping[str, float], weight: float) -> np.ndarray:
    """Scores of words, higher where these may be of a rare type.

    scores (np.ndarray): A score a word, [L].
    belief (Posterior): Of the same text.
    rare (Mapping[str, float]): From `rarity`.
    weight (float): What is added at the most.
    RETURNS (np.ndarray): s_t (1 + weight sum over types k of P(k at t) rarity(k)), [L].
    """
    own = np.array([0.0 if tag == "O" else rare.get(tag[2:], 0.0) for tag in belief.tags])
    return np.asarray(scores * (1.0 + weight * (belief.marginals @ own)))


def _unit(rows: np.ndarray) -> np.ndarray:
    rows = rows.astype(np.float64)
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12))
