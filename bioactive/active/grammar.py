"""Tags, sentence starts and dependency heads of answers, put on Docs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np
from spacy.attrs import DEP, HEAD
from spacy.tokens import Doc

from bioactive.annotate.tasks import Task
from bioactive.corpus.tally import Tally

CUT = "spans that do not fit the tokens left out"
NO_ARC = "relations left out that are a second head of a word, or of no word"
NO_TREE = "parses left out in which a word has no head, or is above itself"
ROOT = "ROOT"


def set_tags(doc: Doc, answers: Sequence[Task], tally: Tally) -> None:
    """Give words the tags of accepted answers: the labels of their spans. A word that no answer tags has none.

    doc (Doc): The text of the answers.
    answers (Sequence[Task]): What was answered, the oldest first; of two tags of one word the newer counts.
    tally (Tally): Gets the count of what was left out.
    """
    for answer in answers:
        for span in (answer.get("spans") or []) if answer.get("answer", "accept") == "accept" else []:
            for index in _words(doc, span, tally):
                doc[index].tag_ = str(span.get("label", ""))


def set_sentences(doc: Doc, answer: Task, tally: Tally) -> None:
    """Let sentences begin where the spans of a complete answer do, and nowhere else.

    doc, tally: As in `set_tags`.
    answer (Task): The answer.
    """
    starts = {words[0] for span in answer.get("spans") or [] if (words := _words(doc, span, tally))}
    for token in doc:
        token.is_sent_start = token.i == 0 or token.i in starts


def set_heads(doc: Doc, answer: Task, tally: Tally) -> None:
    """Give words their heads: the relations of a complete answer. Half a parse is none: where a sentence ends would be
    guessed from it.

    A word that has children and no head is a root, and so is one that is its own head.

    doc, tally: As in `set_tags`.
    answer (Task): The answer, with `tokens` and `relations`.
    """
    places = {token.idx: token.i for token in doc}
    words = {n: places.get(token["start"]) for n, token in enumerate(answer.get("tokens") or [])}
    arcs: dict[int, tuple[int, str]] = {}
    for relation in answer.get("relations") or []:
        head, child = (words.get(relation.get(end)) for end in ("head", "child"))
        if head is None or child is None or child in arcs:
            tally.add(NO_ARC)
        else:
            arcs[child] = (head, ROOT if head == child else str(relation.get("label", "")))
    for head in {head for head, _ in arcs.values()} - arcs.keys():
        arcs[head] = (head, ROOT)
    if len(arcs) < len(doc) or _turns(arcs):
        tally.add(NO_TREE, doc.text[:60])
        return
    rows = [(arcs[n][0] - n, doc.vocab.strings.add(arcs[n][1])) for n in range(len(doc))]
    # HEAD counts from the word itself; spaCy keeps negative numbers in unsigned ones.
    offsets = np.array([head for head, _ in rows], dtype="int64").astype("uint64")
    labels = np.array([label for _, label in rows], dtype="uint64")
    doc.from_array([HEAD, DEP], cast(Any, np.stack([offsets, labels], axis=1)))


def _turns(arcs: Mapping[int, tuple[int, str]]) -> bool:
    """Whether some word is above itself without being a root."""
    for word in arcs:
        for _ in range(len(arcs)):
            if arcs[word][0] == word:
                break
            word = arcs[word][0]
        else:
            return True
    return False


def _words(doc: Doc, span: Task, tally: Tally) -> range:
    found = doc.char_span(span["start"], span["end"])
    if found is None:
        tally.add(CUT, f"{doc.text[span['start'] : span['end']]!r} in {doc.text[:60]!r}")
        return range(0)
    return range(found.start, found.end)
