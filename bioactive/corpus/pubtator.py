"""PubTator files: `id|t|title`, `id|a|abstract`, then `id<TAB>start<TAB>end<TAB>text<TAB>label` lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from ..errors import error
from .align import CharSpan
from .brat import BratText
from .detect import checked_text
from .tally import Tally

_TEXT_LINE = re.compile(r"^(\w+)\|([ta])\|(.*)$")
# Digits of an offset; the interpreter refuses to read very long numbers.
LONGEST = 18


def read_pubtator(path: Path, tally: Tally) -> Iterator[BratText]:
    """Read a PubTator file.

    path (Path): The file; a blank line ends a document.
    tally (Tally): Gets the counts of relations and of texts that differ.
    YIELDS (BratText): Id, title and abstract joined by a line end, and spans.
    RAISES (BioactiveError): B121 for a line that cannot be read, B116 for an offset outside the text.
    """
    doc_id, parts = "", list[str]()
    rows: list[tuple[int, list[str]]] = []
    with checked_text(path) as file:
        for number, line in enumerate(file, 1):
            line = line.rstrip("\n")
            found = _TEXT_LINE.match(line)
            if found and found[2] == "t" and parts:
                yield _document(path, doc_id, parts, rows, tally)
                parts, rows = [], []
            if found:
                doc_id = found[1]
                parts.append(found[3])
            elif line.strip():
                cells = line.split("\t")
                if not parts or cells[0] != doc_id or len(cells) < 4:
                    raise error("B121", path=path, line=number, text=line[:80])
                rows.append((number, cells))
    if parts:
        yield _document(path, doc_id, parts, rows, tally)


def _document(path: Path, doc_id: str, parts: list[str], rows: list[tuple[int, list[str]]], tally: Tally) -> BratText:
    text = "\n".join(parts)
    spans = []
    for number, cells in rows:
        if not (cells[1].isdecimal() and cells[2].isdecimal() and len(cells) > 4):
            tally.add("relations, not read", f"{path}:{number}")
            continue
        if max(len(cells[1]), len(cells[2])) > LONGEST:
            raise error("B121", path=path, line=number, text="\t".join(cells)[:80])
        start, end = int(cells[1]), int(cells[2])
        if not 0 <= start < end <= len(text):
            raise error("B116", path=path, line=number, start=start, end=end, text=doc_id, length=len(text))
        if text[start:end].split() != cells[3].split():
            shown = f"{path}:{number}: {cells[3]!r}, the text has {text[start:end]!r}"
            tally.add("entities whose text differs from the document, offsets kept", shown)
        spans.append(CharSpan(start, end, cells[4], f"{path}:{number}"))
    return BratText(doc_id, text, spans)
