"""A small corpus that a model learns in seconds."""

from __future__ import annotations

import random

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training import Example

LABELS = ("Chemical", "Disease")
CHEMICALS = ["aspirin", "metformin", "ibuprofen", "insulin glargine", "lithium"]
DISEASES = ["asthma", "type 2 diabetes", "gout", "heart failure", "migraine"]
FRAMES = [
    ("Patients with {d} received {c} .", "dc"),
    ("{c} relieved {d} in two weeks .", "cd"),
    ("No effect of {c} was seen .", "c"),
    ("Outcome was poor .", ""),
    ("{c} and {c} were given for {d} .", "ccd"),
]


def make_doc(nlp: Language, rng: random.Random) -> Doc:
    """One sentence with its gold entities."""
    frame, kinds = rng.choice(FRAMES)
    words: list[str] = []
    spans: list[tuple[int, int, str]] = []
    slots = iter(kinds)
    for word in frame.split():
        if word in ("{c}", "{d}"):
            kind = next(slots)
            mention = rng.choice(CHEMICALS if kind == "c" else DISEASES).split()
            spans.append((len(words), len(words) + len(mention), LABELS[kind == "d"]))
            words += mention
        else:
            words.append(word)
    doc = Doc(nlp.vocab, words=words)
    doc.set_ents([Span(doc, *span) for span in spans])
    return doc


@pytest.fixture
def examples() -> list[Example]:
    """Forty labelled sentences."""
    nlp, rng = spacy.blank("en"), random.Random(0)
    docs = [make_doc(nlp, rng) for _ in range(40)]
    return [Example(Doc(nlp.vocab, words=[t.text for t in doc]), doc) for doc in docs]
