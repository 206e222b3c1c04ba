"""A language model as a source of labels."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property, partial

from spacy.tokens import Doc

from ..blocks import blocks
from ..corpus.align import CharSpan
from ..corpus.tally import Tally
from ..errors import error
from .chat import Chat, OverBudget, Unanswered
from .prompt import AGAIN, choose_shots, locate, messages_for, read_answer

NOT_JSON = "replies without the JSON asked for"
NOT_ASKED = "texts not asked about, as the budget is spent"
NO_REPLY = "texts without a reply after all tries"
# So many texts in a row without a reply: the server is down.
GIVE_UP_AFTER = 3
WINDOW = 8

Answer = tuple[list[CharSpan] | None, Tally]


@dataclass
class LLMSource:
    """Asks a model about each text.

    chat (Chat): How to ask.
    definitions (Mapping[str, str]): What each label means.
    expert (Sequence[Doc]): Annotated Docs to take examples from; never the one that is asked about.
    shots (int): Examples in the prompt.
    seed (int): Chooses among equally good examples.
    jobs (int): Questions at a time.
    """

    chat: Chat
    definitions: Mapping[str, str]
    expert: Sequence[Doc] = ()
    shots: int = 0
    seed: int = 0
    jobs: int = 1
    _silent: int = field(default=0, init=False)

    @property
    def name(self) -> str:
        """The model."""
        return f"llm:{self.chat.options.model}"

    @cached_property
    def version(self) -> str:
        """SHA-256 of the prompt around the text, and of the settings of the model."""
        options = self.chat.options
        told = [messages_for("", self.definitions, self._examples), options.max_tokens, options.temperature]
        return hashlib.sha256(json.dumps(told).encode("ascii")).hexdigest()

    @cached_property
    def _examples(self) -> list[Doc]:
        return self._shots_for("")

    def _shots_for(self, text: str) -> list[Doc]:
        """The examples for a text, which is none of them."""
        others = [doc for doc in self.expert if doc.text != text] if self.shots else []
        return choose_shots(others, list(self.definitions), self.shots, self.seed)

    def spans(self, docs: Iterable[Doc], tally: Tally) -> Iterator[list[CharSpan] | None]:
        """See `Source.spans`.

        RAISES (BioactiveError): B559 when one text after the other gets no reply; the answers so far are in the cache.
        """
        answered = partial(self._answered, self._examples)
        pool = ThreadPoolExecutor(max(1, self.jobs))
        try:
            for block in blocks(docs, max(1, self.jobs) * WINDOW):
                for found, own in pool.map(answered, [doc.text for doc in block]):
                    tally.update(own)
                    self._watch(own)
                    yield found
        finally:
            # After an error nothing more is asked.
            pool.shutdown(cancel_futures=True)

    def _watch(self, own: Tally) -> None:
        self._silent = self._silent + 1 if own.counts[NO_REPLY] else 0
        if self._silent >= GIVE_UP_AFTER:
            raise error("B559", url=self.chat.options.url, texts=self._silent, tries=self.chat.options.retries + 1)

    def _answered(self, examples: Sequence[Doc], text: str) -> Answer:
        """The entities of a text, and what was left out on the way."""
        tally = Tally()
        if not text.strip():
            return [], tally
        try:
            answer = self._asked(examples, text, tally)
        except OverBudget:
            tally.add(NOT_ASKED, text[:60])
            return None, tally
        except Unanswered:
            tally.add(NO_REPLY, text[:60])
            return None, tally
        return (None if answer is None else locate(text, answer, list(self.definitions), tally)), tally

    def _asked(self, examples: Sequence[Doc], text: str, tally: Tally) -> list[object] | None:
        """The model's list of entities; a reply that is none is asked for again, once."""
        shots = self._shots_for(text) if any(doc.text == text for doc in examples) else examples
        messages = messages_for(text, self.definitions, shots)
        reply = self.chat.ask(messages)
        answer = read_answer(reply)
        if answer is None:
            tally.add(NOT_JSON, f"{reply[:60]!r}")
            again = [{"role": "assistant", "content": reply}, {"role": "user", "content": AGAIN}]
            answer = read_answer(self.chat.ask([*messages, *again]))
        return answer
