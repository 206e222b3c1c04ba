"""Where hostile files lie, and the pipeline that reads them."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

from spacy.language import Language

from bioactive.errors import BioactiveError, Errors
from bioactive.tokenizer import blank

RENEW = 20_000


@cache
def folder() -> Path:
    """Where the files of this process lie, in memory if possible."""
    memory = Path("/dev/shm")
    return Path(tempfile.mkdtemp(prefix="bioactive-fuzz-", dir=memory if memory.is_dir() else None))


def written(name: str, data: bytes) -> Path:
    """The bytes as a file."""
    path = folder() / name
    path.write_bytes(data)
    return path


def known(problem: BioactiveError) -> str:
    """The code of an error, which must have a template."""
    if not hasattr(Errors, problem.code):
        raise AssertionError(f"{problem.code} has no template")
    return problem.code


class _Pipeline:
    """A tokenizer whose string store is thrown away now and then, as every input leaves its words there."""

    def __init__(self) -> None:
        self.used = 0
        self.nlp = blank("en")

    def get(self) -> Language:
        self.used += 1
        if self.used % RENEW == 0:
            self.nlp = blank("en")
        return self.nlp


PIPELINE = _Pipeline()
