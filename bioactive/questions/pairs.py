"""Pairs of a question and a passage: from JSON lines, as one Doc, and apart again."""

from __future__ import annotations

import random
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

from spacy.tokens import Doc

from ..corpus.detect import checked_text
from ..corpus.tally import Tally
from ..errors import error
from ..strict_json import loads

SEPARATOR = " [SEP] "
YES, NO = "yes", "no"
ANSWERS = {"yes": YES, "no": NO, "да": YES, "нет": NO, "true": YES, "false": NO, "1": YES, "0": NO}
PASSAGE_KEYS, ANSWER_KEYS = ("passage", "context", "text"), ("label", "answer")
ACUTE = "\u0301"


class Pair(NamedTuple):
    """A question about a passage.

    question, passage (str): The texts.
    label (str | None): "yes", "no", or None where nobody has answered.
    line (int): Where it stands in its file, from 1.
    """

    question: str
    passage: str
    label: str | None
    line: int


def read_pairs(path: Path, tally: Tally | None = None) -> Iterator[Pair]:
    """Read questions from a file of JSON lines.

    path (Path): Objects with "question", "passage" (or "context") and, where it is known, "label" (or "answer"): true,
        false, "yes", "no", "да", "нет", 1 or 0.
    tally (Tally | None): Counts pairs that were there before, and stress marks over vowels, which are taken out: no
        encoder's pieces have them.
    YIELDS (Pair): Each pair once; with the answer it has where it comes first.
    RAISES (BioactiveError): B101 to B103 for a file that holds no text, B118 for a line that is no JSON object, B720
        for one without a question or a passage, B721 for an answer that is neither yes nor no.
    """
    tally = tally or Tally()
    seen: dict[tuple[str, str], str | None] = {}
    with checked_text(path) as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                pair = _pair(line, path, number, tally)
                key = (pair.question, pair.passage)
                if key in seen:
                    kind = "repeated pairs left out"
                    tally.add(kind if seen[key] == pair.label else f"{kind}, with another answer", f"{path}:{number}")
                    continue
                seen[key] = pair.label
                yield pair


def read_passages(path: Path) -> Iterator[str]:
    """The distinct passages of a file of JSON lines, in order; questions and answers are not looked at.

    RAISES (BioactiveError): B101 to B103, B118 and B720, as `read_pairs`.
    """
    seen: set[str] = set()
    with checked_text(path) as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                passage = _text(_row(line, path, number), PASSAGE_KEYS, path, number, Tally())
                if passage not in seen:
                    seen.add(passage)
                    yield passage


def check_answers(pairs: Sequence[Pair], path: Path) -> Counter[str]:
    """Count the answers of a file to train on.

    pairs (Sequence[Pair]): All pairs of the file.
    path (Path): The file, for the message.
    RETURNS (Counter[str]): How many "yes" and "no".
    RAISES (BioactiveError): B722 for a pair without an answer, B723 when one of the two answers is missing.
    """
    for pair in pairs:
        if pair.label is None:
            raise error("B722", path=path, line=pair.line)
    counts = Counter(pair.label for pair in pairs if pair.label is not None)
    missing = [label for label in (YES, NO) if not counts[label]]
    if missing:
        lines = [pair.line for pair in pairs] or [0]
        raise error(
            "B723", path=path, line=lines[0], last=lines[-1], count=len(pairs), missing=" and no ".join(missing)
        )
    return counts


