"""What the bare words of a question and a passage say about each other: words in common, denials, opposites."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

# Russian and English words that deny, that claim more than most texts do, and that claim less.
DENIALS = frozenset({
    "не", "нет", "ни", "без", "нельзя", "невозможно", "отсутствует", "отсутствуют", "отсутствие", "отсутствии",
    "отсутствием", "not", "no", "without", "never", "none", "cannot", "absence", "absent", "lack",
})  # fmt: skip
STRONG = frozenset({
    "только", "исключительно", "всегда", "любой", "любая", "любое", "любые", "любого", "любых", "все", "всех", "всем",
    "никогда", "полностью", "обязательно", "единственный", "единственная", "единственное", "единственным",
    "only", "always", "any", "all", "every", "never", "exclusively", "entirely",
})  # fmt: skip
WEAK = frozenset({
    "обычно", "часто", "иногда", "редко", "нередко", "преимущественно", "зачастую", "порой",
    "usually", "often", "sometimes", "rarely", "mostly", "mainly",
})  # fmt: skip
MAY = frozenset({"может", "могут", "возможно", "возможна", "возможен", "may", "can", "could", "might"})
# Stems of words that say the opposite and take the same endings.
OPPOSITES = (
    ("повыша", "понижа"), ("увеличива", "уменьша"), ("усилива", "ослабля"), ("улучша", "ухудша"), ("ускоря", "замедля"),
    ("снижа", "повыша"), ("ингибир", "стимулир"), ("активир", "ингибир"), ("способству", "препятству"),
    ("увеличени", "уменьшени"), ("повышени", "понижени"), ("снижени", "повышени"), ("усилени", "ослаблени"),
    ("улучшени", "ухудшени"), ("высок", "низк"), ("верхн", "нижн"), ("внутренн", "внешн"), ("врожденн", "приобретенн"),
    ("врождённ", "приобретённ"), ("доброкачественн", "злокачественн"), ("первичн", "вторичн"), ("сильн", "слаб"),
    ("положительн", "отрицательн"), ("максимальн", "минимальн"), ("мужчин", "женщин"), ("мужск", "женск"),
    ("бактериальн", "вирусн"), ("быстр", "медленн"), ("длительн", "кратковременн"), ("активн", "пассивн"),
    ("левост", "правост"), ("повышенн", "пониженн"), ("разрешен", "запрещен"), ("расширени", "сужени"),
    ("северн", "южн"), ("западн", "восточн"), ("современн", "древн"), ("крупнейш", "мельчайш"),
)  # fmt: skip
STEM = 5
ENDS = frozenset(".!?")
# How far before a word a denial still belongs to it, in words.
REACH = 3
QUESTION_FLAGS, PASSAGE_FLAGS, CLUES = 6, 3, 10


class Lexical(NamedTuple):
    """Of a question with Q words and a passage with P.

    question (np.ndarray): Flags of the question's words, [Q, QUESTION_FLAGS]: denies, strong, in the passage as it is,
        in it with another ending, a number that is not in it, its opposite is in it.
    passage (np.ndarray): Flags of the passage's words, [P, PASSAGE_FLAGS]: stem in the question, denied, weakened.
    same (np.ndarray): Whether two words have one stem, [Q, P].
    clues (np.ndarray): Of the pair, [CLUES]; see `_clues`.
    """

    question: np.ndarray
    passage: np.ndarray
    same: np.ndarray
    clues: np.ndarray


def lexical(question: Sequence[str], passage: Sequence[str]) -> Lexical:
    """Compare the words of a question and a passage.

    question, passage (Sequence[str]): Words and punctuation as written.
    RETURNS (Lexical): Flags and clues, float32.
    """
    asked, told = [word.lower() for word in question], [word.lower() for word in passage]
    known, stems = set(told), [_stem(word) for word in told]
    others = [_opposite_in(word, told) for word in asked]
    flags = [
        [
            word in DENIALS,
            word in STRONG,
            word in known,
            _stem(word) in set(stems) and word[:1].isalnum(),
            word[:1].isdigit() and word not in known,
            other,
        ]
        for word, other in zip(asked, others, strict=True)
    ]
    wanted = {_stem(word) for word in asked if _content(word)}
    rows = [[stem in wanted, _near(told, i, DENIALS), _near(told, i, WEAK | MAY)] for i, stem in enumerate(stems)]
    same = np.array([[_stem(word) == stem and word[:1].isalnum() for stem in stems] for word in asked], dtype="float32")
    return Lexical(
        np.array(flags, dtype="float32").reshape(-1, QUESTION_FLAGS),
        np.array(rows, dtype="float32").reshape(-1, PASSAGE_FLAGS),
        same.reshape(len(asked), len(told)),
        np.array(_clues(asked, told, sum(others)), dtype="float32"),
    )


def _clues(asked: Sequence[str], told: Sequence[str], opposites: int) -> list[float]:
    """Shares of the question's stems in the passage and in its closest sentence, stems that are missing, denials on
    either side and whether they differ, opposites, strong words, strong words of the question's own, "may"."""
    wanted = {_stem(word) for word in asked if _content(word)}
    sentences = _sentences(told)
    shares = [len(wanted & {_stem(word) for word in sentence}) / max(1, len(wanted)) for sentence in sentences]
    closest = sentences[int(np.argmax(shares))] if sentences else []
    all_told = {_stem(word) for word in told}
    denies, denied = any(word in DENIALS for word in asked), any(word in DENIALS for word in closest)
    strong = [word for word in asked if word in STRONG]
    return [
        len(wanted & all_told) / max(1, len(wanted)),
        max(shares, default=0.0),
        len(wanted - all_told) / 4,
        float(denies),
        float(denied),
        float(denies != denied),
        float(opposites),
        float(len(strong)),
        float(sum(word not in told for word in strong)),
        float(any(word in MAY for word in asked)),
    ]


def _sentences(words: Sequence[str]) -> list[list[str]]:
    found: list[list[str]] = [[]]
    for word in words:
        if word in ENDS:
            found.append([])
        else:
            found[-1].append(word)
    return [sentence for sentence in found if sentence]


def _stem(word: str) -> str:
    """The beginning of a word, without what usually changes: a stand-in for a stemmer that knows the language."""
    return word[: max(STEM, len(word) * 2 // 3)]


def _content(word: str) -> bool:
    return len(word) > 3 and word[0].isalnum() and word not in DENIALS | STRONG | MAY


def _near(words: Sequence[str], i: int, marks: frozenset[str]) -> bool:
    return any(word in marks for word in words[max(0, i - REACH) : i])


def _opposite_in(word: str, told: Sequence[str]) -> bool:
    """Whether the passage has the opposite of a word, and not the word."""
    for one, other in OPPOSITES:
        for here, there in ((one, other), (other, one)):
            if word.startswith(here):
                if any(each.startswith(here) for each in told):
                    return False
                if any(each.startswith(there) for each in told):
                    return True
    return False
