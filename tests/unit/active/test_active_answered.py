"""What is left to ask about a text."""

from __future__ import annotations

from typing import Any

import pytest
import spacy

from bioactive.active.answered import Answered
from bioactive.annotate.tasks import add_tokens

NLP = spacy.blank("en")
TEXT = "one two three four five"


def answer(*asked: int, **more: Any) -> dict[str, Any]:
    """An answer about some words; about all without any."""
    (task,) = add_tokens(NLP, [{"text": TEXT}])
    for token in task["tokens"]:
        if asked and token["id"] not in asked:
            token["disabled"] = True
    return {**task, "answer": "accept", **more}


def free(answered: Answered, stretches: bool = True) -> list[str] | None:
    left = answered.rest({"text": TEXT}, NLP, stretches)
    if left is None:
        return None
    return [token["text"] for token in left.get("tokens", answer()["tokens"]) if not token.get("disabled")]


def test_answered_words_are_not_asked_about_again() -> None:
    assert free(Answered()) == TEXT.split()
    assert free(Answered([answer(1, 2)])) == ["one", "four", "five"]
    answered = Answered([answer(1, 2), answer(0), answer(3, 4, answer="ignore")])
    assert free(answered) is None
    assert (answered.times(TEXT), answered.times("other"), len(answered)) == (3, 0, 1)


def test_text_that_was_answered_whole_is_settled() -> None:
    assert free(Answered([answer(1), answer()])) is None
    assert free(Answered([answer(1)]), stretches=False) is None
    assert free(Answered([{"html": "<b>", "answer": "accept"}])) == TEXT.split()


def test_answers_on_other_tokens_count_by_their_characters() -> None:
    tokens = [{"text": "one two", "start": 0, "end": 7, "id": 0}, {"text": TEXT[8:], "start": 8, "end": 23, "id": 1}]
    tokens[1]["disabled"] = True
    assert free(Answered([{"text": TEXT, "tokens": tokens, "answer": "accept"}])) == ["three", "four", "five"]


@pytest.mark.parametrize(
    "tokens",
    [5, {"a": 1}, ["disabled"], [5], [{"text": "one", "disabled": True}, {"text": "two"}], [{"start": "x", "end": 3}]],
)
def test_answer_with_tokens_that_are_none_counts_for_the_whole_text(tokens: Any) -> None:
    assert free(Answered([{"text": TEXT, "tokens": tokens, "answer": "accept"}])) is None


def test_answer_about_words_beyond_the_text_asks_for_no_memory() -> None:
    tokens = [{"start": 0, "end": 3, "disabled": True}, {"start": 4, "end": 1 << 60}]
    assert free(Answered([{"text": TEXT, "tokens": tokens, "answer": "accept"}])) == ["one"]
