"""Out of many candidate questions those that differ: by the words they ask about, or by what they would teach."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc

from bioactive.errors import error

from .diversity import k_centre, k_means, k_means_seeds, near_duplicates
from .stretches import Bounds
from .vectors import gradient_embeddings, mean_vectors


@dataclass(frozen=True)
class Candidates:
    """Questions that might be asked, the least certain first.

    docs (Sequence[Doc]): The text of each, [N].
    asked (Sequence[Sequence[Bounds]]): The words asked about, [start, end), in words of the text.
    """

    docs: Sequence[Doc]
    asked: Sequence[Sequence[Bounds]]

    def __len__(self) -> int:
        return len(self.docs)

    def vectors(self, nlp: Language) -> np.ndarray:
        """The mean vector of the words that each asks about, [N, width]."""
        return mean_vectors(nlp, self.docs, self.asked)


@dataclass(frozen=True)
class Wanted:
    """What is taken out of the candidates.

    count (int): About how many.
    by (str): One of `DIVERSITIES`.
    known (Candidates | None): What was answered before.
    seed (int): Of what is drawn.
    """

    count: int
    by: str = "k_centre"
    known: Candidates | None = None
    seed: int = 0


def without_repeats(nlp: Language, found: Candidates, above: float) -> list[int]:
    """The candidates that nearly repeat none before them.

    nlp (Language): Its encoder gives the vectors.
    found (Candidates): The candidates.
    above (float): Cosine of mean vectors above which two count as one.
    RETURNS (list[int]): Positions, rising.
    """
    return [int(place) for place in np.flatnonzero(~near_duplicates(found.vectors(nlp), above))]


def most_different(nlp: Language, found: Candidates, wanted: Wanted) -> Iterable[int]:
    """The candidates in the order in which a diverse batch takes them.

    nlp (Language): Its encoder gives the vectors, and for "badge" it is trained.
    found (Candidates): The candidates.
    wanted (Wanted): How many and how.
    RETURNS (Iterable[int]): Positions; at least as many as are wanted, where there are so many.
    RAISES (BioactiveError): B541 for an unknown kind of diversity.
    """
    return diversity_of(wanted.by)(nlp, found, wanted)


def diversity_of(name: str) -> Callable[[Language, Candidates, Wanted], Iterable[int]]:
    """A kind of diversity by its name; B541 when there is none of this name."""
    if name not in DIVERSITIES:
        raise error("B541", name=name, known=", ".join(DIVERSITIES))
    return DIVERSITIES[name]


def _by_k_centre(nlp: Language, found: Candidates, wanted: Wanted) -> Iterable[int]:
    known = wanted.known.vectors(nlp) if wanted.known is not None and len(wanted.known) else None
    return k_centre(found.vectors(nlp), known)


def _by_k_means(nlp: Language, found: Candidates, wanted: Wanted) -> Iterable[int]:
    return k_means(found.vectors(nlp), wanted.count, wanted.seed)


def _by_gradients(nlp: Language, found: Candidates, wanted: Wanted) -> Iterable[int]:
    rows = gradient_embeddings(nlp, found.docs, found.asked, wanted.seed)
    first = k_means_seeds(rows, wanted.count, wanted.seed)
    # The expected number of questions may fall short of the budget: then the least certain of the others follow.
    return [*first, *sorted(set(range(len(found))) - set(first))]


DIVERSITIES = {"k_centre": _by_k_centre, "k_means": _by_k_means, "badge": _by_gradients}
