"""Several readings of a Doc by a `crf_ner`: its best tag sequences, and the entities that occur in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from spacy.tokens import Doc

from .. import tags
from .crf import Trellis
from .viterbi import k_best

if TYPE_CHECKING:
    from .component import CRFNer

Entity = tuple[int, int, str]


def best_parses(component: CRFNer, docs: Sequence[Doc], count: int) -> list[list[tuple[float, list[Entity]]]]:
    """The most probable tag sequences of each Doc, as entities.

    component (CRFNer): A trained `crf_ner`.
    docs (Sequence[Doc]): Docs that have passed the components before it.
    count (int): How many at most.
    RETURNS (list): For each Doc, best first, the exact probability and the entities (token start, end, label).
    """
    scores = component.predict(docs)
    found, paths = k_best(component.decodable(scores).scaled(component.temperature), count)
    log_z = Trellis(component.probable(scores)).log_z
    chances = (found.double() - log_z[:, None]).exp().clamp(0.0, 1.0)
    return [
        [
            (float(chance), _entities(component, path[: len(doc)]))
            for chance, path, score in zip(chances[row], paths[row], found[row], strict=True)
            if torch.isfinite(score)
        ]
        for row, doc in enumerate(docs)
    ]


def candidates(component: CRFNer, docs: Sequence[Doc], count: int) -> list[list[tuple[int, int, str, float]]]:
    """The entities that occur in the best sequences, with the exact probability of each over all sequences.

    component, docs, count: As in `best_parses`.
    RETURNS (list): For each Doc token start, end, label and probability, in order of their place.
    """
    readings = best_parses(component, docs, count)
    wanted = [sorted({entity for _, entities in parses for entity in entities}) for parses in readings]
    probs = iter(component.span_probs(docs, [(row, *entity) for row, each in enumerate(wanted) for entity in each]))
    return [[(*entity, next(probs)) for entity in each] for each in wanted]


def _entities(component: CRFNer, path: torch.Tensor) -> list[Entity]:
    names = component.tags
    spans = tags.spans_from_tags(names[tag] for tag in path.tolist())
    return [(span.start, span.end, span.label) for span in spans]
