"""Kinds of errors, confusion and groups, on cases worked by hand."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bioactive.evaluation.pairs import CharSpan, Compared
from bioactive.report.breakdown import FREQUENCIES, LENGTHS, OTHERWISE, SEEN, UNSEEN, Mentions, by_length, groups
from bioactive.report.cases import (
    BOTH,
    EDGES,
    KINDS,
    MADE_UP,
    MISSED,
    NONE,
    TYPE,
    Case,
    collect,
    confusion,
    edge_errors,
    mistakes,
)

TEXT = "aspirin and ibuprofen help with gout and severe asthma . metformin too"


def kinds(case: Case) -> list[tuple[str, str, str]]:
    def words(span: CharSpan | None) -> str:
        return case.text[span.start : span.end] if span else ""

    return sorted((each.kind, words(each.gold), words(each.predicted)) for each in mistakes(case))


def test_each_kind_of_error_is_told_apart(nlp, gold):
    doc = gold(
        TEXT,
        [(0, 1, "DRUG"), (2, 3, "DRUG"), (5, 6, "ILL"), (7, 9, "ILL"), (10, 11, "DRUG")],
        [(0, 1, "DRUG", 0.9), (2, 3, "ILL", 0.8), (3, 4, "ILL", 0.7), (8, 9, "ILL", 0.6), (10, 12, "ILL", 0.5)],
    )
    (case,) = collect(nlp, [doc])
    assert kinds(case) == sorted(
        [
            (TYPE, "ibuprofen", "ibuprofen"),
            (MADE_UP, "", "help"),
            (MISSED, "gout", ""),
            (EDGES, "severe asthma", "asthma"),
            (BOTH, "metformin", "metformin too"),
        ]
    )
    assert {each.kind: each.confidence for each in mistakes(case)}[MADE_UP] == pytest.approx(0.7)
    assert confusion([case]) == {
        ("DRUG", "DRUG"): 1,
        ("DRUG", "ILL"): 2,
        ("ILL", NONE): 1,
        (NONE, "ILL"): 1,
        ("ILL", "ILL"): 1,
    }
    assert edge_errors(mistakes(case)) == {"start late, end right": 1, "start right, end late": 1}


def test_entity_cut_in_two_is_paired_with_the_larger_piece(nlp, gold):
    doc = gold("severe chronic asthma", [(0, 3, "ILL")], [(0, 1, "ILL", 0.5), (1, 3, "ILL", 0.6)])
    (case,) = collect(nlp, [doc])
    found = [(EDGES, "severe chronic asthma", "chronic asthma"), (MADE_UP, "", "severe")]
    assert kinds(case) == sorted(found)


spans = st.builds(
    lambda start, length, label: CharSpan(start, start + length, label),
    st.integers(0, 20),
    st.integers(1, 6),
    st.sampled_from("AB"),
)


@given(st.sets(spans, max_size=6), st.sets(spans, max_size=6))
def test_every_entity_is_right_or_in_one_error(ours, theirs):
    case = Case(Compared(gold=ours, predicted=theirs), "x" * 30)
    found = list(mistakes(case))
    right = ours & theirs
    assert sorted(each.gold for each in found if each.gold) == sorted(ours - right)
    assert sorted(each.predicted for each in found if each.predicted) == sorted(theirs - right)
    assert {each.kind for each in found} <= set(KINDS)
    for each in found:
        if each.gold and each.predicted:
            assert each.gold.start < each.predicted.end and each.predicted.start < each.gold.end
    assert sum(confusion([case]).values()) == len(right) + len(found)


def test_groups_count_what_was_seen_and_how_often(nlp, gold):
    train = [gold("Aspirin for gout", [(0, 1, "DRUG"), (2, 3, "ILL")], []) for _ in range(3)]
    train.append(gold("metformin", [(0, 1, "ILL")], []))
    doc = gold(TEXT, [(0, 1, "DRUG"), (2, 3, "DRUG"), (10, 11, "DRUG")], [(0, 1, "DRUG", 0.9), (5, 6, "ILL", 0.4)])
    cases, seen = collect(nlp, [doc]), Mentions(train)
    found = groups(cases, seen.kind, (SEEN, OTHERWISE, UNSEEN))
    assert {name: (one.gold, one.predicted, one.correct) for name, one in found.items()} == {
        SEEN: (1, 2, 1),
        OTHERWISE: (1, 0, 0),
        UNSEEN: (1, 0, 0),
    }
    assert found[SEEN].f1.value == pytest.approx(2 / 3)
    times = groups(cases, seen.frequency, FREQUENCIES.values())
    assert {name: one.gold for name, one in times.items()} == {"0": 2, "2 to 4": 1}


def test_groups_add_up_and_resample_documents(nlp, gold):
    docs = [
        gold(f"number {n} severe asthma", [(2, 4, "ILL")], [(2, 4, "ILL", 0.5)] if n % 2 else [], doc_id=f"d{n // 4}")
        for n in range(40)
    ]
    found = groups(collect(nlp, docs), by_length, LENGTHS.values())
    assert set(found) == {"2 words"}
    # Each document holds two right ones of four, so that no draw of documents changes anything.
    assert tuple(found["2 words"].recall) == (0.5, 0.5, 0.5)
    assert found["2 words"].gold == 40


def test_words_without_annotation_make_no_error(nlp, gold):
    doc = gold(TEXT, [], [(0, 1, "DRUG", 0.9)])
    doc.set_ents([], missing=[doc[0:2]], default="outside")
    (case,) = collect(nlp, [doc])
    assert not list(mistakes(case)) and case.compared.ignored == 1


def test_pipeline_without_confidences_and_empty_docs_are_taken(nlp, gold):
    empty = gold("", [], [])
    cases = collect(nlp, [empty, gold("gout", [(0, 1, "ILL")], [])])
    assert [len(case.compared.gold) for case in cases] == [0, 1]
    assert Counter(each.kind for case in cases for each in mistakes(case)) == {MISSED: 1}