def oversampled(pairs: Sequence[Pair], seed: int = 0) -> list[Pair]:
    """As many pairs of either answer: those of the rarer one are drawn again, each as often as any other or once more.

    pairs (Sequence[Pair]): Pairs with both answers.
    seed (int): Of the draw and of the order.
    RETURNS (list[Pair]): All pairs, and the repeated ones among them.
    """
    rng = random.Random(seed)
    sides = [[pair for pair in pairs if pair.label == label] for label in (YES, NO)]
    most = max(map(len, sides))
    made = [pair for side in sides for pair in side * (most // len(side)) + rng.sample(side, most % len(side))]
    rng.shuffle(made)
    return made


def pair_text(question: str, passage: str) -> str:
    """A pair as one text: what `split_text` takes apart."""
    return question + SEPARATOR + passage


def split_text(text: str) -> tuple[str, str]:
    """Take a text apart at its first separator.

    text (str): Question, " [SEP] ", passage.
    RETURNS (tuple[str, str]): Question and passage.
    RAISES (BioactiveError): B724 when one of them is missing.
    """
    question, found, passage = text.partition(SEPARATOR)
    if not found or not question.strip() or not passage.strip():
        raise error("B724", text=text[:60])
    return question, passage


def split_doc(doc: Doc) -> tuple[Doc, Doc]:
    """The question and the passage of a Doc, as Docs of their own with the same words.

    RAISES (BioactiveError): B724 when one of them is missing.
    """
    question, _ = split_text(doc.text)
    begin, end = len(question), len(question) + len(SEPARATOR)
    return _part(doc, [word for word in doc if word.idx < begin]), _part(doc, [word for word in doc if word.idx >= end])


def to_doc(pair: Pair, tokenizer: Callable[[str], Doc]) -> Doc:
    """A pair as a Doc with `cats`, as spaCy's `textcat` learns from it; all questions about a passage have one id."""
    doc = tokenizer(pair_text(pair.question, pair.passage))
    doc.user_data["doc_id"] = passage_id(pair.passage)
    if pair.label is not None:
        doc.cats = {label: float(label == pair.label) for label in (YES, NO)}
    return doc


def passage_id(passage: str) -> str:
    """What names a passage: the same for the same text."""
    return blake2b(passage.encode(), digest_size=8).hexdigest()


def to_docs(pairs: Iterable[Pair], tokenizer: Callable[[str], Doc]) -> Iterator[Doc]:
    """Pairs as Docs; see `to_doc`."""
    return (to_doc(pair, tokenizer) for pair in pairs)


def _part(doc: Doc, words: Sequence[Any]) -> Doc:
    spaces = [bool(word.whitespace_) for word in words]
    return Doc(doc.vocab, words=[word.text for word in words], spaces=[*spaces[:-1], False])


def _pair(line: str, path: Path, number: int, tally: Tally) -> Pair:
    row = _row(line, path, number)
    question = _text(row, ("question",), path, number, tally)
    passage = _text(row, PASSAGE_KEYS, path, number, tally)
    return Pair(question, passage, _label(row, path, number), number)


def _row(line: str, path: Path, number: int) -> dict[str, Any]:
    try:
        row = loads(line)
    except ValueError as problem:
        raise error("B118", path=path, line=number, problem=problem) from problem
    if not isinstance(row, dict):
        raise error("B118", path=path, line=number, problem="not an object")
    return row


def _text(row: dict[str, Any], keys: Sequence[str], path: Path, number: int, tally: Tally) -> str:
    value = next((row[key] for key in keys if key in row), None)
    if not isinstance(value, str) or not value.strip():
        raise error("B720", path=path, line=number, keys=" or ".join(repr(key) for key in keys))
    apart = unicodedata.normalize("NFD", value)
    if ACUTE in apart:
        tally.add("texts with stress marks taken out", f"{path}:{number}")
        value = unicodedata.normalize("NFC", apart.replace(ACUTE, ""))
    # The separator is ours alone.
    return " ".join(value.replace(SEPARATOR.strip(), " ").split())


def _label(row: dict[str, Any], path: Path, number: int) -> str | None:
    value = next((row[key] for key in ANSWER_KEYS if key in row), None)
    if value is None:
        return None
    label = ANSWERS.get(str(value).strip().lower())
    if label is None:
        raise error("B721", path=path, line=number, label=value)
    return label
