"""Entity typing on mention strings without learning: what look-ups of the training mentions reach.

    python benchmarks/mention_lookup.py NEREL-BIO/train NEREL-BIO/test

A mention that occurs in training gets its most frequent type there. The look-ups differ in what decides for the others.
A baseline for docs/simulation.md, where the metrics are told too.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from sklearn.feature_extraction.text import TfidfVectorizer
from spacy.tokens import Doc
from spacy.vocab import Vocab

from bioactive.corpus.mentions import read_mentions
from bioactive.corpus.tally import Tally
from bioactive.simulation.metrics import without_prefixes

STEM = 5  # letters of a word that are kept, as Russian inflects at the end
BLOCK = 500  # mentions compared with all training mentions at once
Guess = Callable[[str], str | None]
Pairs = list[tuple[str, str]]


def words_of(mention: str) -> list[str]:
    return re.findall(r"\w+", mention)


def most_frequent(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The most frequent type of each key."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for key, label in pairs:
        counts[key][label] += 1
    return {key: found.most_common(1)[0][0] for key, found in counts.items()}


def by_word(pairs: Pairs, place: int) -> Guess:
    """The most frequent type of mentions with the same first (0) or last (-1) word."""
    table = most_frequent((words[place], label) for text, label in pairs if (words := text.split()))
    return lambda text: table.get(text.split()[place])


def by_stems(pairs: Pairs) -> Guess:
    """The type for which the mention's words vote, each with the shares of types that its stem has in training."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for text, label in pairs:
        for word in words_of(text):
            counts[word[:STEM]][label] += 1

    def guess(text: str) -> str | None:
        votes: dict[str, float] = defaultdict(float)
        for word in words_of(text):
            own = counts.get(word[:STEM], Counter())
            for label, number in own.items():
                votes[label] += number / own.total()
        return max(votes, key=votes.__getitem__) if votes else None

    return guess


def by_spelling(pairs: Pairs, asked: list[str]) -> Guess:
    """The type of the training mention whose groups of two to four letters are most alike, by tf-idf and cosine."""
    table = most_frequent(pairs)
    known = list(table)
    vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4))
    vectors = vectorizer.fit_transform(known)
    found: dict[str, str] = {}
    for first in range(0, len(asked), BLOCK):
        block = asked[first : first + BLOCK]
        nearest = (vectorizer.transform(block) @ vectors.T).argmax(axis=1)
        found.update((text, table[known[int(place)]]) for text, place in zip(block, nearest.flat, strict=True))
    return found.get


def looked_up(golds: list[Doc], table: dict[str, str], top: str, guess: Guess) -> list[Doc]:
    """The gold Docs with types from the table, the guess, or the most frequent type of all."""
    made = []
    for gold in golds:
        doc = Doc(gold.vocab, words=[token.text for token in gold])
        for token in doc:
            text = token.text.lower()
            token.ent_type_ = table.get(text) or guess(text) or top
        made.append(doc)
    return made


def main(
    train: Annotated[Path, typer.Argument(help="Folder of brat files to learn from")],
    test: Annotated[Path, typer.Argument(help="Folder of brat files to score on")],
) -> None:
    """Print accuracy, and F1 by the published metric, of each look-up."""
    vocab = Vocab()
    docs = read_mentions(train, vocab, Tally())
    pairs: Pairs = [(token.text.lower(), token.ent_type_) for doc in docs for token in doc]
    golds = list(read_mentions(test, vocab, Tally()))
    asked = list({token.text.lower() for doc in golds for token in doc})
    table, top = most_frequent(pairs), Counter(label for _, label in pairs).most_common(1)[0][0]
    guesses: dict[str, Guess] = {
        f"{top}, the most frequent type": lambda _: None,
        "the type of its first word": by_word(pairs, 0),
        "of its last word": by_word(pairs, -1),
        f"a vote of its words' first {STEM} letters": by_stems(pairs),
        "the type of the mention spelt most alike": by_spelling(pairs, asked),
    }
    shown = Table("an unknown mention gets", "accuracy", "F1 by the published metric")
    for name, guess in guesses.items():
        scores = without_prefixes(golds, looked_up(golds, table, top, guess))
        shown.add_row(name, f"{scores['a']:.3f}", f"{scores['f']:.3f}")
    Console(width=120).print(shown)


if __name__ == "__main__":
    typer.run(main)
