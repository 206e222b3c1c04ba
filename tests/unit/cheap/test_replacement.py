"""The registered augmenter: where its surfaces come from, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest
import spacy
from spacy.tokens import Doc

from bioactive.cheap.replacement import create_entity_replacement
from bioactive.corpus.binfile import write_docs
from bioactive.errors import BioactiveError

OBO = """format-version: 1.2

[Term]
id: T:1
name: disease

[Term]
id: T:2
name: heart failure
synonym: "CHF" EXACT []
synonym: "pump failure" RELATED []
is_a: T:1

[Term]
id: T:3
name: old name
is_obsolete: true
"""


@pytest.fixture
def train(tmp_path) -> Path:
    vocab = spacy.blank("en").vocab
    words = ["gout", "and", "p53", "CHF"]
    write_docs([Doc(vocab, words=words, ents=["B-DISO", "O", "B-GENE", "B-GENE"])], tmp_path / "train.spacy")
    (tmp_path / "x.obo").write_text(OBO, encoding="utf8")
    return tmp_path / "train.spacy"


def test_config_block_makes_the_augmenter(train) -> None:
    block = {"@augmenters": "bioactive.entity_replacement.v1", "train": str(train), "share": 0.5, "seed": 3}
    made = spacy.registry.resolve({"augmenter": block})["augmenter"]
    assert made.options.share == 0.5 and set(made.lists) == {"DISO", "GENE"}


def test_ontology_gives_surfaces_and_makes_others_ambiguous(train) -> None:
    made = create_entity_replacement(train, ontology=train.with_name("x.obo"), roots={"T:1": "DISO"})
    # CHF is a gene of the training set and a disease of the ontology; "pump failure" is no exact synonym.
    assert [str(form) for form in made.lists["DISO"] if isinstance(form, str)] == ["disease", "heart failure"]
    assert len(made.lists["DISO"]) == 3 and len(made.lists["GENE"]) == 1
    wider = create_entity_replacement(
        train, ontology=train.with_name("x.obo"), roots={"T:1": "DISO"}, scopes=["RELATED"], own=False
    )
    assert sorted(map(str, wider.lists["DISO"])) == ["disease", "heart failure", "pump failure"]


def test_list_of_terms(train) -> None:
    path = train.with_name("terms.txt")
    path.write_text("IL-2\nCD4\n", encoding="utf8")
    made = create_entity_replacement(train, own=False, terms=path, label="GENE")
    assert made.lists == {"GENE": ["CD4", "IL-2"]}


def test_refusals(train) -> None:
    obo = train.with_name("x.obo")
    for code, options in {
        "B129": {"train": None},
        "B555": {"ontology": obo, "roots": {"T:9": "DISO"}},
        "B702": {"ontology": obo, "roots": {"T:3": "DISO"}},
        "B701.*x.obo:3.*CHEM.*DISO, GENE": {"ontology": obo, "roots": {"T:1": "CHEM"}},
        "B703.*share 1.5": {"share": 1.5},
        "B703.*copies -1": {"copies": -1},
        "B124": {"ontology": obo, "roots": {"T:1": "DISO"}, "scopes": ["NEAR"]},
    }.items():
        with pytest.raises(BioactiveError, match=code):
            create_entity_replacement(**{"train": train, **options})
