"""A gold Doc beside a prediction of the same text, compared by characters.

Characters are what two tokenisations of one text share, so the same comparison serves predictions on the gold words
and predictions from raw text. Words that nobody annotated (`token.ent_iob == 0`) count for nothing: they are left out
of the word counts, and a predicted entity that touches one is neither right nor wrong and is left out too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import NamedTuple

from spacy.tokens import Doc, Span, Token
from spacy.vocab import Vocab

from bioactive.errors import error
from bioactive.tags import tags_from_spans


class CharSpan(NamedTuple):
    """A labelled stretch of text: `start` and `end` (exclusive) count characters, code points, of the Doc's text."""

    start: int
    end: int
    label: str


@dataclass
class Compared:
    """What one document contributes to every score.

    doc_id (str): The document that resampling keeps together; "" where the gold Doc names none.
    gold (set[CharSpan]): Gold entities.
    predicted (set[CharSpan]): Predicted entities that touch annotated words only.
    ignored (int): Predicted entities left out since they touch a word without annotation.
    unreachable (int): Gold entities with an edge inside a predicted token: no prediction could be right.
    words, missing_words (int): Words with and without annotation; white space is no word.
    gold_words, predicted_words (list[str]): Label of each annotated word, "" outside; empty for span groups.
    gold_tags, predicted_tags (list[list[str]]): BIO sequences of the annotated stretches; empty where tokens differ.
    confidences (list[tuple[float, bool]]): Confidence of each predicted entity that has one; whether it is in gold.
    """

    doc_id: str = ""
    gold: set[CharSpan] = field(default_factory=set)
    predicted: set[CharSpan] = field(default_factory=set)
    ignored: int = 0
    unreachable: int = 0
    words: int = 0
    missing_words: int = 0
    gold_words: list[str] = field(default_factory=list)
    predicted_words: list[str] = field(default_factory=list)
    gold_tags: list[list[str]] = field(default_factory=list)
    predicted_tags: list[list[str]] = field(default_factory=list)
    confidences: list[tuple[float, bool]] = field(default_factory=list)


def unlabelled_copy(doc: Doc, vocab: Vocab) -> Doc:
    """A Doc with the words, the spaces, the sentence bounds and the id of another, and nothing else.

    doc (Doc): The Doc to copy from.
    vocab (Vocab): The vocabulary of the pipeline that will read the copy.
    RETURNS (Doc): The copy; its text is the same, character by character.
    """
    starts: list[bool | int | None] | None = None
    if doc.has_annotation("SENT_START"):
        starts = [token.is_sent_start for token in doc]
    copy = Doc(
        vocab,
        words=[token.text for token in doc],
        spaces=[bool(token.whitespace_) for token in doc],
        sent_starts=starts,
    )
    if "doc_id" in doc.user_data:
        copy.user_data["doc_id"] = doc.user_data["doc_id"]
    return copy


def compare(gold: Doc, predicted: Doc, *, spans_key: str | None = None, by_sentence: bool = False) -> Compared:
    """Set a prediction beside the gold Doc.

    gold (Doc): The annotated Doc.
    predicted (Doc): A pipeline's output for the same text, on the same tokens or on others.
    spans_key (str | None): Compare `doc.spans[spans_key]`, which may nest, in place of `doc.ents`. A word has no one
        label then, so words and tags stay empty. A gold Doc without the key is unannotated.
    by_sentence (bool): Cut the tag sequences at the gold sentence bounds.
    RETURNS (Compared): What this document contributes.
    RAISES (BioactiveError): B306 when the texts differ.
    """
    _check_texts(gold, predicted)
    missing = _missing(gold, spans_key)
    entities = spans_of(predicted, spans_key)
    kept = [span for span in entities if not any(missing[span.start_char : span.end_char])]
    words = [token for token in gold if not token.is_space]
    annotated = [token for token in words if not missing[token.idx]]
    found = Compared(
        doc_id=str(gold.user_data.get("doc_id", "")),
        gold=char_spans(spans_of(gold, spans_key)),
        predicted=char_spans(kept),
        ignored=len(entities) - len(kept),
        words=len(annotated),
        missing_words=len(words) - len(annotated),
    )
    found.unreachable = _unreachable(found.gold, predicted)
    found.confidences = [(score, span in found.gold) for span, score in confidences(predicted, kept, spans_key)]
    if spans_key is None:
        found.gold_words = _word_labels(annotated, found.gold, len(gold.text))
        found.predicted_words = _word_labels(annotated, found.predicted, len(gold.text))
        if _same_tokens(gold, predicted):
            cuts = _cuts(gold, missing, by_sentence)
            found.gold_tags = _sequences(gold.ents, cuts, len(gold))
            found.predicted_tags = _sequences(kept, cuts, len(gold))
    return found


