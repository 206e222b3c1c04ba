"""The lines of a column file: which are words, which end a sentence, which open a document."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import repeat
from pathlib import Path

from ..errors import error
from .detect import checked_text
from .schemes import read_tag
from .tally import Tally

BLOCK_CHARS = 1 << 25
_DOC_MARK = re.compile(r"^(?:-DOCSTART-|###\s*MEDLINE:|#\s+newdoc\b|#\s*doc_?id\s*[=:])", re.IGNORECASE)
_DOC_ID = re.compile(r"^(?:-DOCSTART-.*?\((?P<a>[^)]+)\)|###\s*MEDLINE:\s*(?P<b>\S+)|#[^=:]*[=:]\s*(?P<c>.+))")
_SPACES = re.compile(r"[ \t]+")


@dataclass(frozen=True)
class Layout:
    """How the lines of a file are cut.

    separator (str): TAB or a space.
    columns (int): How many columns a line has.
    token_column (int): Index of the word, from 0.
    tag_column (int): Index of the tag, from 0.
    """

    separator: str
    columns: int
    token_column: int
    tag_column: int


@dataclass
class Block:
    """Some whole documents of a file, column by column.

    words (list[str]): The words.
    tags (list[str]): The tags as written, one a word.
    sentences (list[int]): Index of the first word of each sentence.
    marks (list[tuple[int, str]]): Index of the first word and id of each document.
    runs (list[tuple[int, int]]): For each run of neighbouring word lines, index of its first word and its line from 1.
    """

    path: Path
    layout: Layout
    words: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    sentences: list[int] = field(default_factory=list)
    marks: list[tuple[int, str]] = field(default_factory=list)
    runs: list[tuple[int, int]] = field(default_factory=list)

    def line_of(self, index: int) -> int:
        """The line, from 1, on which a word stands."""
        first, line = self.runs[bisect_right(self.runs, (index, 1 << 60)) - 1]
        return line + index - first

    def documents(self) -> Iterator[tuple[int, int, str]]:
        """First word, end and id of each document."""
        ends = [start for start, _ in self.marks[1:]] + [len(self.words)]
        for (start, doc_id), end in zip(self.marks, ends, strict=bool(self.marks)):
            yield start, end, doc_id


def find_layout(path: Path, token_column: int, tag_column: int) -> Layout:
    """Tell separator and number of columns from the first line that holds a word.

    path (Path): The file.
    token_column (int): Index of the words, negative from the right.
    tag_column (int): Index of the tags.
    RETURNS (Layout): The columns, counted from the left.
    RAISES (BioactiveError): B101 to B103 for a file that holds no text, B109 for one column, B110 for a missing one.
    """
    with checked_text(path) as file:
        for number, line in enumerate(file, 1):
            text = line.rstrip("\n")
            if not text.strip() or _DOC_MARK.match(text) or text.startswith("# "):
                continue
            separator = "\t" if "\t" in text else " "
            columns = len(_cut(text, separator))
            if columns < 2:
                raise error("B109", path=path, line=number, found=columns, expected="2 or more", text=text[:60])
            for column in (token_column, tag_column):
                if not -columns <= column < columns:
                    raise error("B110", path=path, columns=columns, column=column)
            return Layout(separator, columns, token_column % columns, tag_column % columns)
    raise error("B102", path=path)


def read_blocks(path: Path, layout: Layout, repair: bool, per_doc: int, tally: Tally) -> Iterator[Block]:
    """Read a file block by block; a document is never divided between two blocks.

    path (Path): The file.
    layout (Layout): How its lines are cut.
    repair (bool): Whether lines with the wrong number of columns are left out and counted.
    per_doc (int): Sentences a document where documents are not marked.
    tally (Tally): Gets the counts.
    YIELDS (Block): The blocks in order.
    """
    reader = _Reader(path, layout, repair, per_doc, tally)
    with checked_text(path) as file:
        carried: list[str] = []
        while True:
            text = file.read(BLOCK_CHARS)
            last = len(text) < BLOCK_CHARS
            if not text.endswith("\n"):
                text += file.readline()
            while not last and (line := file.readline()):
                text += line
                if not line.strip():
                    break
            lines = carried + text.split("\n")
            if not last and lines[-1] == "":
                lines.pop()
            cut = len(lines) if last else reader.whole_documents(lines)
            carried = lines[cut:]
            if cut:
                yield reader.block(lines[:cut])
            if last:
                return


class _Reader:
    """Makes blocks of lines, and remembers between them the line and the number of documents."""

    def __init__(self, path: Path, layout: Layout, repair: bool, per_doc: int, tally: Tally) -> None:
        self.path, self.layout, self.repair, self.per_doc, self.tally = path, layout, repair, per_doc, tally
        self.line = 1
        self.documents = 0
        self.marked = False

    def whole_documents(self, lines: list[str]) -> int:
        """How many of these lines hold whole documents: up to the last document mark, if documents are marked."""
        marks = (i for i in range(len(lines) - 1, -1, -1) if lines[i][:1] in ("#", "-") and _DOC_MARK.match(lines[i]))
        return next(marks, len(lines))

    def block(self, lines: list[str]) -> Block:
        """Cut lines into columns."""
        block = Block(self.path, self.layout)
        kept: list[str] = []
        start, fresh = 0, True
        for i in [*self._not_words(lines), len(lines)]:
            if i > start:
                if fresh:
                    self._open_sentence(block, len(kept))
                    fresh = False
                block.runs.append((len(kept), self.line + start))
                kept += lines[start:i]
            start = i + 1
            if i == len(lines) or not lines[i].strip():
                fresh = True
            elif _DOC_MARK.match(lines[i]):
                fresh = self.marked = True
                self._open_document(block, len(kept), lines[i])
        self._columns(block, kept)
        self.line += len(lines)
        return block

    def _open_document(self, block: Block, index: int, line: str) -> None:
        self.documents += 1
        found = _DOC_ID.match(line)
        named = next((part for part in found.groups() if part), "") if found else ""
        block.marks.append((index, named.strip() or f"{self.path.stem}-{self.documents}"))

    def _open_sentence(self, block: Block, index: int) -> None:
        if not self.marked and len(block.sentences) % self.per_doc == 0:
            self._open_document(block, index, "")
        block.sentences.append(index)

    def _columns(self, block: Block, kept: list[str]) -> None:
        if not kept:
            return
        layout = self.layout
        cells = layout.separator.join(kept).split(layout.separator)
        block.words = cells[layout.token_column :: layout.columns]
        block.tags = cells[layout.tag_column :: layout.columns]
        if "" in block.words:
            line = block.line_of(block.words.index(""))
            raise error("B109", path=self.path, line=line, found="an empty", expected="a word", text="")

    def _not_words(self, lines: list[str]) -> list[int]:
        """Indices of the lines that hold no word, in order; lines cut by runs of spaces are mended in place."""
        width = self.layout.columns - 1
        counts = map(str.count, lines, repeat(self.layout.separator))
        odd = [i for i, (n, line) in enumerate(zip(counts, lines, strict=True)) if n != width or line[0] in "#- \t"]
        return [i for i in odd if not self._is_word(lines, i)]

    def _is_word(self, lines: list[str], i: int) -> bool:
        line = lines[i]
        if not line.strip() or _DOC_MARK.match(line):
            return False
        cells = _cut(line, self.layout.separator)
        fits = len(cells) == self.layout.columns
        if line.startswith("#") and not (fits and read_tag(cells[self.layout.tag_column]).prefix != "?"):
            self.tally.add("comment lines", f"{self.path}:{self.line + i}: {line[:60]}")
            return False
        if fits:
            lines[i] = self.layout.separator.join(cells)
            return True
        if not self.repair:
            raise error(
                "B109",
                path=self.path,
                line=self.line + i,
                found=len(cells),
                expected=self.layout.columns,
                text=line[:60],
            )
        self.tally.add("lines with the wrong number of columns, left out", f"{self.path}:{self.line + i}: {line[:60]}")
        return False


def is_mark(line: str) -> bool:
    """Whether a line opens a document."""
    return bool(_DOC_MARK.match(line))


def _cut(line: str, separator: str) -> list[str]:
    return line.split("\t") if separator == "\t" else _SPACES.split(line.strip(" \t"))
