"""A store in SQLite and, where a server can be started, one in PostgreSQL; a pipeline without trained parts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from spacy.language import Language

from bioactive.annotate.store import Store
from tests.app.support import postgres_server, suggesting_pipeline


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of an empty PostgreSQL database."""
    yield from postgres_server()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty store."""
    sqlite = request.param == "sqlite"
    address = str(tmp_path / "answers.db") if sqlite else request.getfixturevalue("postgres")
    with Store(address) as opened:
        for name in opened.datasets:
            opened.drop_dataset(name)
        yield opened


@pytest.fixture(scope="session")
def nlp() -> Language:
    """A pipeline whose suggestions come from a list of words."""
    return suggesting_pipeline()
