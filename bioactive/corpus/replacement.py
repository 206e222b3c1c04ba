"""Entity replacement: copies of training texts in which some entities give way to others of their type."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training import Example

from .tally import Tally

AMBIGUOUS = "surfaces with several types, never drawn"
# Words in capitals that make a sentence a heading in which everything is.
SHOUTED_WORDS = 3
# What stands within a sentence tells the case of a surface; what begins one counts only where nothing else is known.
WITHIN, OPENING = 1 << 20, 1


class Surface(NamedTuple):
    """How an entity is written.

    words (tuple[str, ...]): Its words.
    spaces (tuple[bool, ...]): Whether a space follows, for each word but the last.
    """

    words: tuple[str, ...]
    spaces: tuple[bool, ...]

    @property
    def key(self) -> str:
        """Equal for surfaces that differ in case or spaces only."""
        return key_of("".join(self.words))


def key_of(text: str) -> str:
    """A text without case and white space."""
    return "".join(text.split()).casefold()


@dataclass
class Surfaces:
    """What may be drawn for each type, and how often each type occurs in the training set.

    forms (dict[str, dict[str, Counter]]): By type and key, the ways of writing: a `Surface`, or a text of a list that
        no tokenizer has cut yet.
    entities (Counter[str]): Entities of the training set by type.
    seen (dict[str, set[str]]): By key, the types that it has anywhere.
    """

    forms: dict[str, dict[str, Counter[Surface | str]]] = field(default_factory=lambda: defaultdict(dict))
    entities: Counter[str] = field(default_factory=Counter)
    seen: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def add(self, label: str, key: str, form: Surface | str, weight: int = 1) -> None:
        """Note a way of writing an entity of a type; the heaviest of those with one key is drawn."""
        self.seen[key].add(label)
        self.forms[label].setdefault(key, Counter())[form] += weight

    def read(self, docs: Iterable[Doc], draw: bool = True) -> None:
        """Note the entities of a training set.

        docs (Iterable[Doc]): Its Docs.
        draw (bool): Whether they may be drawn; their number and their types are noted anyway.
        """
        for doc in docs:
            for ent in doc.ents:
                self.entities[ent.label_] += 1
                form = surface_of(ent)
                if draw:
                    self.add(ent.label_, form.key, form, OPENING if _opens(ent) else WITHIN)
                else:
                    self.seen[form.key].add(ent.label_)

    def lists(self, tally: Tally) -> dict[str, list[Surface | str]]:
        """The surfaces by type, sorted, each once. Those that have several types are left out and counted.

        tally (Tally): Gets the count.
        RETURNS (dict[str, list]): Types with at least one surface.
        """
        for key in sorted(self.seen):
            if len(self.seen[key]) > 1:
                tally.add(AMBIGUOUS, f"{key!r}: {', '.join(sorted(self.seen[key]))}")
        found = {
            label: [_heaviest(forms[key]) for key in sorted(forms) if len(self.seen[key]) == 1]
            for label, forms in sorted(self.forms.items())
        }
        return {label: surfaces for label, surfaces in found.items() if surfaces}


@dataclass(frozen=True)
class ReplacementOptions:
    """How entities are replaced.

    share (float): Share of the entities that are replaced in a copy, 0.0 to 1.0; at 0.0 no copy is made.
    copies (int): Copies of each text.
    original (bool): Whether the text itself comes before its copies.
    most_uses (float): A surface is put in about so many times a copy of the training set at the most: the share of a
        type with few surfaces and many entities is lowered. 0.0 sets no bound.
    seed (int): Of what is replaced by what.
    """

    share: float = 0.2
    copies: int = 1
    original: bool = True
    most_uses: float = 2.0
    seed: int = 0


class EntityReplacement:
    """An augmenter for spaCy's corpus readers: Examples, and copies of them with some entities replaced.

    surfaces (Surfaces): What may be drawn.
    options (ReplacementOptions): How.
    tally (Tally): Gets the count of what is never drawn.
    """

    def __init__(self, surfaces: Surfaces, options: ReplacementOptions, tally: Tally) -> None:
        self.options = options
        self.lists = surfaces.lists(tally)
        self.rng = random.Random(options.seed)
        self.chances = {label: self._chance(label, surfaces) for label in self.lists}

    def __call__(self, nlp: Language, example: Example) -> Iterator[Example]:
        """The Example, and its copies.

        nlp (Language): Its tokenizer cuts what comes from a list.
        example (Example): An Example of the training set.
        YIELDS (Example): The Example itself, if it is wanted, then the copies; one in which nothing was replaced too.
        """
        if self.options.original:
            yield example
        for _ in range(self.options.copies if self.options.share else 0):
            yield self._copy(nlp, example)

    def replaced(self, doc: Doc, tokenizer: Callable[[str], Doc]) -> Doc:
        """A copy of a Doc with some of its entities replaced.

        doc (Doc): The Doc.
        tokenizer (Callable[[str], Doc]): Cuts texts of lists.
        RETURNS (Doc): The copy: words, entities, span groups, sentence bounds, categories and user data.
        """
        chosen = {}
        for ent in replaceable(doc):
            if self.rng.random() < self.chances.get(ent.label_, 0.0):
                surface = self._draw(ent, tokenizer)
                if surface is not None:
                    chosen[ent.start] = (ent, fitted(surface, ent))
        return with_surfaces(doc, chosen)

    def _chance(self, label: str, surfaces: Surfaces) -> float:
        most, entities = self.options.most_uses, surfaces.entities[label]
        if not most or not entities:
            return self.options.share
        return min(self.options.share, most * len(self.lists[label]) / entities)

    def _draw(self, ent: Span, tokenizer: Callable[[str], Doc]) -> Surface | None:
        """Another surface of the type; None where the list has no other."""
        others, own = self.lists[ent.label_], key_of(ent.text)
        found = self.rng.choice(others)
        if _key(found) == own:
            if len(others) == 1:
                return None
            # The lists are sorted and hold each key once, so its neighbour is another.
            found = others[others.index(found) - 1]
        return found if isinstance(found, Surface) else surface_of(tokenizer(found)[:])

    def _copy(self, nlp: Language, example: Example) -> Example:
        gold = example.reference
        new = self.replaced(gold, nlp.make_doc)
        # Where the pipeline sees the words of the corpus it does so in the copy, else its tokenizer cuts the new text.
        if [token.text for token in example.predicted] == [token.text for token in gold]:
            spaces = [bool(token.whitespace_) for token in new]
            return Example(Doc(nlp.vocab, words=[token.text for token in new], spaces=spaces), new)
        return Example(nlp.make_doc(new.text), new)


def surface_of(span: Span) -> Surface:
    """The words and spaces of a span."""
    return Surface(tuple(token.text for token in span), tuple(bool(token.whitespace_) for token in span[:-1]))


def replaceable(doc: Doc) -> list[Span]:
    """Entities that no other span lies in or crosses: replacing the others would lose that span."""
    others = {(span.start, span.end) for group in doc.spans.values() for span in group}
    return [ent for ent in doc.ents if not any(_disturbs(start, end, ent) for start, end in others)]


def _disturbs(start: int, end: int, ent: Span) -> bool:
    touches = start < ent.end and ent.start < end
    return touches and not (start <= ent.start and ent.end <= end)


def fitted(surface: Surface, old: Span) -> Surface:
    """A surface with the case that its place asks for.

    surface (Surface): What is put in.
    old (Span): What it takes the place of.
    RETURNS (Surface): In capitals where the sentence is; with a capital where a sentence begins with one, if the first
        word is an ordinary one: "p53" and "mRNA" stay.
    """
    first = surface.words[0]
    if _is_shouted(old):
        return surface._replace(words=tuple(word.upper() for word in surface.words))
    if _opens(old) and old.text[:1].isupper() and first.isalpha() and first.islower():
        return surface._replace(words=(first[0].upper() + first[1:], *surface.words[1:]))
    return surface


def with_surfaces(doc: Doc, chosen: Mapping[int, tuple[Span, Surface]]) -> Doc:
    """A copy of a Doc with other words in the place of some entities.

    doc (Doc): The Doc.
    chosen (Mapping[int, tuple[Span, Surface]]): What is replaced, by its first token; see `replaceable`.
    RETURNS (Doc): The copy; the first new word has B, the others I.
    """
    words: list[str] = []
    spaces: list[bool] = []
    starts: list[bool | int | None] = []
    tags: list[str] = []
    places: list[int] = []  # of each old token in the new Doc
    skip = 0
    bounds = doc.has_annotation("SENT_START")
    for token in doc:
        places.append(len(words))
        if token.i < skip:
            continue
        if token.i not in chosen:
            words.append(token.text)
            spaces.append(bool(token.whitespace_))
            starts.append(token.is_sent_start)
            tags.append(f"{token.ent_iob_}-{token.ent_type_}" if token.ent_type_ else token.ent_iob_)
            continue
        ent, surface = chosen[token.i]
        skip = ent.end
        words += surface.words
        spaces += [*surface.spaces, bool(ent[-1].whitespace_)]
        starts += [token.is_sent_start, *[False] * (len(surface.words) - 1)]
        tags += [f"B-{ent.label_}", *[f"I-{ent.label_}"] * (len(surface.words) - 1)]
    new = Doc(doc.vocab, words=words, spaces=spaces, sent_starts=starts if bounds else None, ents=tags)
    new.cats, new.user_data = dict(doc.cats), dict(doc.user_data)
    _copy_groups(doc, new, [*places, len(words)])
    return new


def _copy_groups(doc: Doc, new: Doc, places: Sequence[int]) -> None:
    for key, group in doc.spans.items():
        moved = [Span(new, places[s.start], places[s.end], label=s.label, kb_id=s.kb_id, span_id=s.id) for s in group]
        new.spans[key] = moved
        new.spans[key].attrs.update(group.attrs)


def _opens(span: Span) -> bool:
    return span.start == 0 or span[0].is_sent_start is True


def _is_shouted(span: Span) -> bool:
    """Whether the sentence around a span is in capitals throughout, the span aside."""
    doc = span.doc
    sent = span.sent if doc.has_annotation("SENT_START") else doc[:]
    around = [token.text for token in sent if not span.start <= token.i < span.end and any(map(str.isalpha, token.text))]
    return sum(len(word) > 1 for word in around) >= SHOUTED_WORDS and all(word.isupper() for word in around)


def _heaviest(forms: Counter[Surface | str]) -> Surface | str:
    return min(forms, key=lambda form: (-forms[form], str(form)))


def _key(form: Surface | str) -> str:
    return form.key if isinstance(form, Surface) else key_of(form)
