"""Questions from files: what is read, what is refused, and pairs as one text and back."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from bioactive.corpus.binfile import read_docs
from bioactive.corpus.splits import split_shares
from bioactive.corpus.tally import Tally
from bioactive.errors import BioactiveError
from bioactive.questions.convert import convert
from bioactive.questions.pairs import (
    Pair,
    oversampled,
    pair_text,
    read_pairs,
    read_passages,
    split_doc,
    split_text,
    to_doc,
    to_docs,
)
from bioactive.tokenizer import blank

QUESTION, PASSAGE = "Снижает ли аспирин температуру?", "Аспирин снижает температуру тела (на 1-2 °C)."


def write(path: Path, *rows: Any, end: str = "\n") -> Path:
    path.write_bytes("".join(json.dumps(row, ensure_ascii=False) + end for row in rows).encode())
    return path


def row(question: str = QUESTION, label: Any = True, passage: str = PASSAGE) -> dict[str, Any]:
    return {"question": question, "passage": passage, "label": label}


@pytest.mark.parametrize(("label", "found"), [(True, "yes"), ("нет", "no"), ("Да", "yes"), (0, "no"), ("no", "no")])
def test_answers_are_read_in_each_spelling(tmp_path: Path, label: Any, found: str) -> None:
    path = write(tmp_path / "a.jsonl", row(label=label), end="\r\n")
    assert list(read_pairs(path)) == [Pair(QUESTION, PASSAGE, found, 1)]


def test_context_and_answer_are_names_too(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", {"question": QUESTION, "context": PASSAGE, "answer": "нет"})
    assert list(read_pairs(path)) == [Pair(QUESTION, PASSAGE, "no", 1)]


@pytest.mark.parametrize("bad", [{"question": QUESTION}, {"passage": PASSAGE}, row(passage=" "), row(question="")])
def test_half_a_pair_is_refused_with_its_line(tmp_path: Path, bad: dict[str, Any]) -> None:
    path = write(tmp_path / "a.jsonl", row(), bad)
    with pytest.raises(BioactiveError, match=rf"B720.*{path.name}:2: ") as found:
        list(read_pairs(path))
    assert found.value.code == "B720"


def test_splits_keep_the_questions_about_a_passage_together(tmp_path: Path) -> None:
    rows = [row(question=f"{QUESTION} {n}", passage=f"{PASSAGE} {n % 7}.") for n in range(40)]
    docs = list(to_docs(read_pairs(write(tmp_path / "a.jsonl", *rows)), blank("ru").tokenizer))
    parts = split_shares(docs, 0.3, 0.0)
    passages = [{split_doc(doc)[1].text for doc in parts[name]} for name in ("train", "dev")]
    assert [len(part) for part in passages] == [5, 2] and not passages[0] & passages[1]


def test_unknown_answer_is_refused_with_its_line(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", row(label="maybe"))
    with pytest.raises(BioactiveError, match=r"B721.*:1: the answer 'maybe'"):
        list(read_pairs(path))


def test_line_that_is_no_object_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BioactiveError, match=r"B118.*:2: "):
        list(read_pairs(write(tmp_path / "a.jsonl", row(), [1])))


def test_missing_class_is_refused_with_lines(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", row(), row(question="Вреден ли аспирин?"))
    with pytest.raises(BioactiveError, match=r"B723.*a\.jsonl:1: of 2 questions to line 2 none has the answer no"):
        convert([path], tmp_path / "a.spacy")


def test_question_without_answer_is_for_a_pool_only(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", row(), {"question": "Вреден ли аспирин?", "passage": PASSAGE})
    with pytest.raises(BioactiveError, match=r"B722.*:2: "):
        convert([path], tmp_path / "a.spacy")
    assert convert([path], tmp_path / "pool.jsonl").written == 2
    last = json.loads((tmp_path / "pool.jsonl").read_text(encoding="utf8").splitlines()[-1])
    assert last == {"text": pair_text("Вреден ли аспирин?", PASSAGE)}


def test_unknown_balance_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BioactiveError, match="B725"):
        convert([write(tmp_path / "a.jsonl", row())], tmp_path / "a.spacy", balance="magic")


def test_repeats_and_stress_marks_are_counted(tmp_path: Path) -> None:
    tally = Tally()
    rows = [row(), row(), row(label=False), row(passage="Вене\u0301ра й ё")]
    pairs = list(read_pairs(write(tmp_path / "a.jsonl", *rows), tally))
    assert [pair.passage for pair in pairs] == [PASSAGE, "Венера й ё"]
    assert tally.counts == {
        "repeated pairs left out": 1,
        "repeated pairs left out, with another answer": 1,
        "texts with stress marks taken out": 1,
    }


def test_passages_come_once(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", row(), row(question="Другой?"), {"text": "Третий."})
    assert list(read_passages(path)) == [PASSAGE, "Третий."]


def test_texts_come_apart_as_they_were_put_together() -> None:
    assert split_text(pair_text(QUESTION, PASSAGE)) == (QUESTION, PASSAGE)


@pytest.mark.parametrize("text", ["", "Только вопрос?", " [SEP] Только текст.", "Вопрос? [SEP] "])
def test_text_that_is_no_pair_is_refused(text: str) -> None:
    with pytest.raises(BioactiveError, match="B724"):
        split_text(text)


def test_doc_comes_apart_with_all_of_its_words() -> None:
    doc = to_doc(Pair(QUESTION, PASSAGE, "no", 1), blank("ru").tokenizer)
    question, passage = split_doc(doc)
    assert (question.text, passage.text) == (QUESTION, PASSAGE)
    assert len(question) + len(passage) < len(doc)
    assert doc.cats == {"yes": 0.0, "no": 1.0}


def test_oversampling_keeps_all_and_evens_out() -> None:
    pairs = [Pair(f"q{i}", "p", "yes" if i < 7 else "no", i) for i in range(10)]
    made = oversampled(pairs, seed=1)
    counts = Counter(made)
    assert Counter(pair.label for pair in made) == {"yes": 7, "no": 7}
    assert set(counts) == set(pairs)
    assert {counts[pair] for pair in pairs if pair.label == "no"} == {2, 3}
    assert oversampled(pairs, seed=1) == made


def test_files_are_joined_and_written(tmp_path: Path) -> None:
    one = write(tmp_path / "a.jsonl", row(), row(question="Два?", label=False))
    two = write(tmp_path / "b.jsonl", row(question="Три?"), row(question="Четыре?"), row(question="Пять?", label=False))
    summary = convert([one, two], tmp_path / "out" / "all.spacy", balance="sample")
    docs = list(read_docs(tmp_path / "out" / "all.spacy", blank("ru").vocab))
    assert summary.written == len(docs) == 6
    assert summary.answers[two] == {"yes": 2, "no": 1}
