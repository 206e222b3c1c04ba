"""Text, character spans and a tokenizer -> Doc."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from spacy.tokens import Doc, Span

from ..errors import error
from .nested import flatten, overlap_kind
from .sentences import set_sentences
from .tally import Tally

MISALIGNED = ("drop", "expand", "error")


class CharSpan(NamedTuple):
    """A labelled stretch of text; `start` and `end` count code points from the start of the text, `end` is exclusive.

    where (str): The place it was read from, "path:line", for messages.
    """

    start: int
    end: int
    label: str
    where: str = ""


@dataclass(frozen=True)
class AlignOptions:
    """How character spans become entities.

    misaligned (str): What becomes of a span that the tokenizer cuts through: "drop" leaves it out and its words not
        annotated, "expand" widens it to whole tokens, "error" raises.
    nested (str): Which of overlapping entities go to `doc.ents`, see `nested.flatten`.
    """

    misaligned: str = "drop"
    nested: str = "outermost"

    def __post_init__(self) -> None:
        if self.misaligned not in MISALIGNED:
            raise error("B114", policy=self.misaligned, known=", ".join(MISALIGNED))


def doc_from_spans(
    text: str,
    spans: Iterable[CharSpan],
    tokenizer: Callable[[str], Doc],
    doc_id: str,
    options: AlignOptions,
    tally: Tally,
) -> Doc:
    """Tokenize a text and put its entities on the tokens.

    text (str): The text, kept as it is.
    spans (Iterable[CharSpan]): All its entities; the text counts as fully annotated.
    tokenizer (Callable[[str], Doc]): Usually `nlp.tokenizer`.
    doc_id (str): The document's id.
    options (AlignOptions): What becomes of cut and of overlapping entities.
    tally (Tally): Gets the counts.
    RETURNS (Doc): With sentence bounds, `ents`, `spans["sc"]`; spans cut and dropped are kept in `user_data["cut"]`.
    RAISES (BioactiveError): B112 for a cut span when options say so.
    """
    doc = tokenizer(text)
    doc.user_data["doc_id"] = doc_id
    found, cut = align(doc, spans, options, tally)
    annotate(doc, found, options.nested, tally, missing=[(s.start, s.end) for s in cut])
    if cut:
        doc.user_data["cut"] = [(span.start, span.end, span.label) for span in cut]
    set_sentences(doc, whole={i for span in found for i in range(span.start + 1, span.end)})
    return doc


def align(
    doc: Doc, spans: Iterable[CharSpan], options: AlignOptions, tally: Tally
) -> tuple[list[Span], list[CharSpan]]:
    """Find the tokens of character spans.

    doc (Doc): The tokenized text.
    spans (Iterable[CharSpan]): Spans within the text.
    options (AlignOptions): What becomes of cut spans.
    tally (Tally): Gets the counts of duplicates, trimmed and cut spans.
    RETURNS (tuple[list[Span], list[CharSpan]]): The distinct spans on tokens, in order; and those dropped because cut.
    """
    text = doc.text
    starts = [token.idx for token in doc]
    ends = [token.idx + len(token) for token in doc]
    found: dict[tuple[int, int, str], Span] = {}
    dropped: list[CharSpan] = []
    for given in spans:
        span = _trim(given, text, tally)
        if span is None:
            continue
        start, end = bisect_right(starts, span.start) - 1, bisect_left(ends, span.end) + 1
        if starts[start] != span.start or ends[end - 1] != span.end:
            _cut(doc, span, doc[start:end], options, tally)
            if options.misaligned == "drop":
                dropped.append(span)
                continue
        key = (start, end, span.label)
        if key in found:
            tally.add("entities given twice, kept once", _show(doc, span))
        found.setdefault(key, Span(doc, start, end, label=span.label))
    return sorted(found.values(), key=lambda span: (span.start, -span.end)), dropped


def annotate(
    doc: Doc, spans: Sequence[Span], nested: str, tally: Tally, missing: Iterable[tuple[int, int]] = ()
) -> None:
    """Set `doc.ents` and `doc.spans["sc"]`.

    doc (Doc): The Doc.
    spans (Sequence[Span]): All its entities.
    nested (str): The policy for `doc.ents`.
    tally (Tally): Gets the counts of what `doc.ents` cannot hold.
    missing (Iterable[tuple[int, int]]): Character stretches whose words count as not annotated.
    """
    chosen, left_out = flatten(spans, nested)
    for span in left_out:
        near = [other for other in chosen if other.start < span.end and span.start < other.end]
        tally.add(f"entities only in spans['sc']: {overlap_kind(span, near)} of one in doc.ents", _show_span(span))
    held = {i for span in chosen for i in range(span.start, span.end)}
    unknown = {
        token.i
        for start, end in missing
        for token in doc.char_span(start, end, alignment_mode="expand") or ()
        if token.i not in held
    }
    doc.set_ents(chosen, missing=[doc[i : i + 1] for i in sorted(unknown)], default="outside")
    doc.spans["sc"] = list(spans)


def _trim(span: CharSpan, text: str, tally: Tally) -> CharSpan | None:
    """The span without outer white space, which no token of an entity holds; None when nothing is left."""
    start, end = span.start, span.end
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if start == end:
        tally.add("empty entities, left out", span.where)
        return None
    if (start, end) != (span.start, span.end):
        tally.add("entities trimmed of outer white space", f"{span.where} {text[span.start : span.end]!r}")
    return span._replace(start=start, end=end)


def _cut(doc: Doc, span: CharSpan, tokens: Span, options: AlignOptions, tally: Tally) -> None:
    """Count a span that the tokenizer cuts through, or raise."""
    if options.misaligned == "error":
        raise error(
            "B112",
            where=span.where or doc.user_data.get("doc_id", "text"),
            text=doc.text[span.start : span.end],
            label=span.label,
            start=span.start,
            end=span.end,
            tokens=" | ".join(token.text for token in tokens),
        )
    done = "dropped" if options.misaligned == "drop" else "widened to whole tokens"
    shown = " | ".join(token.text for token in tokens)
    tally.add(f"entities cut by the tokenizer, {done}", f"{_show(doc, span)} in tokens {shown}")


def _show(doc: Doc, span: CharSpan) -> str:
    place = doc.user_data.get("doc_id", span.where)
    return f"{place} {span.start}-{span.end} {span.label} {doc.text[span.start : span.end]!r}"


def _show_span(span: Span) -> str:
    place = span.doc.user_data.get("doc_id", "")
    return f"{place} {span.start_char}-{span.end_char} {span.label_} {span.text!r}"
