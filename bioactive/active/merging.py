"""Answers and a corpus as training Docs: one Doc a text, in which the newest answer to a word counts."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc, Span

from bioactive.corpus.jsonl import task_to_doc
from bioactive.corpus.tally import Tally
from bioactive.errors import error

Task = Mapping[str, Any]
REJECTED = "incorrect_spans"
ALL_SPANS = "sc"
CUT = "entities of an older answer across words of a newer one dropped"
OFF_TOKENS = "entities of an older answer off the newer one's words dropped"


@dataclass(frozen=True)
class Merged:
    """Training data with the answers in it.

    docs (list[Doc]): The Docs of the corpus whose texts nobody answered, then one for each answered text.
    answers (dict[str, int]): Answers by kind.
    replaced (int): Docs of the corpus that an answer on the same text went into.
    empty (int): Answers that say nothing about any word, such as a rejected sentence.
    dropped (Tally): Spans that do not fit the tokens.
    combined (int): Answers that went into the Doc of another answer.
    left_out (int): Docs of the corpus that were not drawn for rehearsal.
    words (int): Words that answers label, again where two answers do; rejected spans label none.
    """

    docs: list[Doc]
    answers: dict[str, int]
    replaced: int
    empty: int
    dropped: Tally
    combined: int = 0
    left_out: int = 0
    words: int = 0


def merge(
    corpus: Iterable[Doc], answers: Sequence[Task], nlp: Language, rehearse: int | None = None, seed: int = 0
) -> Merged:
    """Put answers beside the corpus. All that is known of one text goes into one Doc.

    corpus (Iterable[Doc]): The training Docs.
    answers (Sequence[Task]): Answered tasks, oldest first.
    nlp (Language): The pipeline whose tokenizer cuts an answer without tokens.
    rehearse (int | None): How many Docs of the corpus to train on beside the answers, so that what was learnt before
        is not forgotten; all of them without it. Docs with the rarer labels are drawn first.
    seed (int): Decides which.
    RETURNS (Merged): The Docs to train on.
    RAISES (BioactiveError): B511 when no answer says anything.
    """
    tally, kinds = Tally(), Counter(str(task.get("answer", "accept")) for task in answers)
    made = [doc for task in answers if (doc := task_to_doc(task, nlp.tokenizer, tally=tally)) is not None]
    telling = [doc for doc in made if doc.has_annotation("ENT_IOB") or doc.spans.get(REJECTED)]
    if not telling:
        raise error("B511", answers=len(answers), kinds=", ".join(f"{n} {kind}" for kind, n in kinds.items()) or "none")
    docs = list(corpus)
    texts = {doc.text for doc in telling}
    known = {doc.text: doc for doc in docs if doc.text in texts}
    whole: dict[str, Doc] = {}
    for doc in telling:
        older = whole.get(doc.text) or known.get(doc.text)
        whole[doc.text] = doc if older is None else overlay(older, doc, tally)
    others = [doc for doc in docs if doc.text not in texts]
    kept = others if rehearse is None else drawn(others, rehearse, seed)
    return Merged(
        [*kept, *whole.values()],
        dict(kinds),
        replaced=len(docs) - len(others),
        empty=len(made) - len(telling),
        dropped=tally,
        combined=len(telling) - len(whole),
        left_out=len(others) - len(kept),
        words=sum(token.ent_iob != 0 and not token.is_space for doc in telling for token in doc),
    )


def overlay(older: Doc, newer: Doc, tally: Tally) -> Doc:
    """One Doc of two on one text: what the newer says of a word counts; of the others, what the older says.

    older (Doc): May be cut into other words.
    newer (Doc): Its words are those of the result. An entity of the older one that lies partly on words which it is
        silent about is dropped, and what is left of it counts as not annotated.
    tally (Tally): Counts what is dropped.
    RETURNS (Doc): A new Doc, with entities, `spans["sc"]` and `spans["incorrect_spans"]`.
    """
    result = newer.copy()
    said = [token.ent_iob != 0 for token in newer]
    forbidden = {_place(span) for span in newer.spans.get(REJECTED, [])}
    kept, open_words = [], {token.i for token in newer if not said[token.i] and not _annotated(older, token)}
    for ent in older.ents:
        span = _moved(ent, result)
        touched = _widened(result, ent.start_char, ent.end_char)
        silent = [i for i in range(touched.start, touched.end) if not said[i]]
        rejected = span is not None and _place(span) in forbidden
        if span is not None and not rejected and len(silent) == len(span):
            kept.append(span)
            continue
        if silent and not rejected:
            tally.add(OFF_TOKENS if span is None else CUT, ent.text)
        open_words.update(silent)
    ents = [*result.ents, *kept]
    result.set_ents(ents, missing=[result[i : i + 1] for i in sorted(open_words)], default="outside")
    _carry_groups(older, newer, result, said, forbidden)
    result.user_data.update({key: value for key, value in older.user_data.items() if key == "doc_id"})
    return result


def drawn(docs: Sequence[Doc], count: int, seed: int) -> list[Doc]:
    """A part of a corpus in which each label is met: those with the rarer labels come first, in turns with all.

    docs (Sequence[Doc]): The corpus.
    count (int): How many Docs at most.
    seed (int): Decides which.
    RETURNS (list[Doc]): In the order of the corpus.
    """
    numbers = list(range(len(docs)))
    random.Random(seed).shuffle(numbers)
    queues: dict[str, list[int]] = {"": numbers[::-1]}
    for number in reversed(numbers):
        for label in {ent.label_ for ent in docs[number].ents}:
            queues.setdefault(label, []).append(number)
    chosen: set[int] = set()
    order = sorted(queues, key=lambda label: (len(queues[label]), label))
    while len(chosen) < min(count, len(docs)):
        for label in order:
            queue = queues[label]
            while queue and queue[-1] in chosen:
                queue.pop()
            if queue and len(chosen) < count:
                chosen.add(queue.pop())
    return [docs[number] for number in sorted(chosen)]


def _carry_groups(older: Doc, newer: Doc, result: Doc, said: list[bool], forbidden: set[tuple[int, int, str]]) -> None:
    """Spans that may nest, and rejected ones: those of the newer Doc, and of the older one on other words."""
    accepted = {_place(ent) for ent in result.ents}
    for name in (ALL_SPANS, REJECTED):
        spans = [Span(result, *_place(span)) for span in newer.spans.get(name, [])]
        for span in filter(None, (_moved(span, result) for span in older.spans.get(name, []))):
            free = not any(said[span.start : span.end])
            clash = accepted if name == REJECTED else forbidden
            if free and _place(span) not in clash:
                spans.append(span)
        if spans or name in newer.spans or name in older.spans:
            result.spans[name] = sorted(spans, key=lambda span: (span.start, -span.end))


def _annotated(doc: Doc, token: Any) -> bool:
    """Whether a Doc says something of all characters of another Doc's token."""
    return all(word.ent_iob != 0 for word in _widened(doc, token.idx, token.idx + len(token)))


def _widened(doc: Doc, start: int, end: int) -> Span:
    """The words that a stretch of characters touches."""
    span = doc.char_span(start, end, alignment_mode="expand")
    assert span is not None  # the texts are equal
    return span


def _moved(span: Span, doc: Doc) -> Span | None:
    """The span of another Doc on the same text, on the words of this one; None where its edges are none of theirs."""
    return doc.char_span(span.start_char, span.end_char, label=span.label_)


def _place(span: Span) -> tuple[int, int, str]:
    return span.start, span.end, span.label_
