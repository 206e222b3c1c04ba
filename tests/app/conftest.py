"""Databases and sources of the server tests."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.app.support import numbered_tasks, postgres_server


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of an empty PostgreSQL database."""
    yield from postgres_server()


@pytest.fixture
def source(tmp_path: Path) -> Callable[[int], Path]:
    """Makes a JSONL file with so many tasks."""

    def write(count: int) -> Path:
        path = tmp_path / f"tasks{count}.jsonl"
        path.write_text("".join(json.dumps(task) + "\n" for task in numbered_tasks(count)), encoding="utf-8")
        return path

    return write
