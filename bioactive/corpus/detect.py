"""Which format a file or folder has, and the checks that every text file passes first."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from ..errors import error

FORMATS = ("columns", "brat", "jsonl", "pubtator", "bioc")
_BY_SUFFIX = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".ann": "brat",
    ".pubtator": "pubtator",
    ".xml": "bioc",
    ".iob": "columns",
    ".iob2": "columns",
    ".bio": "columns",
    ".conll": "columns",
    ".conllu": "columns",
    ".tsv": "columns",
}
_PUBTATOR = re.compile(r"^\w+\|[ta]\|")
_HEAD = 4096


@contextmanager
def checked_text(path: Path) -> Iterator[TextIO]:
    """Open a UTF-8 text file, with or without a byte order mark, any line ends.

    path (Path): The file.
    YIELDS (TextIO): The open file.
    RAISES (BioactiveError): B101 no such file, B102 an empty one, B103 one that is not UTF-8 text.
    """
    _check_bytes(path)
    with path.open(encoding="utf-8-sig") as file:
        try:
            yield file
        except UnicodeDecodeError as problem:
            raise _not_text(path) from problem


def read_text(path: Path) -> str:
    """The whole text of a file, line ends as they are, without a byte order mark.

    path (Path): The file, UTF-8; it may be empty.
    RAISES (BioactiveError): B101 no such file, B103 not UTF-8 text.
    """
    if not path.is_file():
        raise error("B101", path=path)
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise _not_text(path) from problem


def _check_bytes(path: Path) -> None:
    if not path.is_file():
        raise error("B101", path=path)
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if not head.strip(b"\xef\xbb\xbf \t\r\n") and path.stat().st_size <= _HEAD:
        raise error("B102", path=path)
    if b"\0" in head:
        offset = head.index(b"\0")
        line = head.count(b"\n", 0, offset) + 1
        raise error("B103", path=path, line=line, offset=offset, found="a zero byte, as in a binary file")


def _not_text(path: Path) -> Exception:
    data = path.read_bytes()
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as problem:
        line = data.count(b"\n", 0, problem.start) + 1
        return error("B103", path=path, line=line, offset=problem.start, found=hex(data[problem.start]))
    return error("B103", path=path, line=1, offset=0, found="changed while it was read")


def detect_format(source: Path) -> str:
    """Tell the format of a file or folder, by name first, then by content.

    source (Path): The file or folder.
    RETURNS (str): One of `FORMATS`.
    RAISES (BioactiveError): B101 to B103 for what holds no text, B111 when nothing in a folder can be read.
    """
    if source.is_dir():
        return _folder_format(source)
    _check_bytes(source)
    if source.suffix == ".txt" and source.with_suffix(".ann").is_file():
        return "brat"
    return _BY_SUFFIX.get(source.suffix.lower()) or _content_format(source)


def format_of_name(path: Path) -> str:
    """The format that a file's name tells; "" when it tells none."""
    return _BY_SUFFIX.get(path.suffix.lower(), "")


def _folder_format(source: Path) -> str:
    if next(source.glob("*.ann"), None):
        return "brat"
    found = sorted({_BY_SUFFIX[path.suffix] for path in source.iterdir() if path.suffix in _BY_SUFFIX})
    if len(found) == 1:
        return found[0]
    raise error("B111", path=source, found=", ".join(found) or "nothing readable")


def _content_format(source: Path) -> str:
    with source.open(encoding="utf-8-sig", errors="replace") as file:
        head = file.read(_HEAD).lstrip()
    first = head.split("\n", 1)[0]
    if _PUBTATOR.match(first):
        return "pubtator"
    if "<collection" in head or '"passages"' in head:
        return "bioc"
    return "jsonl" if first.startswith("{") else "columns"
