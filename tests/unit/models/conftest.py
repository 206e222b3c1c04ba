"""A store with revisions that hold no weights, and pipelines that say what they are told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bioactive.models.revisions import Manifest, Revisions

Publish = Callable[..., str]


@pytest.fixture
def revisions(tmp_path: Path) -> Revisions:
    """An empty store."""
    return Revisions(tmp_path / "models")


@pytest.fixture
def publish(revisions: Revisions, tmp_path: Path) -> Publish:
    """Publishes a revision with one small file."""

    def make(
        answers: int = 5, promoted: str = "yes", parent: str = "parent", dataset: str = "", **metrics: object
    ) -> str:
        folder = tmp_path / "made"
        (folder / "crf_ner").mkdir(parents=True)
        (folder / "config.cfg").write_text("[nlp]\n", encoding="utf8")
        (folder / "crf_ner" / "model").write_bytes(b"weights" * answers)
        name = revisions.next_name(answers)
        found = {"dev_after": [0.7, 0.6, 0.8], **metrics}
        manifest = Manifest(name, parent, {"accept": answers}, {"dev": "ab"}, found, promoted, {"dataset": dataset})
        revisions.publish(folder, manifest)
        return name

    return make
