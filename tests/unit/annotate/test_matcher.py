"""Patterns as scored tasks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import spacy

from bioactive.annotate.matcher import PatternMatcher
from bioactive.errors import BioactiveError

PATTERNS = [
    {"label": "DRUG", "pattern": "aspirin"},
    {"label": "DRUG", "pattern": [{"lower": "acetylsalicylic"}, {"lower": "acid"}]},
    {"label": "DISEASE", "pattern": [{"lower": "acid"}, {"lower": "reflux"}]},
]
TEXT = "Acetylsalicylic acid reflux and aspirin."


def make(**options: object) -> PatternMatcher:
    matcher = PatternMatcher(spacy.blank("en"), **options)  # type: ignore[arg-type]
    matcher.add_patterns(PATTERNS)
    return matcher


def found(matcher: PatternMatcher, *texts: str) -> list[list[tuple[str, str | None]]]:
    tasks = [task for _, task in matcher([{"text": text} for text in texts])]
    return [[(task["text"][s["start"] : s["end"]], s.get("label")) for s in task["spans"]] for task in tasks]


def test_matcher_gives_one_task_for_each_match() -> None:
    assert found(make(), TEXT, "Nothing.") == [
        [("Acetylsalicylic acid", "DRUG")],
        [("acid reflux", "DISEASE")],
        [("aspirin", "DRUG")],
    ]


def test_matcher_combines_matches_that_do_not_overlap() -> None:
    assert found(make(combine_matches=True), TEXT) == [[("Acetylsalicylic acid", "DRUG"), ("aspirin", "DRUG")]]
    assert len(found(make(combine_matches=True, allow_overlap=True), TEXT)[0]) == 3


def test_matcher_gives_all_examples_when_asked() -> None:
    assert found(make(all_examples=True), "Nothing.", "aspirin") == [[], [("aspirin", "DRUG")]]


def test_matcher_labels_tasks_by_label() -> None:
    matcher = make(label_span=False, label_task=True, combine_matches=True, allow_overlap=True)
    tasks = [task for _, task in matcher([{"text": TEXT}])]
    assert [task["label"] for task in tasks] == ["DRUG", "DISEASE"]
    assert all("label" not in span for task in tasks for span in task["spans"])
    assert len({task["_task_hash"] for task in tasks}) == 2 and len({task["_input_hash"] for task in tasks}) == 1


def test_matcher_counts_answers_from_its_prior() -> None:
    matcher = make(prior_correct=5.0, prior_incorrect=1.0)
    (score, task), *_ = matcher([{"text": "aspirin"}])
    assert score == pytest.approx(5 / 6)
    matcher.update([{**task, "answer": "reject"}, {**task, "answer": "ignore"}, {**task, "answer": "reject"}])
    ((score, _),) = matcher([{"text": "aspirin"}])
    assert score == pytest.approx(5 / 8)
    ((other, _),) = matcher([{"text": "acetylsalicylic acid"}])
    assert other == pytest.approx(5 / 6)


def test_matcher_leaves_out_other_labels() -> None:
    assert found(make(filter_labels=["DISEASE"]), TEXT) == [[("acid reflux", "DISEASE")]]


def test_matcher_runs_the_pipeline_only_for_patterns_that_need_it() -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "X", "pattern": "aspirin"}])  # type: ignore[attr-defined]
    matcher = PatternMatcher(nlp)
    matcher.add_patterns([{"label": "SEEN", "pattern": [{"ENT_TYPE": "X"}]}])
    assert found(matcher, "Take aspirin.") == [[("aspirin", "SEEN")]]


def test_matcher_reads_and_writes_files(tmp_path: Path) -> None:
    path = tmp_path / "patterns.jsonl"
    path.write_text("".join(json.dumps(entry) + "\n" for entry in PATTERNS), encoding="utf-8")
    matcher = PatternMatcher(spacy.blank("en"))
    assert matcher.from_disk(path) is matcher
    matcher.to_disk(tmp_path / "copy.jsonl")
    again = PatternMatcher(spacy.blank("en")).from_disk(tmp_path / "copy.jsonl")
    assert found(again, TEXT) == found(matcher, TEXT)
    assert [p.id for p in again.patterns.values()] == [1, 2, 3]


@pytest.mark.parametrize(
    "line", ["{", '{"label": "A"}', '{"label": "A", "pattern": []}', '{"label": "A", "pattern": [{"nonsense": 1}]}']
)
def test_matcher_names_the_line_that_is_no_pattern(tmp_path: Path, line: str) -> None:
    path = tmp_path / "patterns.jsonl"
    path.write_text('{"label": "A", "pattern": "x"}\n' + line + "\n", encoding="utf-8")
    with pytest.raises(BioactiveError, match=r"B601.*patterns.jsonl, pattern 2"):
        PatternMatcher(spacy.blank("en")).from_disk(path)


def test_matcher_gives_offsets_in_code_points() -> None:
    assert found(make(), "😀 aspirin") == [[("aspirin", "DRUG")]]
