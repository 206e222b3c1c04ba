"""Agreement against published examples, scikit-learn and cases worked by hand."""

from __future__ import annotations

import random
from typing import Any

import pytest
from sklearn.metrics import cohen_kappa_score

from bioactive.annotate.agreement import (
    Agreement,
    agreement,
    agreement_by_label,
    binary_units,
    doc_units,
    span_agreement,
)
from bioactive.annotate.tasks import set_hashes


def units_of(*rows: str) -> list[dict[str, str]]:
    """Units from one row an annotator, one character a unit; "." is no answer."""
    return [{str(who): row[unit] for who, row in enumerate(rows) if row[unit] != "."} for unit in range(len(rows[0]))]


def test_alpha_of_krippendorffs_example() -> None:
    # Three coders, fifteen units, missing values, nominal: 0.691 (the example of the article on his alpha).
    rows = (".....34121133.3", "1.213343.......", "..21344.21133.4")
    assert agreement(units_of(*rows)).alpha == pytest.approx(0.691, abs=0.0005)


def test_fleiss_of_his_example() -> None:
    # Fleiss 1971 as retold in many places: 10 subjects, 14 raters, 5 categories; kappa 0.210.
    table = [
        [0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1],
        [7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7],
    ]  # fmt: skip
    units = []
    for row in table:
        answers = [category for category, times in enumerate(row) for _ in range(times)]
        units.append({str(who): answer for who, answer in enumerate(answers)})
    found = agreement(units)
    assert found.fleiss == pytest.approx(0.210, abs=0.0005)
    assert found.observed == pytest.approx(0.378, abs=0.0005)


def test_cohen_equals_scikit_learn() -> None:
    rng = random.Random(3)
    one = [rng.choice("abc") for _ in range(60)]
    other = [value if rng.random() < 0.6 else rng.choice("abc") for value in one]
    found = agreement(units_of("".join(one), "".join(other)))
    assert found.cohen == pytest.approx(cohen_kappa_score(one, other))


def test_alpha_and_gwet_of_a_case_by_hand() -> None:
    # Two annotators, four units: a a, a a, b b, a b. Observed 3/4.
    found = agreement(units_of("aaba", "aabb"))
    # Alpha: 8 values, 5 a and 3 b; expected disagreement 2 * 5 * 3 / (8 * 7); observed disagreement 1/4.
    assert found.alpha == pytest.approx(1 - 0.25 / (30 / 56))
    # Gwet: shares 5/8 and 3/8; by chance 2 * (5/8) * (3/8) / (2 - 1).
    chance = 2 * 5 / 8 * 3 / 8
    assert found.gwet == pytest.approx((0.75 - chance) / (1 - chance))


def test_full_agreement_and_none() -> None:
    found = agreement(units_of("abab", "abab", "ab.."))
    assert (found.observed, found.cohen, found.fleiss, found.alpha, found.gwet) == (1, 1, 1, 1, 1)
    assert agreement(units_of("ab", "..")) == Agreement()
    assert agreement(units_of("aa", "aa")).alpha is None


def test_label_is_compared_with_all_others() -> None:
    found = agreement_by_label(units_of("abc", "abb"))
    assert found["a"].observed == 1
    assert found["c"].observed == pytest.approx(2 / 3)


def answer(text: str, who: str, **more: Any) -> dict[str, Any]:
    return {**set_hashes({"text": text}), "answer": "accept", "_session_id": who, **more}


def span(start: int, end: int, label: str) -> dict[str, Any]:
    return {"start": start, "end": end, "label": label}


def test_spans_are_compared_pair_by_pair() -> None:
    tokens = [{"text": "aa", "start": 0, "end": 2}, {"text": "bb", "start": 3, "end": 5, "disabled": True}]
    found = span_agreement(
        [
            answer("aa bb", "anna", spans=[span(0, 2, "X"), span(3, 5, "Y")], tokens=tokens),
            answer("aa bb", "ben", spans=[span(0, 2, "X"), span(3, 4, "Y")], tokens=tokens),
            answer("alone", "ben", spans=[span(0, 5, "X")]),
            answer("aa bb", "carl", spans=[], tokens=tokens) | {"answer": "ignore"},
        ]
    )
    assert (found.texts, found.f1) == (1, {"": 0.5, "X": 1.0, "Y": 0.0})
    assert found.spans == {"": 4, "X": 2, "Y": 2}
    assert found.pairs == {("anna", "ben"): 0.5}
    assert found.words.units == 1


@pytest.mark.parametrize(
    "broken",
    [
        {"spans": [{"start": 0}]},
        {"spans": ["aa"]},
        {"spans": [{"start": 0, "end": 99, "label": "X"}]},
        {"tokens": [{"text": "aa"}]},
        {"tokens": [{"text": "aa", "start": "0", "end": 2}]},
    ],
)
def test_answers_that_cannot_be_read_are_counted(broken: dict[str, Any]) -> None:
    found = span_agreement(
        [
            answer("aa bb", "anna", spans=[span(0, 2, "X")]),
            answer("aa bb", "ben", spans=[span(0, 2, "X")]),
            answer("aa bb", "carl", **broken),
        ]
    )
    assert (found.texts, found.left_out, found.pairs) == (1, 1, {("anna", "ben"): 1.0})


def test_units_of_answers() -> None:
    examples = [
        answer("a", "anna", accept=["x", "y"]),
        answer("a", "ben", accept=["y", "x"]),
        answer("b", "anna", accept=[]),
        answer("b", "ben", label="z"),
        {**answer("b", "carl"), "answer": "reject"},
    ]
    assert doc_units(examples) == [{"anna": "x+y", "ben": "x+y"}, {"anna": "O", "ben": "z"}]
    assert binary_units(examples)[1] == {"anna": "accept", "ben": "accept", "carl": "reject"}