def spans_of(doc: Doc, spans_key: str | None = None) -> list[Span]:
    """The entities of a Doc.

    doc (Doc): The Doc.
    spans_key (str | None): Those of `doc.spans[spans_key]`, which may nest, in place of `doc.ents`.
    RETURNS (list[Span]): In the order of the Doc; none where it has no such group.
    """
    return list(doc.ents) if spans_key is None else list(doc.spans.get(spans_key, ()))


def char_spans(spans: Iterable[Span]) -> set[CharSpan]:
    """The spans of a Doc as characters and labels."""
    return {CharSpan(span.start_char, span.end_char, span.label_) for span in spans}


def confidences(doc: Doc, spans: Sequence[Span], spans_key: str | None = None) -> Iterator[tuple[CharSpan, float]]:
    """The confidence of each span that a component gave one, from the `attrs["scores"]` of the Doc's span groups.

    doc (Doc): The predicted Doc.
    spans (Sequence[Span]): Predicted spans of it.
    spans_key (str | None): The group to look in; None looks in every group that carries scores.
    YIELDS (tuple[CharSpan, float]): The span and its confidence, in [0, 1]; spans without one are passed over.
    """
    scored: dict[CharSpan, float] = {}
    for key, group in doc.spans.items():
        if spans_key in (None, key) and len(group.attrs.get("scores", ())) == len(group):
            for span, score in zip(group, group.attrs.get("scores", ()), strict=True):
                scored[CharSpan(span.start_char, span.end_char, span.label_)] = float(score)
    for span in spans:
        char_span = CharSpan(span.start_char, span.end_char, span.label_)
        if char_span in scored:
            yield char_span, scored[char_span]


def _check_texts(gold: Doc, predicted: Doc) -> None:
    ours, theirs = gold.text, predicted.text
    if ours != theirs:
        offset = next(i for i, (a, b) in enumerate(zip_longest(ours, theirs)) if a != b)
        raise error("B306", doc_id=gold.user_data.get("doc_id", ours[:40]), offset=offset)


def _missing(doc: Doc, spans_key: str | None) -> bytearray:
    """One byte a character: 1 in the words that nobody annotated."""
    mask = bytearray(len(doc.text))
    if spans_key is not None and spans_key not in doc.spans:
        return bytearray(b"\x01") * len(doc.text)
    if spans_key is not None and not doc.has_annotation("ENT_IOB"):
        return mask  # annotated through the span group alone, and so in full
    for token in doc:
        if token.ent_iob == 0:
            mask[token.idx : token.idx + len(token)] = b"\x01" * len(token)
    return mask


def _unreachable(gold: set[CharSpan], predicted: Doc) -> int:
    return sum(predicted.char_span(span.start, span.end) is None for span in gold)


def _word_labels(words: Sequence[Token], spans: Iterable[CharSpan], length: int) -> list[str]:
    """The label of each word: that of the first entity that shares a character with it."""
    owner = [""] * length
    for start, end, label in spans:
        owner[start:end] = [label] * (end - start)
    return [next(filter(None, owner[word.idx : word.idx + len(word)]), "") for word in words]


def _same_tokens(gold: Doc, predicted: Doc) -> bool:
    return len(gold) == len(predicted) and all(a.idx == b.idx for a, b in zip(gold, predicted, strict=True))


def _cuts(gold: Doc, missing: bytearray, by_sentence: bool) -> list[tuple[int, int]]:
    """The stretches of annotated tokens (start, end), cut at sentence bounds if asked for."""
    cuts: list[tuple[int, int]] = []
    start = 0
    for token in gold:
        gap = bool(missing[token.idx])
        if gap or (by_sentence and token.is_sent_start):
            cuts.append((start, token.i))
            start = token.i + gap
    return [cut for cut in [*cuts, (start, len(gold))] if cut[0] < cut[1]]


def _sequences(spans: Iterable[Span], cuts: Iterable[tuple[int, int]], length: int) -> list[list[str]]:
    tags = tags_from_spans([(span.start, span.end, span.label_) for span in spans], length)
    return [tags[start:end] for start, end in cuts]
