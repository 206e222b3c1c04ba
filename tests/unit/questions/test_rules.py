"""Questions by rule, from sentences that were parsed by hand, and from the real parser where it is installed."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from bioactive.questions.generate import Report, generate
from bioactive.questions.pairs import NO, YES
from bioactive.questions.rules import Made, clause_of, questions_of
from bioactive.questions.syntax import Sentence, Word, subtree

FINITE = {"VerbForm": "Fin", "Mood": "Ind"}
NOMINATIVE, ACCUSATIVE = ({"Case": case, "Number": "Sing", "Gender": "Masc"} for case in ("Nom", "Acc"))


def sentence(*rows: tuple[str, int, str, str, dict[str, str]]) -> Sentence:
    """Words with head, relation, part of speech and features; a space after each but before a mark."""
    after = [*(row[0] for row in rows[1:]), "."]
    return tuple(Word(row[0], following not in ".,", *row[1:]) for row, following in zip(rows, after, strict=True))


# "При гипертонии препарат быстро снижает тонус."
STATEMENT = sentence(
    ("При", 1, "case", "ADP", {}),
    ("гипертонии", 4, "obl", "NOUN", {"Case": "Loc", "Number": "Sing", "Gender": "Fem"}),
    ("препарат", 4, "nsubj", "NOUN", NOMINATIVE),
    ("обычно", 4, "advmod", "ADV", {}),
    ("снижает", -1, "root", "VERB", FINITE),
    ("тонус", 4, "obj", "NOUN", ACCUSATIVE),
    (".", 4, "punct", "PUNCT", {}),
)


def replaced(at: int, **changes: object) -> Sentence:
    return tuple(word._replace(**changes) if i == at else word for i, word in enumerate(STATEMENT))


def made_of(parsed: Sentence) -> list[Made]:
    clause = clause_of(parsed)
    assert clause is not None
    return list(questions_of(clause, random.Random(0)))


def test_statement_gives_questions_of_each_kind() -> None:
    rules = {one.rule: one for one in made_of(STATEMENT)}
    assert rules["particle"] == Made("Снижает ли препарат при гипертонии обычно тонус?", YES, "particle")
    assert rules["statement"].question == "При гипертонии препарат обычно снижает тонус?"
    assert rules["that"].question == "Верно ли, что при гипертонии препарат обычно снижает тонус?"
    assert "не снижает тонус?" in rules["denied"].question
    assert "повышает" in rules["opposite"].question.lower()
    assert "всегда" in rules["always"].question
    assert all(rules[rule].label == NO for rule in ("denied", "opposite", "always"))


def test_denied_statement_asks_for_what_it_denies() -> None:
    first, last = STATEMENT[:4], STATEMENT[4:]
    shifted = [word._replace(head=5 if word.head == 4 else word.head) for word in (*first, *last)]
    denied = (*shifted[:4], Word("не", True, 5, "advmod", "PART", {}), *shifted[4:])
    rules = {one.rule: one for one in made_of(denied)}
    assert rules["denied statement, that"].label == YES
    assert "не снижает" in rules["denied statement, that"].question
    assert rules["denial left out"].label == NO
    assert " не " not in rules["denial left out"].question


@pytest.mark.parametrize(
    "bad",
    [
        replaced(2, text="он"),
        replaced(2, rel="obl"),
        replaced(0, text="Если"),
        replaced(4, feats={"VerbForm": "Inf"}),
        replaced(6, text="?"),
        replaced(5, text="тонус)"),
        STATEMENT[:1],
    ],
    ids=["leans on another", "no subject", "condition", "no finite verb", "a question", "broken", "one word"],
)
def test_sentence_that_cannot_be_asked_about_is_left_out(bad: Sentence) -> None:
    assert clause_of(bad) is None


def test_subtree_holds_what_hangs_on_a_word() -> None:
    assert subtree(STATEMENT, 1) == {0, 1}
    assert subtree(STATEMENT, 4) == set(range(7))


def test_answers_are_even_for_each_passage_and_seed_decides() -> None:
    def parse(text: str) -> list[Sentence]:
        return [STATEMENT]

    report = Report()
    made = list(generate(["a", "b"], parse, each=2, seed=3, report=report))
    assert Counter((one.passage, one.label) for one in made) == {(p, a): 2 for p in "ab" for a in (YES, NO)}
    assert (report.sentences, report.clauses, report.made.total()) == (2, 2, len(made))
    assert made == list(generate(["a", "b"], parse, each=2, seed=3))


def test_real_parser_gives_a_clean_question() -> None:
    pytest.importorskip("slovnet")
    from bioactive.questions.syntax import Parser

    text = "Инфекция передаётся от кошек. Он растёт. При тахикардии препарат обычно повышает тонус сосудов."
    made = {one.question for one in generate([text], Parser(), each=9)}
    assert "Передаётся ли инфекция от кошек?" in made
    assert "Верно ли, что инфекция не передаётся от кошек?" in made or "Инфекция не передаётся от кошек?" in made
    assert not any("растёт" in question for question in made)
