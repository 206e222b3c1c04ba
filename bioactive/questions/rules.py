"""Yes/no questions out of Russian statements, by rule: the question, its answer, and the rule that made it."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from .lexical import OPPOSITES
from .pairs import NO, YES
from .syntax import Sentence, Word, children, root, subtree

# Parts of a sentence that may be left out without making it false.
LOOSE = {"acl:relcl", "parataxis", "discourse", "vocative"}
# A sentence that leans on another one, or holds under a condition only, makes no question of its own.
LEANING = re.compile(
    r"^(он[аои]?|его|её|ее|их|ему|ей|им|ими|это[йтм]?|эти|этих|этого|этом|эта|эту|такой|такая|такие|таким|таких|данн\w+|"
    r"которы\w+|последн\w+|там|тогда|поэтому|также|тоже|однако|затем|далее|например|причём|причем|следовательно|"
    r"наконец|кроме|напротив|тем|сам\w?)$"
)
# Where a sentence was cut, or a list breaks off.
BROKEN = re.compile(r"[():;\[\]«»\"…*]|\d\.\d?$|\bт\. ?[дпч]|\bдр\b|, и$")
CONDITION = {"если", "когда", "пока", "хотя", "чтобы", "либо"}
# Words that weaken a statement: with "always" in their place it is no longer true.
OFTEN = {"обычно", "часто", "иногда", "редко", "нередко", "преимущественно", "зачастую", "порой"}
DEGREES = {"очень", "более", "наиболее", "достаточно", "довольно", "весьма", "не"}
FRONTABLE = {"aux", "aux:pass", "cop"}


class Made(NamedTuple):
    """A question made of a statement.

    question (str): The question.
    label (str): "yes" or "no".
    rule (str): The rule that made it.
    """

    question: str
    label: str
    rule: str


class Clause(NamedTuple):
    """A statement cut down to its main clause.

    words (list[Word]): Its words, without the full stop.
    front (int): Index of the word that a question begins with: verb, short form, or auxiliary.
    subject (set[int]): Indices of the words of the subject.
    denied (int | None): Index of the particle that denies it.
    """

    words: list[Word]
    front: int
    subject: set[int]
    denied: int | None


def clause_of(sentence: Sentence, least: int = 4, most: int = 18) -> Clause | None:
    """The main clause of a sentence, if it can be asked about.

    sentence (Sentence): A parsed sentence.
    least, most (int): Words that the clause may have, punctuation not counted.
    RETURNS (Clause | None): None for a sentence without subject or finite predicate, one that is a question or a
        heading, leans on another sentence, or holds under a condition.
    """
    top = root(sentence)
    if top is None or sentence[-1].text != "." or any(word.text.lower() in CONDITION for word in sentence):
        return None
    loose = [i for i in children(sentence, top) if _is_loose(sentence, i) or _second_verb(sentence, top, i)]
    left = set(range(len(sentence) - 1)).difference(*(subtree(sentence, i) for i in loose))
    relative = [i for i in left if _is_loose(sentence, i)]
    left = left.difference(*(subtree(sentence, i) for i in relative))
    kept = _trimmed(sentence, sorted(left))
    front, subject = _front(sentence, top), _subject(sentence, top)
    if front is None or subject is None or front not in kept or not subject <= set(kept):
        return None
    if not _closed(sentence, kept):
        return None
    place = {old: new for new, old in enumerate(kept)}
    denied = [i for i in kept if sentence[i].text.lower() == "не" and sentence[i].head in (front, top)]
    # Where something was taken out, its neighbours must not grow together.
    words = [sentence[i]._replace(space=sentence[i].space or i + 1 not in place) for i in kept]
    if not least <= sum(word.pos != "PUNCT" for word in words) <= most or len(denied) > 1 or not _alone(words):
        return None
    return Clause(words, place[front], {place[i] for i in subject}, place[denied[0]] if denied else None)


def questions_of(clause: Clause, rng: random.Random) -> Iterator[Made]:
    """All questions that the rules make of a clause.

    clause (Clause): The statement.
    rng (random.Random): Chooses the form where several fit.
    YIELDS (Made): Questions; those of a denied statement ask for what it denies.
    """
    words, front, denied = clause.words, clause.front, clause.denied
    if denied is not None:
        without = _without(clause, denied)
        yield Made(_that(words), YES, "denied statement, that")
        yield Made(_ask(without, rng), NO, "denial left out")
        return
    yield Made(_particle(clause), YES, "particle")
    yield Made(_plain(words), YES, "statement")
    yield Made(_that(words), YES, "that")
    deny = rng.choice([_that, _plain])
    verb = words[front:] if front else _lowered(words)
    yield Made(deny([*words[:front], _no(front), *verb]), NO, "denied")
    for rule, other in (("opposite", _opposite(words)), ("always", _always(words))):
        if other is not None:
            yield Made(_ask(clause._replace(words=other), rng), NO, rule)


def _is_loose(sentence: Sentence, i: int) -> bool:
    """Whether a part may go; of conjunctions the one that opens the sentence."""
    return sentence[i].rel in LOOSE or (i == 0 and sentence[i].rel == "cc")


def _second_verb(sentence: Sentence, top: int, i: int) -> bool:
    """Whether a word begins a second statement beside the root's."""
    return sentence[i].rel == "conj" and sentence[top].pos in ("VERB", "ADJ")


