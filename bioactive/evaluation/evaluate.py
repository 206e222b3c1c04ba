"""Evaluate a pipeline on gold Docs: every score in one go, on the gold words or from raw text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc

from bioactive.corpus.seen import Seen
from bioactive.errors import error

from ..blocks import OnDone, blocks
from .blocks import WINDOW, pipe_block, zone
from .bootstrap import Interval, intervals, resample
from .calibration import ReliabilityBin, adaptive_ece, brier, ece, reliability_table
from .pairs import Compared, compare, unlabelled_copy
from .scores import (
    CORRECT,
    GOLD,
    PREDICTED,
    Counts,
    Metric,
    accuracy,
    count,
    macro,
    micro,
    prf,
    seqeval_scores,
    weighted,
)

GOLD_TOKENS, RAW_TEXT = "gold tokens", "raw text"


@dataclass(frozen=True)
class Score:
    """Precision, recall and F1 with 95 % intervals over documents, and the counts that they come from."""

    precision: Interval
    recall: Interval
    f1: Interval
    correct: int
    predicted: int
    gold: int


@dataclass(frozen=True)
class Calibration:
    """How honest the confidences of the predicted entities are.

    entities (int): Predicted entities that have a confidence.
    ece, adaptive_ece, brier (float): As defined in the module `calibration`.
    table (list[ReliabilityBin]): Confidence beside accuracy.
    """

    entities: int
    ece: float
    adaptive_ece: float
    brier: float
    table: list[ReliabilityBin]


@dataclass(frozen=True)
class Unseen:
    """The scores on what no training set holds, see `corpus.seen`.

    sentences (int): Sentences left out.
    types, totals (dict[str, Score]): As in `Evaluation`.
    """

    sentences: int
    types: dict[str, Score]
    totals: dict[str, Score]


@dataclass
class Evaluation:
    """All scores of one pipeline on one set of documents.

    mode (str): "gold tokens" or "raw text": what the pipeline was given.
    entities (str): "doc.ents" or the span group that was compared.
    documents, words (int): Documents (the unit of resampling) and annotated words.
    missing_words (int): Words without annotation, which count for nothing.
    ignored (int): Predicted entities left out since they touch such a word.
    unreachable (int): Gold entities that no prediction over the pipeline's tokens can equal.
    types (dict[str, Score]): Exact entities, by type.
    totals (dict[str, Score]): Exact entities: "micro", "macro" (the plain mean over types), "weighted" (by support),
        "boundary" (type ignored); words inside of entities: "word" (micro), "word_macro", "word_weighted". Those of
        words are missing for span groups.
    word_types (dict[str, Score]): Words inside of entities, by type; empty for span groups.
    word_accuracy (Interval | None): The share of annotated words with the right label.
    seqeval (dict[str, Any]): "strict" and "default" reading; empty where the tokens differ or spans nest.
    calibration (Calibration | None): None where the pipeline gives no confidences.
    missing_labels (list[str]): Types of the data that the pipeline cannot predict.
    unseen (Unseen | None): Without what the training set holds, where one was given.
    resamples, seed (int): Of the intervals.
    counts (Counts): What all this was computed from; for paired comparisons. Not part of `to_dict`.
    """

    mode: str
    entities: str
    documents: int
    words: int
    missing_words: int
    ignored: int
    unreachable: int
    types: dict[str, Score]
    totals: dict[str, Score]
    word_types: dict[str, Score]
    word_accuracy: Interval | None
    seqeval: dict[str, Any]
    calibration: Calibration | None
    missing_labels: list[str]
    resamples: int
    seed: int
    counts: Counts = field(repr=False)
    unseen: Unseen | None = None

    def to_dict(self) -> dict[str, Any]:
        """The evaluation as JSON-ready dicts; an interval is {"value", "low", "high"}."""
        # asdict would take the intervals apart into lists, and copy the count tables.
        shallow = {name: value for name, value in vars(self).items() if name != "counts"}
        found: dict[str, Any] = _plain(shallow)
        return found

    def _repr_html_(self) -> str:
        """How a notebook shows it."""
        from .shown import evaluation_html

        return evaluation_html(self)


def evaluate(
    nlp: Language,
    docs: Iterable[Doc],
    *,
    raw: bool = False,
    spans_key: str | None = None,
    by_sentence: bool = False,
    batch_size: int = 64,
    resamples: int = 1000,
    seed: int = 0,
    bins: int = 10,
    seen: Seen | None = None,
    on_done: OnDone = lambda items: None,
) -> Evaluation:
    """Run a pipeline over gold Docs and score what it says.

    nlp (Language): The pipeline.
    docs (Iterable[Doc]): Gold Docs; streamed in blocks, and left as they are.
    raw (bool): Give the pipeline the text alone. By default it gets the gold words, spaces and sentence bounds.
    spans_key (str | None): Compare `doc.spans[spans_key]`, which may nest, in place of `doc.ents`.
    by_sentence (bool): Give seqeval a sequence a sentence; by default a sequence a Doc.
    batch_size (int): Docs a batch.
    resamples (int): Bootstrap resamples.
    seed (int): Seed of the bootstrap.
    bins (int): Bins of the calibration error.
    seen (Seen | None): The training set, to score without its sentences and documents as well.
    on_done (Callable): Told how many Docs are predicted since it was told last.
    RETURNS (Evaluation): The scores.
    RAISES (BioactiveError): B305 when nothing is annotated, B307 when the pipeline predicts no entities.
    """
    labels = predictable_labels(nlp, spans_key)
    compared: list[Compared] = []
    unseen: list[Compared] = []
    hidden = 0
    for pairs in _blockwise(nlp, docs, raw, batch_size, on_done):
        compared += [compare(gold, doc, spans_key=spans_key, by_sentence=by_sentence) for gold, doc in pairs]
        if seen is not None:
            rests = [seen.hidden(gold) for gold, _ in pairs]
            hidden += sum(sentences for _, sentences in rests)
            both = zip(rests, pairs, strict=True)
            unseen += [compare(rest, doc, spans_key=spans_key) for (rest, _), (_, doc) in both]
    result = score(compared, raw=raw, spans_key=spans_key, resamples=resamples, seed=seed, bins=bins)
    result.missing_labels = sorted({span.label for one in compared for span in one.gold} - labels)
    if seen is not None:
        result.unseen = _unseen(unseen, hidden, resamples, seed, flat=spans_key is None)
    return result


def compare_all(nlp: Language, docs: Iterable[Doc], on_done: OnDone = lambda items: None) -> list[Compared]:
    """Run a pipeline over the words of gold Docs and set what it says beside them.

    nlp (Language): The pipeline.
    docs (Iterable[Doc]): Gold Docs.
    on_done (Callable): Told how many Docs are done since it was told last.
    RETURNS (list[Compared]): One a Doc, in order; `score` makes an Evaluation of them.
    """
    return [compare(gold, doc) for pairs in _blockwise(nlp, docs, on_done=on_done) for gold, doc in pairs]


def _blockwise(
    nlp: Language, docs: Iterable[Doc], raw: bool = False, batch_size: int = 64, on_done: OnDone = lambda items: None
) -> Iterator[list[tuple[Doc, Doc]]]:
    """Gold Docs and predictions, block by block: those of one are gone when the next is asked for."""
    for block in blocks(docs, batch_size * WINDOW):
        with zone(nlp):
            yield list(zip(block, _predicted(nlp, block, raw, batch_size, on_done), strict=True))


def predict(
    nlp: Language, docs: Iterable[Doc], *, raw: bool = False, batch_size: int = 64
) -> Iterator[tuple[Doc, Doc]]:
    """Gold Docs with what a pipeline makes of their words or of their text.

    nlp (Language): The pipeline.
    docs (Iterable[Doc]): Gold Docs.
    raw (bool): Give the pipeline the text alone.
    batch_size (int): Docs a batch.
    YIELDS (tuple[Doc, Doc]): The gold Doc as it came, and the prediction; Docs of a block that are the same share one.
    """
    for block in blocks(docs, batch_size * WINDOW):
        yield from zip(block, _predicted(nlp, block, raw, batch_size), strict=True)


def score(
    compared: list[Compared],
    *,
    raw: bool = False,
    spans_key: str | None = None,
    resamples: int = 1000,
    seed: int = 0,
    bins: int = 10,
) -> Evaluation:
    """Score compared documents, of whatever system they come from.

    compared (list[Compared]): From `pairs.compare`, in order.
    raw (bool): Whether the predictions come from raw text; seqeval is left out then.
    spans_key (str | None): The span group that was compared, for the record.
    resamples, seed, bins (int): As in `evaluate`.
    RETURNS (Evaluation): The scores; `missing_labels` is empty.
    RAISES (BioactiveError): B305 when nothing is annotated.
    """
    words = sum(one.words for one in compared)
    if not words and not any(one.gold for one in compared):
        raise error("B305", documents=len(compared))
    counts = count(compared)
    weights = resample(len(counts.documents), resamples, seed)
    right = intervals(counts.accuracy, accuracy, weights)
    return Evaluation(
        mode=RAW_TEXT if raw else GOLD_TOKENS,
        entities="doc.ents" if spans_key is None else f"doc.spans[{spans_key!r}]",
        documents=len(counts.documents),
        words=words,
        missing_words=sum(one.missing_words for one in compared),
        ignored=sum(one.ignored for one in compared),
        unreachable=sum(one.unreachable for one in compared),
        types=_by_type(counts.spans, counts.labels, weights),
        totals=_totals(counts, weights, flat=spans_key is None),
        word_types=_by_type(counts.words, counts.labels, weights) if spans_key is None else {},
        word_accuracy=_interval(right) if spans_key is None else None,
        seqeval=_seqeval(compared) if spans_key is None and not raw else {},
        calibration=_calibration(compared, bins),
        missing_labels=[],
        resamples=resamples,
        seed=seed,
        counts=counts,
    )


def predictable_labels(nlp: Language, spans_key: str | None = None) -> set[str]:
    """The labels of the components that set `doc.ents`, or `doc.spans` where a span group is asked for.

    RAISES (BioactiveError): B307 when there is no such component.
    """
    wanted = "doc.ents" if spans_key is None else "doc.spans"
    names = [name for name in nlp.pipe_names if wanted in nlp.get_pipe_meta(name).assigns]
    if not names:
        raise error("B307", pipes=", ".join(nlp.pipe_names) or "no component at all")
    return {label for name in names for label in getattr(nlp.get_pipe(name), "labels", ())}


def _predicted(
    nlp: Language, block: list[Doc], raw: bool, batch_size: int, on_done: OnDone = lambda items: None
) -> list[Doc]:
    inputs = [nlp.make_doc(gold.text) if raw else unlabelled_copy(gold, nlp.vocab) for gold in block]
    return pipe_block(nlp, inputs, batch_size, on_done)


def _interval(row: np.ndarray) -> Interval:
    return Interval(*map(float, row))


def score_of(rows: np.ndarray, counts: np.ndarray) -> Score:
    """A Score of arrays.

    rows (np.ndarray): Intervals of precision, recall and F1, [3, 3], from `bootstrap.intervals`.
    counts (np.ndarray): [3], as the module `scores` orders them.
    """
    precision, recall, f1 = map(_interval, rows)
    correct, predicted, gold = (int(counts[kind]) for kind in (CORRECT, PREDICTED, GOLD))
    return Score(precision, recall, f1, correct, predicted, gold)


def _unseen(compared: list[Compared], sentences: int, resamples: int, seed: int, *, flat: bool) -> Unseen:
    counts = count(compared)
    weights = resample(len(counts.documents), resamples, seed)
    return Unseen(sentences, _by_type(counts.spans, counts.labels, weights), _totals(counts, weights, flat=flat))


def _by_type(table: np.ndarray, labels: list[str], weights: np.ndarray) -> dict[str, Score]:
    rows, totals = intervals(table, prf, weights), table.sum(axis=0)
    return {label: score_of(rows[i], totals[i]) for i, label in enumerate(labels)}


def _totals(counts: Counts, weights: np.ndarray, *, flat: bool) -> dict[str, Score]:
    tables: dict[str, tuple[np.ndarray, Metric]] = {
        "micro": (counts.spans, micro),
        "macro": (counts.spans, macro),
        "weighted": (counts.spans, weighted),
        "boundary": (counts.boundary, micro),
    }
    if flat:
        tables |= {"word": (counts.words, micro), "word_macro": (counts.words, macro)}
        tables["word_weighted"] = (counts.words, weighted)
    return {
        name: score_of(intervals(table, metric, weights), table.sum(axis=(0, 1)))
        for name, (table, metric) in tables.items()
    }


def _seqeval(compared: list[Compared]) -> dict[str, Any]:
    gold = [tags for one in compared for tags in one.gold_tags]
    predicted = [tags for one in compared for tags in one.predicted_tags]
    return {"strict": seqeval_scores(gold, predicted, "strict"), "default": seqeval_scores(gold, predicted, "default")}


def _calibration(compared: list[Compared], bins: int) -> Calibration | None:
    pairs = [pair for one in compared for pair in one.confidences]
    if not pairs:
        return None
    sure, hit = [c for c, _ in pairs], [y for _, y in pairs]
    return Calibration(
        len(pairs),
        ece(sure, hit, bins),
        adaptive_ece(sure, hit, bins),
        brier(sure, hit),
        reliability_table(sure, hit, bins),
    )


def _plain(value: Any) -> Any:
    if isinstance(value, Interval):
        return value._asdict()
    if isinstance(value, (Score, Calibration, Unseen)):
        return {name: _plain(part) for name, part in vars(value).items()}
    if isinstance(value, ReliabilityBin):
        return asdict(value)
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    return [_plain(part) for part in value] if isinstance(value, list) else value
