"""Precision, recall and F1 of entities, words and tag sequences.

Everything but seqeval is computed from `Counts`: three numbers (correct, predicted, gold) a document and type. The same
functions then score all documents at once, one document, or a thousand bootstrap resamples.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from .pairs import Compared

CORRECT, PREDICTED, GOLD = 0, 1, 2
Metric = Callable[[np.ndarray], np.ndarray]
SeqevalMode = Literal["strict", "default"]
Row = dict[tuple[str, int], int]


@dataclass
class Counts:
    """Correct, predicted and gold counts, by document and type; the last axis is [correct, predicted, gold].

    documents (list[str]): Ids of the documents, in order of first appearance; axis 0 of every table.
    labels (list[str]): Every type of gold or prediction, sorted; axis 1 of `spans` and `words`.
    spans (np.ndarray): Exact entities, [D, T, 3].
    boundary (np.ndarray): Exact entities with the type ignored, [D, 1, 3].
    words (np.ndarray): Words inside of entities, [D, T, 3].
    accuracy (np.ndarray): Annotated words whose label, or lack of one, is right, [D, 1, 3]; predicted equals gold here.
    """

    documents: list[str]
    labels: list[str]
    spans: np.ndarray
    boundary: np.ndarray
    words: np.ndarray
    accuracy: np.ndarray


def count(compared: Iterable[Compared]) -> Counts:
    """Count what is right, document by document.

    compared (Iterable[Compared]): Compared Docs. Those with one id (the sentences of a document) are added up; one
        without an id is a document of its own.
    RETURNS (Counts): The counts.
    """
    tables: list[dict[str, Row]] = [{}, {}, {}, {}]
    for number, one in enumerate(compared):
        doc_id = one.doc_id or f"#{number}"
        for table, row in zip(tables, _rows(one), strict=True):
            mine = table.setdefault(doc_id, {})
            for key, value in row.items():
                mine[key] = mine.get(key, 0) + value
    spans, boundary, words, accuracy = tables
    labels = sorted({label for table in (spans, words) for row in table.values() for label, _ in row})
    return Counts(
        documents=list(spans),
        labels=labels,
        spans=_table(spans, labels),
        boundary=_table(boundary, [""]),
        words=_table(words, labels),
        accuracy=_table(accuracy, [""]),
    )


def prf(counts: np.ndarray) -> np.ndarray:
    """Precision, recall and F1; 0 / 0 counts as 0.

    counts (np.ndarray): [..., 3], the last axis [correct, predicted, gold].
    RETURNS (np.ndarray): [..., 3], the last axis [precision, recall, F1].
    """
    correct, predicted, gold = np.moveaxis(counts.astype(np.float64), -1, 0)
    parts = [_ratio(correct, predicted), _ratio(correct, gold), _ratio(2 * correct, predicted + gold)]
    return np.stack(parts, axis=-1)


def micro(counts: np.ndarray) -> np.ndarray:
    """Scores of all types counted together: [..., T, 3] to [..., 3]."""
    return prf(counts.sum(axis=-2))


def macro(counts: np.ndarray) -> np.ndarray:
    """The true macro average: the plain mean of the scores of the types that occur in gold or prediction.

    counts (np.ndarray): [..., T, 3].
    RETURNS (np.ndarray): [..., 3]; the F1 is the mean of the F1 scores, not the F1 of the means.
    """
    occurs = counts[..., [PREDICTED, GOLD]].sum(axis=-1) > 0
    return _mean(prf(counts), occurs.astype(np.float64))


def weighted(counts: np.ndarray) -> np.ndarray:
    """The support-weighted average over types, which some publications print as "macro": [..., T, 3] to [..., 3]."""
    return _mean(prf(counts), counts[..., GOLD].astype(np.float64))


def accuracy(counts: np.ndarray) -> np.ndarray:
    """The share of annotated words with the right label: [..., 1, 3] to [...]."""
    total = counts.sum(axis=-2).astype(np.float64)
    return _ratio(total[..., CORRECT], total[..., GOLD])


def seqeval_scores(
    gold: Sequence[list[str]], predicted: Sequence[list[str]], mode: SeqevalMode = "strict"
) -> dict[str, Any]:
    """What the seqeval library says of two lists of tag sequences.

    gold, predicted (Sequence[list[str]]): BIO tags, a list a sentence or a document; both of the same lengths.
    mode (SeqevalMode): "strict" reads IOB2 (an "I-" that continues nothing is no entity); "default" reads as conlleval
        does (it opens one).
    RETURNS (dict[str, Any]): "micro", "macro", "weighted" and, in "types", each type: precision, recall, f1 and
        support; "accuracy": the share of words with the right tag, prefix included. 0 / 0 counts as 0.
    Source: Nakayama 2018, seqeval.
    """
    from seqeval.metrics import accuracy_score, classification_report
    from seqeval.scheme import IOB2

    zero: dict[str, Any] = {"precision": 0.0, "recall": 0.0, "f1": 0.0, "support": 0}
    found: dict[str, Any] = {"micro": zero, "macro": zero, "weighted": zero, "types": {}, "accuracy": 0.0}
    if any(gold):
        found["accuracy"] = float(accuracy_score(list(gold), list(predicted)))
    # seqeval fails where it reads no entity on either side; strict reading opens one at a "B-" alone.
    openers = "B" if mode == "strict" else "BI"
    if not any(tag[0] in openers for side in (gold, predicted) for tags in side for tag in tags):
        return found
    options: dict[str, Any] = {"mode": "strict", "scheme": IOB2} if mode == "strict" else {}
    report = classification_report(list(gold), list(predicted), output_dict=True, zero_division=0, **options)
    for name in ("micro", "macro", "weighted"):
        found[name] = _plain(report.pop(f"{name} avg"))
    found["types"] = {label: _plain(row) for label, row in sorted(report.items())}
    return found


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "precision": float(row["precision"]),
        "recall": float(row["recall"]),
        "f1": float(row["f1-score"]),
        "support": int(row["support"]),
    }


def _rows(one: Compared) -> tuple[Row, Row, Row, Row]:
    gold_edges, predicted_edges = ({span[:2] for span in side} for side in (one.gold, one.predicted))
    spans = _tally(
        [s.label for s in one.gold & one.predicted], [s.label for s in one.predicted], [s.label for s in one.gold]
    )
    boundary = _tally([""] * len(gold_edges & predicted_edges), [""] * len(predicted_edges), [""] * len(gold_edges))
    words = list(zip(one.gold_words, one.predicted_words, strict=True))
    inside = _tally(
        [g for g, p in words if g and g == p], filter(None, one.predicted_words), filter(None, one.gold_words)
    )
    right = _tally([""] * sum(g == p for g, p in words), [""] * len(words), [""] * len(words))
    return spans, boundary, inside, right


def _tally(correct: Iterable[str], predicted: Iterable[str], gold: Iterable[str]) -> Row:
    kinds = enumerate((correct, predicted, gold))
    return {(label, kind): number for kind, labels in kinds for label, number in Counter(labels).items()}


def _table(rows: dict[str, Row], labels: Sequence[str]) -> np.ndarray:
    column = {label: i for i, label in enumerate(labels)}
    table = np.zeros((len(rows), len(labels), 3), dtype=np.int64)
    for i, row in enumerate(rows.values()):
        for (label, kind), number in row.items():
            table[i, column[label], kind] = number
    return table


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)


def _mean(scores: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """[..., T, 3] scores under [..., T] weights; 0 where all weights are 0."""
    total = np.broadcast_to(weights.sum(axis=-1)[..., None], scores.shape[:-2] + scores.shape[-1:])
    return _ratio((scores * weights[..., None]).sum(axis=-2), total)