def _trimmed(sentence: Sentence, kept: list[int]) -> list[int]:
    """Without punctuation at either end, and without two marks in a row."""
    while kept and sentence[kept[0]].pos == "PUNCT":
        kept = kept[1:]
    while kept and sentence[kept[-1]].pos == "PUNCT":
        kept = kept[:-1]
    return [i for i, after in pairwise([*kept, -1]) if not (_mark(sentence, i) and _mark(sentence, after))]


def _mark(sentence: Sentence, i: int) -> bool:
    return i >= 0 and sentence[i].text in {",", ";", ":"}


def _front(sentence: Sentence, top: int) -> int | None:
    """The word that a question with "ли" begins with."""
    helpers = [i for i in children(sentence, top) if sentence[i].rel in FRONTABLE and sentence[i].text != "—"]
    if helpers:
        return helpers[0]
    feats = sentence[top].feats
    finite = feats.get("VerbForm") == "Fin" and feats.get("Mood") == "Ind"
    return top if finite or feats.get("Variant") == "Short" else None


def _subject(sentence: Sentence, top: int) -> set[int] | None:
    found = [i for i in children(sentence, top) if sentence[i].rel in ("nsubj", "nsubj:pass")]
    if len(found) != 1 or sentence[found[0]].pos not in ("NOUN", "PROPN"):
        return None
    loose = [i for i in subtree(sentence, found[0]) if _is_loose(sentence, i)]
    inside = subtree(sentence, found[0]).difference(*(subtree(sentence, i) for i in loose))
    ordered = sorted(inside)
    while ordered and sentence[ordered[-1]].pos == "PUNCT":
        ordered.pop()
    while ordered and sentence[ordered[0]].pos == "PUNCT":
        ordered = ordered[1:]
    return set(ordered) if ordered and _unbroken(ordered) else None


def _alone(words: Sequence[Word]) -> bool:
    """Whether a clause can be understood without its neighbours, and reads as a sentence."""
    text = _joined(words)
    return not BROKEN.search(text) and not any(LEANING.match(word.text.lower()) for word in words)


def _closed(sentence: Sentence, kept: Sequence[int]) -> bool:
    """Whether each participle phrase that a comma opens is closed again: one that is not was parsed wrong."""
    for i in kept:
        if sentence[i].rel == "acl":
            inside = subtree(sentence, i) & set(kept)
            after = [j for j in kept if j > max(inside)]
            if sentence[min(inside)].text == "," and after and sentence[after[0]].pos != "PUNCT":
                return False
    return True


def _particle(clause: Clause) -> str:
    words, front = clause.words, clause.front
    first = [words[i] for i in sorted(clause.subject)]
    rest = [word for i, word in enumerate(words) if i != front and i not in clause.subject]
    while rest and rest[0].pos == "PUNCT":
        rest = rest[1:]
    li = Word("ли", True, 0, "advmod", "PART", {})
    return _sentence([words[front]._replace(space=True), li, *_spaced(_lowered(first)), *_lowered(rest)])


def _plain(words: Sequence[Word]) -> str:
    return _sentence(words)


def _that(words: Sequence[Word]) -> str:
    return "Верно ли, что " + _joined(_lowered(words)) + "?"


def _ask(clause: Clause, rng: random.Random) -> str:
    form: Callable[[], str] = rng.choice(
        [lambda: _particle(clause), lambda: _plain(clause.words), lambda: _that(clause.words)]
    )
    return form()


def _without(clause: Clause, index: int) -> Clause:
    words = [word for i, word in enumerate(clause.words) if i != index]
    subject = {i - (i > index) for i in clause.subject}
    return Clause(words, clause.front - (clause.front > index), subject, None)


def _no(front: int) -> Word:
    return Word("Не" if front == 0 else "не", True, front, "advmod", "PART", {})


def _opposite(words: Sequence[Word]) -> list[Word] | None:
    for i, word in enumerate(words):
        low = word.text.lower()
        for one, other in OPPOSITES:
            for old, new in ((one, other), (other, one)):
                if low.startswith(old) and word.pos in ("VERB", "ADJ", "NOUN", "ADV"):
                    text = new + low[len(old) :]
                    return _put(words, i, text.capitalize() if word.text[0].isupper() else text)
    return None


def _always(words: Sequence[Word]) -> list[Word] | None:
    weak = next((i for i, word in enumerate(words) if word.text.lower() in OFTEN), None)
    if weak is None or (weak and words[weak - 1].text.lower() in DEGREES):
        return None
    return _put(words, weak, "Всегда" if weak == 0 else "всегда")


def _put(words: Sequence[Word], i: int, text: str) -> list[Word]:
    return [*words[:i], words[i]._replace(text=text), *words[i + 1 :]]


def _unbroken(indices: Sequence[int]) -> bool:
    return bool(indices) and indices[-1] - indices[0] + 1 == len(indices)


def _spaced(words: Sequence[Word]) -> list[Word]:
    return [*words[:-1], words[-1]._replace(space=True)] if words else []


def _lowered(words: Sequence[Word]) -> list[Word]:
    """The first word in lower case, unless it is a name or an abbreviation."""
    if not words:
        return []
    first = words[0]
    name = first.pos == "PROPN" or any(letter.isupper() for letter in first.text[1:])
    return [first if name else first._replace(text=first.text.lower()), *words[1:]]


def _sentence(words: Sequence[Word]) -> str:
    text = _joined(words)
    return text[:1].upper() + text[1:] + "?"


def _joined(words: Sequence[Word]) -> str:
    text = "".join(word.text + " " * word.space for word in words).strip()
    return re.sub(r"\s+([,.?])", r"\1", re.sub(r"\s+", " ", text))
