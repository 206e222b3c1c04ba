"""Column files (one word and its tag a line, a blank line after a sentence) to Docs, and back.

A file is handled in blocks of some million characters. Inside a block the work is done on whole columns:
words and tags are slices of one list, and tags are translated pair by pair through a table (see `schemes`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import Any, cast

import numpy
from spacy.tokens import Doc
from spacy.vocab import Vocab

from ..errors import error
from .column_blocks import Block, Layout, find_layout, is_mark, read_blocks
from .schemes import MISSING, Pair, Translation, detect_scheme, scheme_name, translate
from .tally import Tally

_IOB = {"B": 3, "I": 1, "O": 2, MISSING: 0}
_NO_START = numpy.uint64(2**64 - 1)


@dataclass(frozen=True)
class ColumnOptions:
    """How to read a column file.

    token_column (int): Index of the column with the words; negative counts from the right.
    tag_column (int): Index of the column with the tags.
    scheme (str): A tag scheme, or "auto".
    label (str): The label for tags without a type ("B", "I").
    repair (bool): Whether to mend and count what is not legal, instead of raising an error.
    sentences_per_doc (int): How many sentences make a Doc where the file does not mark its documents.
    """

    token_column: int = 0
    tag_column: int = -1
    scheme: str = "auto"
    label: str = ""
    repair: bool = False
    sentences_per_doc: int = 1


def read_columns(path: Path, vocab: Vocab, options: ColumnOptions, tally: Tally) -> Iterator[Doc]:
    """Read a column file.

    path (Path): The file, UTF-8.
    vocab (Vocab): The vocab of the Docs.
    options (ColumnOptions): How to read it.
    tally (Tally): Gets the counts of what was met and repaired.
    YIELDS (Doc): One Doc a document with ids, sentence bounds, `ents` and `spans["sc"]`.
    RAISES (BioactiveError): B103 to B110, each with the line.
    """
    layout = find_layout(path, options.token_column, options.tag_column)
    blocks = list(_first_blocks(path, layout, options, tally))
    pairs: Counter[Pair] = Counter()
    whole = len(blocks) == 1
    for block in blocks if whole else read_blocks(path, layout, options.repair, options.sentences_per_doc, Tally()):
        pairs.update(_pairs(block))
    scheme = detect_scheme(pairs) if options.scheme == "auto" else scheme_name(options.scheme)
    table = translate(pairs, scheme, options.label)
    tally.add(f"tag scheme read: {scheme}")
    seen: set[str] = set()
    for block in blocks if whole else read_blocks(path, layout, options.repair, options.sentences_per_doc, tally):
        _check(block, table, scheme, options.repair, tally)
        for doc in _docs(block, table, vocab):
            doc_id = doc.user_data["doc_id"]
            if doc_id in seen:
                tally.add("document ids that repeat", f"{path}: {doc_id}")
            seen.add(doc_id)
            yield doc


def _first_blocks(path: Path, layout: Layout, options: ColumnOptions, tally: Tally) -> Iterator[Block]:
    """The only block of a file, or two of more: a second one tells that the file must be read twice."""
    own = Tally()
    for number, block in enumerate(read_blocks(path, layout, options.repair, options.sentences_per_doc, own)):
        yield block
        if number:
            return
    tally.update(own)


def _neighbours(block: Block) -> list[str]:
    """The tag before each tag; "" at the start of a sentence."""
    before = ["", *block.tags[:-1]] if block.tags else []
    for start in block.sentences:
        before[start] = ""
    return before


def _pairs(block: Block) -> Counter[Pair]:
    if not block.tags:
        return Counter()
    pairs = Counter(zip(_neighbours(block), block.tags, strict=True))
    ends = [*block.sentences[1:], len(block.tags)]
    pairs.update(zip((block.tags[end - 1] for end in ends), repeat("")))
    return pairs


def _check(block: Block, table: Translation, scheme: str, repair: bool, tally: Tally) -> None:
    """Raise, or with `repair` count, the pairs of a block that its scheme does not allow."""
    if not table.broken or not block.tags:
        return
    before = _neighbours(block)
    ends = {end - 1 for end in [*block.sentences[1:], len(block.tags)]}
    for index, pair in enumerate(zip(before, block.tags, strict=True)):
        for faulty in (pair, (pair[1], "")) if index in ends else (pair,):
            code = table.broken.get(faulty)
            if code is None:
                continue
            found = error(
                code,
                path=block.path,
                line=block.line_of(index),
                column=block.layout.tag_column,
                tag=faulty[1] or "end of sentence",
                before=faulty[0] or "start of sentence",
                scheme=scheme,
            )
            if not repair or code == "B106":
                raise found
            tally.add(_REPAIRS[code], f"{block.path}:{block.line_of(index)}: {faulty[1] or faulty[0]}")


_REPAIRS = {
    "B105": "unreadable tags, read as not annotated",
    "B107": "tags without a type, called ENTITY",
    "B108": "illegal tag moves, mended",
}


def _docs(block: Block, table: Translation, vocab: Vocab) -> Iterator[Doc]:
    numbers = {pair: number for number, pair in enumerate(table.moves)}
    values = numpy.array(
        [(_IOB[prefix], vocab.strings.add(label) if label else 0) for prefix, label in table.moves.values()],
        dtype="uint64",
    ).reshape(-1, 2)
    index = numpy.fromiter(map(numbers.__getitem__, zip(_neighbours(block), block.tags, strict=True)), dtype="int64")
    array = numpy.full((len(block.tags), 3), _NO_START, dtype="uint64")
    array[:, :2] = values[index]
    array[block.sentences, 2] = 1
    for start, end, doc_id in block.documents():
        words = block.words[start:end]
        doc = Doc(vocab, words=words, spaces=[True] * (len(words) - 1) + [False] if words else [])
        if words:
            doc.from_array(["ENT_IOB", "ENT_TYPE", "SENT_START"], cast(Any, array[start:end]))
        doc.user_data["doc_id"] = doc_id
        doc.spans["sc"] = list(doc.ents)
        yield doc


def write_columns(docs: Iterable[Doc], path: Path, separator: str = "\t") -> int:
    """Write Docs as an IOB2 file with `# newdoc id = ...` lines; `doc.ents` only, "-" for words not annotated.

    docs (Iterable[Doc]): The Docs.
    path (Path): The file.
    separator (str): What stands between word and tag.
    RETURNS (int): How many Docs were written.
    RAISES (BioactiveError): B900 for a word that a reader would take for the mark of a document, or for several columns.
    """
    written = 0
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for doc in docs:
            file.write(f"# newdoc id = {doc.user_data.get('doc_id', written)}\n\n")
            for token in doc:
                if token.i and token.is_sent_start is True:
                    file.write("\n")
                if token.is_space:
                    continue
                line = f"{token.text}{separator}{_tag(token.ent_iob_, token.ent_type_)}\n"
                if is_mark(line):
                    raise error("B900", path=path, word=token.text, reading="the beginning of a document")
                if any(mark in token.text for mark in ("\t", separator)):
                    raise error("B900", path=path, word=token.text, reading="several columns")
                file.write(line)
            file.write("\n")
            written += 1
    return written


def _tag(iob: str, label: str) -> str:
    return f"{iob}-{label}" if iob in ("B", "I") else (iob or MISSING)
