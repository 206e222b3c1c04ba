"""The augmenter "bioactive.entity_replacement.v1": it draws from the training set, from lists and from ontologies."""

# No postponed annotations here: thinc reads those of registered functions, older ones as they stand.
from collections.abc import Mapping, Sequence
from pathlib import Path

import spacy
from spacy.util import logger

from ..corpus.binfile import read_docs
from ..corpus.replacement import WITHIN, EntityReplacement, ReplacementOptions, Surfaces, key_of
from ..corpus.tally import Tally
from ..errors import error
from .obo import OboOptions, obo_terms
from .terms import Term, read_terms

PATTERNS = "token patterns, which give no text to draw"


def create_entity_replacement(
    train: Path | None,
    share: float = 0.2,
    copies: int = 1,
    original: bool = True,
    own: bool = True,
    terms: Path | None = None,
    label: str = "",
    ontology: Path | None = None,
    roots: dict[str, str] | None = None,
    namespaces: dict[str, str] | None = None,
    scopes: list[str] | None = None,
    most_uses: float = 2.0,
    seed: int = 0,
) -> EntityReplacement:
    """An augmenter that replaces entities by others of their type, registered as "bioactive.entity_replacement.v1".

    train (Path | None): The training set (.spacy): it tells which surfaces have several types, and how many entities a
        type has.
    share, copies, original, most_uses, seed: See `ReplacementOptions`.
    own (bool): Draw from the entities of the training set.
    terms (Path | None): Draw from a list too, see `read_terms`.
    label (str): Of the terms of that list that name none.
    ontology (Path | None): Draw from an ontology in OBO format too.
    roots, namespaces (dict[str, str] | None): Labels by id or by namespace of the ontology, see `OboOptions`.
    scopes (list[str] | None): Scopes of synonyms to take; exact ones by default.
    RETURNS (EntityReplacement): The augmenter.
    RAISES (BioactiveError): B129 without a training set, B701 for a label that it lacks, B702 for a label without
        terms, B703 for a share, copies or uses that make no sense; what `read_terms` and `obo_terms` raise.
    """
    if train is None:
        raise error("B129")
    _check(share, copies, most_uses)
    tally = Tally()
    surfaces = Surfaces()
    surfaces.read(read_docs(Path(train), spacy.blank("xx").vocab), draw=own)
    if terms is not None:
        _add(surfaces, read_terms(Path(terms), label), Path(terms), tally)
    if ontology is not None:
        chosen = OboOptions(roots or {}, namespaces or {}, scopes or ("EXACT",))
        found = obo_terms(Path(ontology), chosen, tally)
        _check_labels(found, [*chosen.roots.values(), *chosen.namespaces.values()], Path(ontology))
        _add(surfaces, found, Path(ontology), tally)
    made = EntityReplacement(surfaces, ReplacementOptions(share, copies, original, most_uses, seed), tally)
    _tell(made, tally)
    return made


def _check(share: float, copies: int, most_uses: float) -> None:
    for name, value, least, most in (
        ("share", share, 0.0, 1.0),
        ("copies", copies, 0, 100),
        ("most_uses", most_uses, 0.0, float("inf")),
    ):
        if not least <= value <= most:
            raise error("B703", name=name, value=value, least=least, most=most)


def _check_labels(terms: Sequence[Term], wanted: Sequence[str], path: Path) -> None:
    given = {term.label for term in terms}
    if absent := sorted(set(wanted) - given):
        raise error("B702", path=path, label=absent[0])


def _add(surfaces: Surfaces, terms: Sequence[Term], path: Path, tally: Tally) -> None:
    known: Mapping[str, int] = surfaces.entities
    for term in terms:
        if term.label not in known:
            raise error("B701", where=term.where or path, label=term.label, known=", ".join(sorted(known)) or "none")
        if isinstance(term.pattern, str):
            surfaces.add(term.label, key_of(term.pattern), term.pattern, WITHIN)
        else:
            tally.add(PATTERNS, term.where)


def _tell(made: EntityReplacement, tally: Tally) -> None:
    """Say once what is drawn from, and what is not, through spaCy's logger."""
    sizes = ", ".join(f"{label} {len(found):,} at {made.chances[label]:.3f}" for label, found in made.lists.items())
    logger.info("Entity replacement draws from (type, surfaces, share of entities): %s", sizes or "nothing")
    for kind, times, examples in tally:
        logger.info("Entity replacement: %d %s (%s)", times, kind, "; ".join(examples))
