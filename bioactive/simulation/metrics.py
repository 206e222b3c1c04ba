"""How the predictions of a round are scored: strictly, or as published systems did, to be compared with."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from spacy.tokens import Doc

from bioactive.errors import error
from bioactive.evaluation.pairs import compare
from bioactive.evaluation.scores import count, micro

Scores = dict[str, float]
Metric = Callable[[Sequence[Doc], Sequence[Doc]], Scores]


def get_metric(name: str) -> Metric:
    """A metric by its name.

    name (str): One of `METRICS`.
    RETURNS (Metric): From gold and predicted Docs to precision "p", recall "r" and "f", in [0, 1].
    RAISES (BioactiveError): B543 when there is none of this name.
    """
    if name not in METRICS:
        raise error("B543", name=name, known=", ".join(METRICS))
    return METRICS[name]


def strict(golds: Sequence[Doc], predicted: Sequence[Doc]) -> Scores:
    """Micro scores of entities with both bounds and the type right."""
    counts = count(compare(gold, doc) for gold, doc in zip(golds, predicted, strict=True))
    precision, recall, f1 = micro(counts.spans.sum(axis=0)).tolist()
    return {"p": precision, "r": recall, "f": f1}


def without_prefixes(golds: Sequence[Doc], predicted: Sequence[Doc]) -> Scores:
    """seqeval on tags that are bare types: a published mistake in the scoring of entity typing.

    seqeval takes the first letter for a prefix: "DISO" is read as D of type ISO, neighbours of one type merge, and
    types that begin with O count as outside. `a`, the accuracy of words, is not touched by that.
    """
    import warnings

    from seqeval.metrics import accuracy_score, f1_score, precision_score, recall_score

    told, found = ([[token.ent_type_ or "O" for token in doc] for doc in docs] for docs in (golds, predicted))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of each tag without a prefix
        p, r, f = (score(told, found, zero_division=0) for score in (precision_score, recall_score, f1_score))
    return {"p": float(p), "r": float(r), "f": float(f), "a": float(accuracy_score(told, found))}


def words_right(golds: Sequence[Doc], predicted: Sequence[Doc]) -> Scores:
    """The share of words with the right type: accuracy, which with a type for each word is also micro F1."""
    pairs = [
        (one.ent_type_, other.ent_type_)
        for gold, doc in zip(golds, predicted, strict=True)
        for one, other in zip(gold, doc, strict=True)
    ]
    share = sum(one == other for one, other in pairs) / max(1, len(pairs))
    return {"p": share, "r": share, "f": share}


METRICS: dict[str, Metric] = {
    "strict": strict,
    "accuracy": words_right,
    "seqeval_without_prefixes": without_prefixes,
}
