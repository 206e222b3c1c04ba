"""Ontologies in OBO format: names and synonyms of terms, chosen by namespace or by the term that they descend from.

The format: https://owlcollab.github.io/oboformat/doc/GO.format.obo-1_4.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..corpus.detect import checked_text
from ..corpus.tally import Tally
from ..errors import error
from .terms import Term

SCOPES = ("EXACT", "NARROW", "BROAD", "RELATED")
_STANZA = re.compile(r"^\[(\w+)\]")
_QUOTED = re.compile(r'^"((?:[^"\\]|\\.)*)"\s*(\w*)')
_ESCAPED = {"n": "\n", "W": " ", "t": "\t"}


@dataclass
class OboTerm:
    """One term.

    id, name, namespace (str): As written; the namespace may be the file's default.
    synonyms (list[tuple[str, str]]): Text and scope.
    parents (list[str]): Ids after "is_a".
    obsolete (bool): Whether it should not be used any more.
    line (int): Where it begins.
    """

    id: str = ""
    name: str = ""
    namespace: str = ""
    synonyms: list[tuple[str, str]] = field(default_factory=list)
    parents: list[str] = field(default_factory=list)
    obsolete: bool = False
    line: int = 0


@dataclass(frozen=True)
class OboOptions:
    """Which terms become labels.

    roots (Mapping[str, str]): Label by id: of the term itself and of all that descend from it by "is_a".
    namespaces (Mapping[str, str]): Label by namespace.
    scopes (Sequence[str]): Scopes of synonyms to take; names are taken always.
    """

    roots: Mapping[str, str] = field(default_factory=dict)
    namespaces: Mapping[str, str] = field(default_factory=dict)
    scopes: Sequence[str] = ("EXACT",)

    def __post_init__(self) -> None:
        for scope in self.scopes:
            if scope not in SCOPES:
                raise error("B124", what="scope of synonyms", value=scope, known=", ".join(SCOPES))


def read_obo(path: Path) -> dict[str, OboTerm]:
    """Read the terms of an OBO file.

    path (Path): The file.
    RETURNS (dict[str, OboTerm]): Terms by id, obsolete ones included.
    RAISES (BioactiveError): B101 to B103 for a file without text, B554 for a line that cannot be read or a file
        without terms.
    """
    terms: dict[str, OboTerm] = {}
    stanza, default = "", ""
    term = OboTerm()
    with checked_text(path) as file:
        for number, line in enumerate(file, 1):
            if opened := _STANZA.match(line):
                stanza, term = opened[1], OboTerm(namespace=default, line=number)
                continue
            tag, colon, value = line.strip().partition(":")
            value = value.strip()
            if not tag or tag.startswith("!"):
                continue
            if not colon:
                raise error("B554", path=path, line=number, problem=f"{line.strip()[:60]!r} has no tag")
            if not stanza and tag == "default-namespace":
                default = value
            elif stanza == "Term":
                _take(term, tag, value, f"{path}", number)
                if tag == "id":
                    terms[term.id] = term
    if not terms:
        raise error("B554", path=path, line=1, problem="no [Term] with an id in the whole file")
    return terms


def _take(term: OboTerm, tag: str, value: str, path: str, number: int) -> None:
    """Put one line of a stanza into its term."""
    if tag in ("id", "name", "namespace"):
        setattr(term, tag, _plain(value))
    elif tag == "is_a":
        term.parents.append(value.split()[0] if value else "")
    elif tag == "is_obsolete":
        term.obsolete = value.startswith("true")
    elif tag == "synonym":
        found = _QUOTED.match(value)
        if found is None:
            raise error("B554", path=path, line=number, problem=f"synonym {value[:60]!r} stands in no quotes")
        term.synonyms.append((_plain(found[1]), found[2] if found[2] in SCOPES else "RELATED"))


def _plain(value: str) -> str:
    """A value without comment and escapes."""
    value = re.split(r"(?<!\\)(?:\s!|\s\{)", value, maxsplit=1)[0].strip()
    return re.sub(r"\\(.)", lambda found: _ESCAPED.get(found[1], found[1]), value)


def obo_terms(path: Path, options: OboOptions, tally: Tally) -> list[Term]:
    """The names and synonyms of an ontology that have a label.

    path (Path): The OBO file.
    options (OboOptions): Which terms, and their labels.
    tally (Tally): Gets the counts of terms left out.
    RETURNS (list[Term]): To look for; a text under two labels is there twice.
    RAISES (BioactiveError): As `read_obo`; B555 for a root or a namespace that is not there.
    """
    terms = read_obo(path)
    _check(path, terms, options)
    found = []
    for term in terms.values():
        labels = set(_labels(term, terms, options))
        if term.obsolete or not labels:
            tally.add("obsolete terms, left out" if term.obsolete else "terms under no root or namespace named")
            continue
        taken = [text for text, scope in term.synonyms if scope in options.scopes]
        if len(term.synonyms) > len(taken):
            tally.add("synonyms of other scopes, left out", f"{path}:{term.line}", len(term.synonyms) - len(taken))
        texts = dict.fromkeys(text for text in (term.name, *taken) if text)
        found += [Term(label, text, f"{path}:{term.line}") for label in sorted(labels) for text in texts]
    return found


def _check(path: Path, terms: Mapping[str, OboTerm], options: OboOptions) -> None:
    there = {term.namespace for term in terms.values()}
    for kind, wanted, known in (("root", options.roots, set(terms)), ("namespace", options.namespaces, there)):
        if absent := sorted(set(wanted) - known):
            shown = ", ".join(sorted(known)[:5]) or "none"
            raise error("B555", path=path, kind=kind, name=absent[0], known=shown)


def _labels(term: OboTerm, terms: Mapping[str, OboTerm], options: OboOptions) -> Iterator[str]:
    if term.namespace in options.namespaces:
        yield options.namespaces[term.namespace]
    seen: set[str] = set()
    pending = [term.id]
    while pending:
        here = pending.pop()
        if here in seen or here not in terms:
            continue
        seen.add(here)
        if here in options.roots:
            yield options.roots[here]
        pending += terms[here].parents
