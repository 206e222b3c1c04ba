"""Term lists as a source of labels: the longest term that stands in the text, under rules for upper and lower case."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import srsly
from spacy.language import Language
from spacy.matcher import Matcher, PhraseMatcher
from spacy.tokens import Doc, Span

from ..corpus.align import CharSpan
from ..corpus.detect import checked_text
from ..corpus.tally import Tally
from ..errors import error

CASES = ("auto", "exact", "any")
AMBIGUOUS = "terms with several labels, left out"
TOO_SHORT = "terms that are too short, left out"
EXCLUDED = "terms that are excluded, left out"
SHORT_MATCHES = "matches of short terms (look at these)"
CONTESTED = "places where two labels fit equally well, left out"


class Term(NamedTuple):
    """What to look for.

    label (str): The type of entity.
    pattern (str | list): The words, or a token pattern of spaCy's `Matcher`.
    where (str): Its place, "path:line", for messages.
    """

    label: str
    pattern: str | list[dict[str, Any]]
    where: str = ""


@dataclass(frozen=True)
class TermOptions:
    """How terms are looked for.

    case (str): "exact" as they are written; "any" in any case; "auto" those that are short or have an upper-case
        letter after a lower-case one or another upper-case one (AIDS, mRNA) exactly, others in any case.
    short (int): Terms of at most so many characters are short: "auto" wants them exactly, and matches are counted.
    shortest (int): Terms of fewer characters are left out.
    exclude (frozenset[str]): Terms to leave out, in lower case: everyday words that a list holds too.
    """

    case: str = "auto"
    short: int = 4
    shortest: int = 3
    exclude: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if self.case not in CASES:
            raise error("B124", what="rule for case", value=self.case, known=", ".join(CASES))

    def is_exact(self, text: str) -> bool:
        """Whether a term is looked for in just this case."""
        return self.case == "exact" or (self.case == "auto" and (len(text) <= self.short or _is_cased(text)))


def _is_cased(text: str) -> bool:
    """Whether a capital stands elsewhere than at the beginning of a word."""
    return any(letter.isupper() and before.isalpha() for before, letter in pairwise(text))


def read_terms(path: Path, label: str = "") -> list[Term]:
    """Read a list of terms.

    path (Path): .txt with a term a line; .tsv with term and label; .jsonl of {"label": ..., "pattern": ...}, where the
        pattern is a text or a list for spaCy's Matcher, as its EntityRuler takes them. Lines that begin with "#" in
        .txt and .tsv are comments.
    label (str): Of the terms of a .txt file, and of .tsv lines without one.
    RETURNS (list[Term]): The terms, in order.
    RAISES (BioactiveError): B101 to B103 for a file without text, B553 for a line that is no term.
    """
    with checked_text(path) as file:
        lines = [(number, line.rstrip("\n")) for number, line in enumerate(file, 1) if line.strip()]
    if path.suffix.lower() == ".jsonl":
        return [_pattern(path, number, line) for number, line in lines]
    return [_listed(path, number, line, label) for number, line in lines if not line.startswith("#")]


def _listed(path: Path, number: int, line: str, label: str) -> Term:
    cells = [cell.strip() for cell in line.split("\t")]
    named = cells[1] if len(cells) > 1 and cells[1] else label
    if not cells[0] or not named:
        raise error("B553", path=path, line=number, text=line[:60], problem="a term and a label are needed")
    return Term(named, cells[0], f"{path}:{number}")


def _pattern(path: Path, number: int, line: str) -> Term:
    try:
        found = srsly.json_loads(line)
        term = Term(found["label"], found["pattern"], f"{path}:{number}")
    except (ValueError, KeyError, TypeError) as problem:
        raise error("B553", path=path, line=number, text=line[:60], problem=f"not a pattern ({problem})") from problem
    if not (isinstance(term.label, str) and isinstance(term.pattern, (str, list)) and term.label and term.pattern):
        raise error("B553", path=path, line=number, text=line[:60], problem="label and pattern are needed")
    return term


class TermSource:
    """Finds terms in Docs.

    nlp (Language): Its tokenizer cuts the terms, and has to be that of the Docs.
    terms (Sequence[Term]): What to look for.
    options (TermOptions): How.
    tally (Tally): Gets the counts of the terms that were left out.
    name (str): For the origin of the labels.
    """

    def __init__(
        self, nlp: Language, terms: Sequence[Term], options: TermOptions, tally: Tally, name: str = "terms"
    ) -> None:
        self.name = name
        self.terms, self.options = list(terms), options
        self.exact = PhraseMatcher(nlp.vocab, attr="ORTH")
        self.any_case = PhraseMatcher(nlp.vocab, attr="LOWER")
        self.patterns = Matcher(nlp.vocab)
        phrases = [term for term in self.terms if isinstance(term.pattern, str)]
        for exact, matcher in ((True, self.exact), (False, self.any_case)):
            for label, texts in self._usable(phrases, exact, tally).items():
                matcher.add(label, [nlp.make_doc(text) for text in texts])
        for term in self.terms:
            if isinstance(term.pattern, list):
                self._add_pattern(term, term.pattern)

    @cached_property
    def version(self) -> str:
        """SHA-256 of the terms and of how they are looked for."""
        options = {**vars(self.options), "exclude": sorted(self.options.exclude)}
        told = json.dumps([[[term.label, term.pattern] for term in self.terms], options], sort_keys=True)
        return hashlib.sha256(told.encode("ascii")).hexdigest()

    def spans(self, docs: Iterable[Doc], tally: Tally) -> Iterator[list[CharSpan] | None]:
        """See `Source.spans`."""
        for doc in docs:
            chosen = self._longest(doc, tally)
            for span in chosen:
                if len(span.text) <= self.options.short:
                    shown = f"{span.label_} {span.text!r}"
                    tally.add(SHORT_MATCHES, "" if shown in tally.examples.get(SHORT_MATCHES, ()) else shown)
            yield [CharSpan(span.start_char, span.end_char, span.label_) for span in chosen]

    def _usable(self, phrases: Sequence[Term], exact: bool, tally: Tally) -> Mapping[str, list[str]]:
        """Texts by label that are looked for exactly, or in any case; those left out are counted."""
        labels: dict[str, set[str]] = {}
        for term in phrases:
            text = str(term.pattern)
            if self.options.is_exact(text) != exact:
                continue
            if len(text) < self.options.shortest:
                tally.add(TOO_SHORT, f"{term.where} {text!r}")
            elif text.lower() in self.options.exclude:
                tally.add(EXCLUDED, f"{term.where} {text!r}")
            else:
                labels.setdefault(text if exact else text.lower(), set()).add(term.label)
        found: dict[str, list[str]] = {}
        for text, its in labels.items():
            if len(its) > 1:
                tally.add(AMBIGUOUS, f"{text!r}: {', '.join(sorted(its))}")
            else:
                found.setdefault(next(iter(its)), []).append(text)
        return found

    def _add_pattern(self, term: Term, pattern: list[dict[str, Any]]) -> None:
        try:
            self.patterns.add(term.label, [pattern])
        except Exception as problem:  # spaCy raises its own kinds for patterns of the wrong form
            path, _, line = term.where.rpartition(":")
            told = " ".join(str(problem).split())[:200]
            raise error("B553", path=path, line=line, text=str(pattern)[:60], problem=told) from problem

    def _longest(self, doc: Doc, tally: Tally) -> list[Span]:
        """Matches that do not overlap: the longest first, then the leftmost; an exact one before one in any case."""
        ranked: dict[tuple[int, int], dict[int, set[str]]] = {}
        patterns = self.patterns(doc, as_spans=True) if len(self.patterns) else []
        exact, any_case = self.exact(doc, as_spans=True), self.any_case(doc, as_spans=True)
        for rank, spans in enumerate((patterns, exact, any_case)):
            for span in spans:
                ranked.setdefault((span.start, span.end), {}).setdefault(rank, set()).add(span.label_)
        taken, found = bytearray(len(doc)), []
        for start, end in sorted(ranked, key=lambda edges: (edges[0] - edges[1], edges[0])):
            if any(taken[start:end]):
                continue
            taken[start:end] = b"\1" * (end - start)
            labels = ranked[start, end][min(ranked[start, end])]
            if len(labels) > 1:
                tally.add(CONTESTED, f"{doc[start:end].text!r}: {', '.join(sorted(labels))}")
            else:
                found.append(Span(doc, start, end, next(iter(labels))))
        return sorted(found, key=lambda span: span.start)
