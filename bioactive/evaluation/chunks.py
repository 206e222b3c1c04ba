"""The pipeline's own tokens, faster: a run of characters that was seen before is not tokenised again.

spaCy keeps such a table itself, but not in a memory zone, in which all tokenisation over a pool happens.
"""

from __future__ import annotations

import re
from typing import Any

from spacy.language import Language
from spacy.tokenizer import Tokenizer
from spacy.tokens import Doc

# Python's \s is str.isspace, by which spaCy cuts a text.
RUN = re.compile(r"\s+|\S+")
LIMIT = 50_000  # runs: some 10 MB


class Chunks:
    """Makes Docs of texts as `nlp.make_doc` does.

    nlp (Language): The pipeline. Another tokenizer than spaCy's, or one with rules for white space, is left to itself.
    limit (int): Runs of characters to remember at the most.
    """

    def __init__(self, nlp: Language, limit: int = LIMIT) -> None:
        self.nlp = nlp
        self.limit = limit
        self.known: dict[str, tuple[str, ...] | None] = {}
        tokenizer: Any = nlp.tokenizer
        self.able = type(tokenizer) is Tokenizer and not any(re.search(r"\s", rule) for rule in tokenizer.rules or ())

    def make_doc(self, text: str) -> Doc:
        """The text's Doc."""
        if not self.able or len(text) > self.nlp.max_length:
            return self.nlp.make_doc(text)
        words: list[str] = []
        spaces: list[bool] = []
        for run in RUN.findall(text):
            # One blank after a word belongs to the word.
            if words and run[0] == " " and not words[-1].isspace():
                spaces[-1] = True
                run = run[1:]
                if not run:
                    continue
            cut = self._cut(run)
            if cut is None:
                return self.nlp.make_doc(text)
            words += cut
            spaces += [False] * len(cut)
        return Doc(self.nlp.vocab, words=words, spaces=spaces)

    def _cut(self, run: str) -> tuple[str, ...] | None:
        """The tokens of a run; None where a token is more than its text, such as "n't" with the norm "not"."""
        if run in self.known:
            return self.known[run]
        if len(self.known) >= self.limit:
            self.known.clear()
        found = self.nlp.make_doc(run)
        plain = (found.to_array("NORM") == [token.lex.norm for token in found]).all()
        self.known[run] = tuple(token.text for token in found) if plain else None
        return self.known[run]
