"""A small corpus that a model learns in seconds."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Example

CONFIG = Path(__file__).resolve().parents[2] / "configs" / "crf_cnn.cfg"
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


@pytest.fixture
def corpus(examples: list[Example], tmp_path: Path) -> dict[str, Path]:
    """Three .spacy files: train, dev, pool."""
    docs = [eg.reference for eg in examples]
    for number, doc in enumerate(docs):
        doc.user_data["doc_id"] = f"doc-{number}"
    paths = {}
    for name, part in {"train": docs[:10], "dev": docs[10:20], "pool": docs[20:]}.items():
        paths[name] = tmp_path / f"{name}.spacy"
        DocBin(docs=part, store_user_data=True).to_disk(paths[name])
    return paths


@pytest.fixture
def model(corpus: dict[str, Path], tmp_path: Path) -> Path:
    """A trained pipeline."""
    from spacy.cli.train import train

    overrides = {"paths.train": str(corpus["train"]), "paths.dev": str(corpus["dev"])}
    train(CONFIG, tmp_path / "run", overrides={**overrides, "training.max_epochs": 4})
    return tmp_path / "run" / "model-best"
