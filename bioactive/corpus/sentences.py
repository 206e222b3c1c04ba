"""The sentences of a Doc, and sentence bounds for raw text, by rule, on the tokens of any tokenizer."""

from __future__ import annotations

from collections.abc import Container

from spacy.language import Language
from spacy.tokens import Doc, Span, Token

_FINAL = frozenset(".!?…")
_CLOSING = frozenset("\"'”’»)]}")
_OPENING = frozenset("\"'“‘«([{")
# Words before a period that does not end a sentence, in lower case and without it.
_LATIN = """
al approx ca cf co dr e.g eq et etc fig figs i.e inc jr ltd mr mrs ms nat prof ref refs resp sp spp ssp st
subsp var viz vol vs
"""
_CYRILLIC = """
акад англ гл гос др ед жен им ин л лат млн млрд муж напр н.э обл п пр проф р разд рис руб с см соавт ср ст стр
табл т т.д т.е т.к т.н т.п тыс ул чел
"""
_ABBREVIATIONS = frozenset((_LATIN + _CYRILLIC).split())


def sentences(doc: Doc) -> list[Span]:
    """The sentences of a Doc; one without sentence bounds counts as one sentence."""
    return list(doc.sents) if doc.has_annotation("SENT_START") else [doc[:]]


def set_sentences(doc: Doc, whole: Container[int] = frozenset()) -> Doc:
    """Set `token.is_sent_start` on every token.

    A sentence ends after ".", "!", "?" or "…" (and closing brackets or quotes) that are followed by white space, unless
    an abbreviation or a single letter stands before the period or the next word starts in lower case; and at a line
    end, unless the line is broken within a sentence (the next one starts in lower case).

    doc (Doc): A Doc that keeps its white space.
    whole (Container[int]): Indices of tokens that must not start a sentence, such as the inner tokens of entities.
    RETURNS (Doc): The same Doc.
    """
    tokens = list(doc)
    starts = [False] * len(tokens)
    for i, token in enumerate(tokens):
        if i and not token.is_space:
            starts[i] = i not in whole and _opens_sentence(tokens, i)
    if tokens:
        starts[0] = True
    for token, start in zip(tokens, starts, strict=True):
        token.is_sent_start = start
    return doc


def _opens_sentence(tokens: list[Token], i: int) -> bool:
    """Whether token i opens a sentence, judged by what stands right before it."""
    before = i - 1
    gap = ""
    while before >= 0 and tokens[before].is_space:
        gap = tokens[before].text + gap
        before -= 1
    if before < 0:
        return False
    gap = tokens[before].whitespace_ + gap
    first = next((token.text for token in tokens[i : i + 3] if token.text not in _OPENING), "")
    lower = first[:1].islower()
    if "\n" in gap and not (lower and gap.count("\n") == 1):
        return True
    return bool(gap) and not lower and _ends_sentence(tokens, before, first)


def _ends_sentence(tokens: list[Token], i: int, following: str) -> bool:
    """Whether token i ends a sentence, given that white space and then `following` comes after it."""
    while i > 0 and tokens[i].text in _CLOSING and not tokens[i - 1].whitespace_:
        i -= 1
    text = tokens[i].text
    if text[-1] not in _FINAL:
        return False
    if text[-1] != "." or text.endswith("..."):
        return True
    word = text[:-1] or (tokens[i - 1].text if i and not tokens[i - 1].whitespace_ else "")
    initials = word.isupper() and all(len(part) == 1 for part in word.split("."))
    number = word.lower() in ("no", "nos") and following[:1].isdigit()
    return not (initials or number or word.lower() in _ABBREVIATIONS)


@Language.component("bioactive_sentences", assigns=["token.is_sent_start", "doc.sents"])
def sentence_component(doc: Doc) -> Doc:
    """The same as a pipeline component: `nlp.add_pipe("bioactive_sentences")`."""
    return set_sentences(doc)
