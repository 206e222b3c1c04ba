"""What a pipeline says of each document beside gold, and of which kind each error is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from spacy.language import Language
from spacy.tokens import Doc

from bioactive.blocks import OnDone, blocks
from bioactive.corpus.sentences import sentences
from bioactive.evaluation.blocks import WINDOW, zone
from bioactive.evaluation.evaluate import predict
from bioactive.evaluation.pairs import CharSpan, Compared, char_spans, compare, confidences, spans_of

TYPE, EDGES, BOTH, MISSED, MADE_UP = "other type", "other edges", "other type and edges", "missed", "made up"
KINDS = (EDGES, TYPE, BOTH, MISSED, MADE_UP)
NONE = "none"


@dataclass(frozen=True)
class Case:
    """One document.

    compared (Compared): Gold and prediction; entities that touch words without annotation are left out.
    text (str): Its text.
    sentences (list[tuple[int, int]]): First character and end of each sentence; the whole text without bounds.
    words (dict[CharSpan, int]): How many words each entity of either side has.
    confidence (dict[CharSpan, float]): Of the predicted entities that have one.
    """

    compared: Compared
    text: str
    sentences: list[tuple[int, int]] = field(default_factory=list)
    words: dict[CharSpan, int] = field(default_factory=dict)
    confidence: dict[CharSpan, float] = field(default_factory=dict)

    def mention(self, span: CharSpan) -> str:
        """The words of an entity as they count for whether it was seen before."""
        return mention_of(self.text[span.start : span.end])


@dataclass(frozen=True)
class Mistake:
    """One error.

    kind (str): One of `KINDS`.
    case (Case): Where.
    gold, predicted (CharSpan | None): The two that belong together; one of them is None where one is missing.
    """

    kind: str
    case: Case
    gold: CharSpan | None
    predicted: CharSpan | None

    @property
    def confidence(self) -> float:
        """Of the predicted entity; 0.0 where there is none."""
        return self.case.confidence.get(self.predicted, 0.0) if self.predicted is not None else 0.0


def collect(
    nlp: Language,
    docs: Iterable[Doc],
    spans_key: str | None = None,
    batch_size: int = 64,
    on_done: OnDone = lambda items: None,
) -> list[Case]:
    """Run a pipeline over gold Docs.

    nlp (Language): The pipeline.
    docs (Iterable[Doc]): Gold Docs; it gets their words.
    spans_key (str | None): Look at `doc.spans[spans_key]`, which may nest, in place of `doc.ents`.
    batch_size (int): Docs a batch.
    on_done (Callable): Told how many Docs are done since it was told last.
    RETURNS (list[Case]): One a Doc, in order.
    """
    found = []
    for block in blocks(docs, batch_size * WINDOW):
        with zone(nlp):
            found += [_case(gold, doc, spans_key) for gold, doc in predict(nlp, block, batch_size=batch_size)]
        on_done(len(block))
    return found


def _case(gold: Doc, predicted: Doc, spans_key: str | None) -> Case:
    compared = compare(gold, predicted, spans_key=spans_key)
    kept = [span for span in spans_of(predicted, spans_key) if char_spans([span]) <= compared.predicted]
    return Case(
        compared,
        gold.text,
        [(sent.start_char, sent.end_char) for sent in sentences(gold)],
        {CharSpan(ent.start_char, ent.end_char, ent.label_): len(ent) for ent in [*kept, *spans_of(gold, spans_key)]},
        dict(confidences(predicted, kept, spans_key)),
    )


def mention_of(text: str) -> str:
    """A text without case, its words one space apart."""
    return " ".join(text.split()).casefold()


def mistakes(case: Case) -> Iterator[Mistake]:
    """The errors of a document; each entity of either side is in one at the most.

    What has the same edges belongs together, then what overlaps most, in the order of the text. What is left of gold is
    missed, what is left of the prediction made up, also where it overlaps an entity that another is paired with.
    """
    gold, predicted = case.compared.gold, case.compared.predicted
    left, right = sorted(gold - predicted), sorted(predicted - gold)
    for one, other in [*_paired(left, right, _same_edges), *_paired(left, right, _overlap)]:
        edges, label = one[:2] == other[:2], one.label == other.label
        yield Mistake(TYPE if edges else EDGES if label else BOTH, case, one, other)
    yield from (Mistake(MISSED, case, one, None) for one in left)
    yield from (Mistake(MADE_UP, case, None, one) for one in right)


def _paired(
    left: list[CharSpan], right: list[CharSpan], nearness: Callable[[CharSpan, CharSpan], int]
) -> list[tuple[CharSpan, CharSpan]]:
    """Take pairs out of two lists, the nearest first."""
    near = [(nearness(one, other), one, other) for one in left for other in right]
    pairs = []
    for _, one, other in sorted((each for each in near if each[0] > 0), key=lambda each: (-each[0], each[1:])):
        if one in left and other in right:
            left.remove(one)
            right.remove(other)
            pairs.append((one, other))
    return sorted(pairs)


def _same_edges(one: CharSpan, other: CharSpan) -> int:
    return int(one[:2] == other[:2])


def _overlap(one: CharSpan, other: CharSpan) -> int:
    """Shared characters, twice over and one more for the same type, so that a tie goes to the latter."""
    shared = min(one.end, other.end) - max(one.start, other.start)
    return 2 * shared + (one.label == other.label) if shared > 0 else 0


def confusion(cases: Sequence[Case]) -> dict[tuple[str, str], int]:
    """How often a gold type met a predicted type, in entities that belong together; `NONE` where one is missing."""
    found: dict[tuple[str, str], int] = {}
    for case in cases:
        both = [(span.label, span.label) for span in case.compared.gold & case.compared.predicted]
        for each in mistakes(case):
            both.append((each.gold.label if each.gold else NONE, each.predicted.label if each.predicted else NONE))
        for pair in both:
            found[pair] = found.get(pair, 0) + 1
    return found


def edge_errors(found: Iterable[Mistake]) -> dict[str, int]:
    """Where the edges of entities that belong together lie apart: at the start, the end, or both; early or late."""
    names = {-1: "early", 0: "right", 1: "late"}
    counts: dict[str, int] = {}
    for each in found:
        if each.gold is None or each.predicted is None or each.kind == TYPE:
            continue
        start = names[_sign(each.predicted.start - each.gold.start)]
        end = names[_sign(each.predicted.end - each.gold.end)]
        key = f"start {start}, end {end}"
        counts[key] = counts.get(key, 0) + 1
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _sign(number: int) -> int:
    return (number > 0) - (number < 0)
