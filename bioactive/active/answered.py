"""What has been answered of each text, so that a new ranking asks about the rest."""

from __future__ import annotations

from collections.abc import Iterable

from spacy.language import Language

from bioactive.annotate.tasks import Task, tokens_of
from bioactive.annotate.validation import has_place
from bioactive.prints import print_of

# Character ranges that were asked about; None for a whole text.
Asked = list[tuple[int, int]] | None


class Answered:
    """The words of texts that somebody has answered for, whatever the answer was.

    answers (Iterable[Task]): Answered tasks.
    """

    def __init__(self, answers: Iterable[Task] = ()) -> None:
        self._asked: dict[int, list[Asked]] = {}
        for answer in answers:
            self.add(answer)

    def __len__(self) -> int:
        return len(self._asked)

    def add(self, answer: Task) -> None:
        """Take note of one answer; one without a text says nothing."""
        text = answer.get("text")
        if isinstance(text, str):
            self._asked.setdefault(print_of(text), []).append(_ranges(answer))

    def times(self, text: str) -> int:
        """How many answers there are on a text."""
        return len(self._asked.get(print_of(text), ()))

    def rest(self, item: Task, nlp: Language, stretches: bool) -> Task | None:
        """What is left to ask about a text.

        item (Task): The text.
        nlp (Language): Its tokenizer is used.
        stretches (bool): Whether a part of a text may be asked about; else one answer settles it.
        RETURNS (Task | None): The item, with `tokens` of which the answered ones are `disabled`; None when nothing is.
        """
        ranges = self._asked.get(print_of(item["text"]))
        if ranges is None:
            return item
        if not stretches or any(part is None for part in ranges):
            return None
        given = item.get("tokens") or tokens_of(nlp.make_doc(item["text"]))
        done = {char for part in ranges for start, end in part or () for char in range(start, end)}
        tokens = [
            {**token, "disabled": True} if done.intersection(range(token["start"], token["end"])) else token
            for token in given
        ]
        if all(token.get("disabled") or not token["text"].strip() for token in tokens):
            return None
        return {**item, "tokens": tokens}


def _ranges(answer: Task) -> Asked:
    tokens = answer.get("tokens")
    # Whoever may answer may send anything. Where nobody can tell which words are meant, all of them are.
    if not isinstance(tokens, list) or not all(map(has_place, tokens)):
        return None
    if not any(token.get("disabled") for token in tokens):
        return None
    length = len(answer["text"])
    return [(token["start"], min(token["end"], length)) for token in tokens if not token.get("disabled")]
