"""Several readings of a Doc by any pipeline that finds entities, and the entities that occur in them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from spacy.language import Language
from spacy.tokens import Doc

from bioactive.errors import error

from .posteriors import Belief

# What is said of an entity whose component cannot tell how sure it is.
UNKNOWN = 0.5
BEAM = ("ner", "beam_ner")


class Parse(NamedTuple):
    """One reading of a Doc: its probability, and its entities (token start, end, label)."""

    prob: float
    spans: tuple[tuple[int, int, str], ...]


def entity_component(nlp: Language, name: str | None = None) -> str:
    """The component of a pipeline that finds entities: the last that sets `doc.ents`.

    nlp (Language): The pipeline.
    name (str | None): Only this component will do.
    RETURNS (str): Its name.
    RAISES (BioactiveError): B608 when there is none.
    """
    for found in reversed(nlp.pipe_names):
        if name in (None, found) and "doc.ents" in nlp.get_pipe_meta(found).assigns:
            return found
    raise error("B608", pipes=", ".join(nlp.pipe_names) or "none", wanted="finds entities")


def parses(nlp: Language, docs: Sequence[Doc], count: int = 16) -> list[list[Parse]]:
    """The most probable readings of Docs.

    nlp (Language): A pipeline with `crf_ner` (exact), the stock `ner` (a beam), or anything that sets `doc.ents` (one).
    docs (Sequence[Doc]): Tokenised Docs.
    count (int): How many readings a Doc at most.
    RETURNS (list[list[Parse]]): For each Doc, the most probable first; at least one.
    """
    name, component, ready = _ready(nlp, docs)
    factory = nlp.get_pipe_meta(name).factory
    if factory == "crf_ner":
        from bioactive.ner.parses import best_parses

        found: Any = best_parses(component, ready, count)
    elif factory in BEAM:
        found = _beam(component, ready, count)
    else:
        found = [[(1.0, [(ent.start, ent.end, ent.label_) for ent in component(doc).ents])] for doc in ready]
    return [
        [Parse(float(prob), tuple(map(tuple, spans))) for prob, spans in each] or [Parse(1.0, ())] for each in found
    ]


def candidates(nlp: Language, docs: Sequence[Doc], count: int = 16) -> list[list[Belief]]:
    """The entities that occur in the most probable readings, with their probabilities.

    nlp, docs, count: As in `parses`.
    RETURNS (list[list[Belief]]): For each Doc, in order of place. Where the component gives no probabilities,
        `UNKNOWN`.
    """
    name, component, ready = _ready(nlp, docs)
    factory = nlp.get_pipe_meta(name).factory
    if factory == "crf_ner":
        from bioactive.ner.parses import candidates as exact

        return [[Belief(*entity) for entity in each] for each in exact(component, ready, count)]
    if factory in BEAM:
        return [_summed(each) for each in _beam(component, ready, count)]
    return [[Belief(e.start, e.end, e.label_, UNKNOWN) for e in component(doc).ents] for doc in ready]


def _ready(nlp: Language, docs: Iterable[Doc]) -> tuple[str, Any, list[Doc]]:
    """The component that finds entities, and the Docs as the components before it leave them."""
    name = entity_component(nlp)
    later = nlp.pipe_names[nlp.pipe_names.index(name) :]
    docs = list(docs)
    return name, nlp.get_pipe(name), list(nlp.pipe(docs, disable=later, batch_size=max(1, len(docs))))


def _beam(component: Any, docs: list[Doc], count: int) -> list[list[tuple[float, list[tuple[int, int, str]]]]]:
    filled = [doc for doc in docs if len(doc)]
    beams = component.beam_parse(filled, beam_width=count, beam_density=0.0) if filled else []
    found = iter([sorted(component.moves.get_beam_parses(beam), key=lambda parse: -parse[0]) for beam in beams])
    return [next(found) if len(doc) else [] for doc in docs]


def _summed(readings: Iterable[tuple[float, Iterable[tuple[int, int, str]]]]) -> list[Belief]:
    chance: dict[tuple[int, int, str], float] = {}
    for prob, spans in readings:
        for start, end, label in spans:
            chance[start, end, label] = chance.get((start, end, label), 0.0) + float(prob)
    return [Belief(*entity, min(1.0, chance[entity])) for entity in sorted(chance)]
