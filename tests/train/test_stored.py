"""A pipeline that was packaged by bioactive 0.1.0 loads in the bioactive of now, and finds what it found then."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
import srsly

from bioactive.evaluation.load import load_pipeline

STORED = Path(__file__).resolve().parents[1] / "fixtures"
NAME = "en_bioactive_tiny-0.1.0"


def found_by(model: Path, texts: list[str]) -> list[dict]:
    """Texts with their entities: start, end, label, confidence."""
    docs = load_pipeline(model).pipe(texts)
    spans = [[[e.start_char, e.end_char, e.label_, round(float(e._.confidence), 4)] for e in doc.ents] for doc in docs]
    return [{"text": text, "ents": ents} for text, ents in zip(texts, spans, strict=True)]


def test_stored_package_loads_and_finds_what_it_found(tmp_path: Path) -> None:
    with zipfile.ZipFile(STORED / f"{NAME}-py3-none-any.whl") as wheel:
        wheel.extractall(tmp_path)
    expected = srsly.read_json(STORED / f"{NAME}.json")
    found = found_by(tmp_path / "en_bioactive_tiny" / NAME, [eg["text"] for eg in expected])
    assert sum(len(eg["ents"]) for eg in expected) >= 6
    for now, then in zip(found, expected, strict=True):
        assert [ent[:3] for ent in now["ents"]] == [ent[:3] for ent in then["ents"]]
        # Another build of torch or numpy may round otherwise; another calculation would differ by more.
        assert [ent[3] for ent in now["ents"]] == pytest.approx([ent[3] for ent in then["ents"]], abs=1e-3)
