"""Sources: files of texts or tasks, as streams. A line that cannot be read is counted and skipped; the rest goes on."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from ..corpus.tally import KEPT_EXAMPLES, Tally
from ..errors import error
from ..strict_json import is_text, loads
from .stream import Stream
from .tasks import Task
from .validation import misshapen

if TYPE_CHECKING:
    from spacy.tokens import Doc
    from spacy.vocab import Vocab

BROKEN = "broken lines skipped"
STANDARD_INPUT = "-"
logger = logging.getLogger("bioactive")


def load_source(
    source: str | Path | Iterable[Task],
    vocab: Vocab | None = None,
    keys: Sequence[str] = ("text",),
    ending: str | None = None,
) -> Stream:
    """Open a source of tasks.

    source (str | Path | Iterable[Task]): A .jsonl file of tasks or texts, a .txt file with a text a line, a .spacy
        file, "-" for JSON lines on standard input, or the tasks themselves.
    vocab (Vocab | None): For a .spacy file.
    keys (Sequence[str]): A task in JSON must have one of them, as a text; any task will do without a key.
    ending (str | None): Read the file as one with this ending.
    RETURNS (Stream): Tasks; its tally counts the lines skipped.
    RAISES (BioactiveError): B408 when there is no such file, or it is of another kind; B120 for a broken .spacy file.
    """
    tally = Tally()
    if not isinstance(source, (str, Path)):
        return Stream.from_iterable(source)
    if str(source) == STANDARD_INPUT:
        return Stream(_json_lines(sys.stdin, "standard input", tally, keys), tally=tally)
    path = Path(source)
    if not path.is_file():
        raise error("B408", path=path, reason="there is no such file")
    kind = ending or path.suffix
    if kind == ".jsonl":
        return Stream(_file_lines(path, tally, keys, json_lines=True), count_lines(path), tally)
    if kind == ".txt":
        return Stream(_file_lines(path, tally), count_lines(path), tally)
    if kind == ".spacy":
        docs = _read_docs(path, vocab)
        return Stream((task for doc in docs for task in _sentences(doc)), tally=tally)
    raise error("B408", path=path, reason=f"the ending {path.suffix!r} is not known")


def read_examples(path: Path) -> Iterator[Task]:
    """The answers of a JSONL file, one after the other.

    path (Path): The file.
    YIELDS (Task): Its tasks.
    RAISES (BioactiveError): B408 when there is no such file, B409 for the first line that is no task.
    """
    if not path.is_file():
        raise error("B408", path=path, reason="there is no such file")
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                task, reason = _parse(line)
                if task is None:
                    raise error("B409", path=path, line=number, reason=reason)
                yield task


def _file_lines(path: Path, tally: Tally, keys: Sequence[str] = (), json_lines: bool = False) -> Iterator[Task]:
    """The tasks of a file: JSON with one of these keys, or plain text."""
    # newline="\n": other line separators (U+2028, \x0b) belong to the text.
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="\n") as lines:
        yield from _json_lines(lines, str(path), tally, keys) if json_lines else _text_lines(lines, str(path), tally)


def _json_lines(lines: TextIO, name: str, tally: Tally, keys: Sequence[str]) -> Iterator[Task]:
    for number, line in enumerate(lines, 1):
        if line.strip():
            task, reason = _parse(line, keys)
            reason = reason or misshapen(task or {})
            if task is not None and not reason:
                yield task
            else:
                _skip(tally, f"{name}:{number}: {reason}")


def _text_lines(lines: TextIO, name: str, tally: Tally) -> Iterator[Task]:
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if text and is_text(text):
            yield {"text": text}
        elif text:
            _skip(tally, f"{name}:{number}: not UTF-8")


def _parse(line: str | bytes, keys: Sequence[str] = ()) -> tuple[Task | None, str]:
    """The task on a line, or why there is none."""
    try:
        task = loads(line)
    except ValueError as problem:
        return None, f"not JSON ({problem})"
    if not isinstance(task, dict):
        return None, "not a JSON object"
    if keys and not any(isinstance(task.get(key), str) for key in keys):
        return None, f"no {' or '.join(keys)}"
    if not is_text(str(task.get("text", ""))):
        return None, "the text is not valid Unicode (half of a surrogate pair, or not UTF-8)"
    return task, ""


def _skip(tally: Tally, where: str) -> None:
    tally.add(BROKEN, where)
    if tally.counts[BROKEN] <= KEPT_EXAMPLES:
        logger.warning("%s; the line is skipped", where)


def count_lines(path: Path) -> int:
    """How many lines of a file are not empty."""
    with path.open("rb") as lines:
        return sum(1 for line in lines if line.strip())


def _read_docs(path: Path, vocab: Vocab | None) -> Iterator[Doc]:
    from spacy.vocab import Vocab as EmptyVocab

    from ..corpus.binfile import open_docs, unpacked

    return unpacked(open_docs(path), vocab or EmptyVocab(), path)


def _sentences(doc: Doc) -> Iterator[Task]:
    from ..corpus.sentences import sentences

    meta = {"doc_id": doc.user_data["doc_id"]} if "doc_id" in doc.user_data else {}
    for part in sentences(doc):
        if part.text.strip():
            yield {"text": part.text.strip(), "meta": meta}
