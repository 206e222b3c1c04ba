"""Pipelines and gold Docs from disk, with messages for what a user can get wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import spacy
from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import import_file, is_package
from spacy.vocab import Vocab

from bioactive.corpus.binfile import open_docs, unpacked
from bioactive.errors import BioactiveError, error, first_line


def load_pipeline(model: str | Path, code: Path | None = None, gpu_id: int = -1) -> Language:
    """Load a trained pipeline.

    model (str | Path): A pipeline's folder, or the name of an installed package.
    code (Path | None): A Python file to run first, which registers components of one's own.
    gpu_id (int): Number of the GPU that it and all that follows are to run on; -1 for the CPU.
    RETURNS (Language): The pipeline.
    RAISES (BioactiveError): B301 when there is none, B302 when it does not load, B308 or B310 for the code file, B210
        when there is no such GPU.
    """
    if gpu_id >= 0:
        use_gpu(gpu_id)
    if code is not None:
        run_code(code)
    path = Path(model)
    if not (path / "config.cfg").is_file() and not (not path.exists() and is_package(str(model))):
        raise error("B301", path=str(model))
    try:
        return spacy.load(model)
    except (BioactiveError, MemoryError):
        raise
    # spaCy, thinc, torch and the parts' own code each raise their own kind.
    except Exception as reason:
        raise error("B302", path=model, reason=first_line(reason)) from reason


def use_gpu(gpu_id: int) -> None:
    """Run all pipelines that are loaded from now on on a GPU.

    gpu_id (int): Its number.
    RAISES (BioactiveError): B210 when there is none, or no cupy to speak to it with.
    """
    try:
        spacy.require_gpu(gpu_id)
    # cupy, its driver and thinc each raise their own kind.
    except Exception as reason:
        raise error("B210", gpu_id=gpu_id, reason=first_line(reason)) from reason


def run_code(code: Path) -> None:
    """Run a Python file that registers components, as spaCy's own --code does.

    code (Path): The file.
    RAISES (BioactiveError): B308 when it does not exist, B310 when it fails.
    """
    if not code.is_file():
        raise error("B308", path=code)
    try:
        import_file("python_code", code)
    except Exception as reason:
        raise error("B310", path=code, reason=f"{type(reason).__name__}: {reason}") from reason


def read_docs(path: Path, vocab: Vocab) -> list[Doc]:
    """The Docs of a .spacy file.

    path (Path): A file that DocBin wrote.
    vocab (Vocab): The vocabulary to read them into.
    RETURNS (list[Doc]): The Docs that hold at least one token.
    RAISES (BioactiveError): B101 when there is no file, B120 when it is another kind, B304 when it holds no words.
    """
    return list(stream_docs(path, vocab)[1])


def stream_docs(path: Path, vocab: Vocab) -> tuple[int, Iterator[Doc]]:
    """The Docs of a .spacy file, each made when it is asked for.

    path, vocab: As in `read_docs`.
    RETURNS (tuple[int, Iterator[Doc]]): How many hold at least one token, and these.
    RAISES (BioactiveError): As `read_docs`.
    """
    found = open_docs(path)
    filled = sum(len(tokens) > 0 for tokens in found.tokens)
    if not filled:
        raise error("B304", path=path)
    return filled, (doc for doc in unpacked(found, vocab, path) if len(doc))
