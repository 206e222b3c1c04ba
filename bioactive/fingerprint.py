"""Identify the data that a pipeline was made of. Standard library only."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

BLOCK = 1 << 20


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal, or of a folder's files with their names, in order of the names."""
    digest = hashlib.sha256()
    for part in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if part.is_file():
            if part != path:
                digest.update(part.relative_to(path).as_posix().encode("utf8"))
            with part.open("rb") as file:
                while block := file.read(BLOCK):
                    digest.update(block)
    return digest.hexdigest()


def sha256_of_records(records: Iterable[Mapping[str, Any]]) -> str:
    """SHA-256 of records such as answers: of each as JSON with its keys in order, a line each, in the order given."""
    digest = hashlib.sha256()
    for record in records:
        digest.update(json.dumps(record, ensure_ascii=False, sort_keys=True, default=str).encode("utf8") + b"\n")
    return digest.hexdigest()
