from __future__ import annotations

import pytest
import spacy
from spacy.tokens import Doc, Span

from bioactive.errors import BioactiveError
from bioactive.simulation.metrics import METRICS, get_metric

VOCAB = spacy.blank("en").vocab


def typed(*types: str) -> Doc:
    """A Doc with a word an entity of each type; "" for none."""
    doc = Doc(VOCAB, words=["w"] * len(types))
    spans = [Span(doc, place, place + 1, label) for place, label in enumerate(types) if label]
    doc.set_ents(spans, default="outside")
    return doc


def test_right_metrics_count_each_mention():
    gold, found = [typed("DISO", "DISO", "CHEM", "AGE")], [typed("DISO", "CHEM", "CHEM", "AGE")]
    for name in ("strict", "accuracy"):
        assert get_metric(name)(gold, found) == pytest.approx({"p": 0.75, "r": 0.75, "f": 0.75})


def test_published_metric_merges_neighbours_of_one_type():
    # Gold is read as one entity over the two neighbours; half of it right is no entity right.
    found = get_metric("seqeval_without_prefixes")([typed("AGE", "AGE", "CHEM")], [typed("AGE", "CHEM", "CHEM")])
    assert (found["f"], found["a"]) == (0.0, pytest.approx(2 / 3))


def test_published_metric_does_not_see_types_that_begin_with_o():
    found = get_metric("seqeval_without_prefixes")([typed("ORGANIZATION", "AGE")], [typed("AGE", "AGE")])
    assert found["r"] == 0.0  # AGE over two words
    found = get_metric("seqeval_without_prefixes")([typed("ORGANIZATION", "AGE")], [typed("ORG", "AGE")])
    assert found["f"] == 1.0 and found["a"] == 0.5


@pytest.mark.parametrize("name", METRICS)
def test_right_answers_have_all(name):
    gold = [typed("AGE", "DISO"), typed("CHEM")]
    found = get_metric(name)(gold, gold)
    assert (found["p"], found["r"], found["f"]) == (1.0, 1.0, 1.0)


def test_unknown_metric_is_an_error():
    with pytest.raises(BioactiveError, match=r"B543.*strict, accuracy"):
        get_metric("f2")
