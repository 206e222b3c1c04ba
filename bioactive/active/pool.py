"""Unlabelled texts from a file, or from an address of a store such as s3://, one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

from spacy.vocab import Vocab

from bioactive.annotate.tasks import Task, to_json, tokens_of
from bioactive.corpus.binfile import open_docs, unpacked
from bioactive.corpus.detect import checked_text
from bioactive.errors import error
from bioactive.fingerprint import sha256_of
from bioactive.strict_json import loads

JSON_LINES = (".jsonl", ".ndjson")
PARQUET = ".parquet"
CHUNK = 1 << 20
ROWS = 1024


def source_path(address: str | Path) -> Path:
    """A file as a path, wherever it lies.

    address (str | Path): A path, or an address that fsspec knows: s3://bucket/pool.jsonl, memory://, https://, ...
    RETURNS (Path): A path of this machine, or one that behaves as such.
    RAISES (BioactiveError): B964 when the address cannot be opened, for want of a package, of rights or of an answer.
    """
    if isinstance(address, Path) or "://" not in address:
        return Path(address)
    from upath import UPath

    try:
        # Of most versions of upath a Path, of all what behaves as one.
        path = cast(Path, UPath(address))
        # Not is_file, which says no of a store that does not answer.
        with suppress(FileNotFoundError):
            path.stat()
    # Each store raises its own kind; a missing one an ImportError or a ValueError.
    except Exception as problem:
        raise error("B964", path=address, reason=problem) from problem
    return path


def pool_print(path: Path) -> str:
    """What tells a pool file from any other.

    path (Path): The file.
    RETURNS (str): Its SHA-256, in hexadecimal.
    RAISES (BioactiveError): B101 when there is no such file, B324 when it is no kind of pool.
    """
    if path.suffix.lower() not in (*JSON_LINES, PARQUET, ".txt", ".spacy"):
        raise error("B324", path=path)
    if not path.is_file():
        raise error("B101", path=path)
    return sha256_of(path)


def read_pool(
    path: Path, vocab: Vocab, text_key: str = "text", on_size: Callable[[int], object] = lambda items: None
) -> Iterator[Task]:
    """The items of a pool file.

    path (Path): A .jsonl file with an object a line, a .parquet file with an object a row, a .txt file with a text a
        line, or a .spacy file, of which words and ids are taken and labels are not.
    vocab (Vocab): The vocabulary to read a .spacy file into.
    text_key (str): Key of the text in a .jsonl file.
    on_size (Callable): Told before the first item how many there are; blank lines count.
    YIELDS (Task): Items with at least a text.
    RAISES (BioactiveError): B101 to B103 for a file that holds no text, B118 for a line that is not a JSON object, B120
        for a broken .spacy or .parquet file, B323 for an item without text, B324 for another kind of file, B965 for a
        column that is none of JSON's types.
    """
    suffix = path.suffix.lower()
    if suffix == ".spacy":
        docs = open_docs(path)
        on_size(len(docs))
        for doc in unpacked(docs, vocab, path):
            meta = {"doc_id": doc.user_data["doc_id"]} if "doc_id" in doc.user_data else {}
            yield {"text": doc.text, "tokens": tokens_of(doc), "meta": meta}
    elif suffix == ".txt":
        with checked_text(path) as file:
            on_size(_count_lines(path))
            for line in file:
                yield {"text": line.rstrip("\n")}
    elif suffix in JSON_LINES:
        with checked_text(path) as file:
            on_size(_count_lines(path))
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield _item(line, text_key, path, number)
    elif suffix == PARQUET:
        yield from _rows(path, text_key, on_size)
    else:
        raise error("B324", path=path)


def text_of(eg: Any, key: str, place: str) -> str:
    """The text of a pool item.

    eg (Any): The item.
    key (str): Where its text should be.
    place (str): Where the item comes from, for the message.
    RETURNS (str): The text.
    RAISES (BioactiveError): B323 when there is no text under the key.
    """
    if not isinstance(eg, dict) or not isinstance(eg.get(key), str):
        keys = ", ".join(map(str, eg)) if isinstance(eg, dict) else type(eg).__name__
        raise error("B323", place=place, key=key, keys=keys or "none")
    text: str = eg[key]
    return text


def _rows(path: Path, text_key: str, on_size: Callable[[int], object]) -> Iterator[Task]:
    """The rows of a Parquet file, some thousand in memory at a time; values that are missing are left out."""
    from pyarrow import ArrowException, parquet

    if not path.is_file():
        raise error("B101", path=path)
    with path.open("rb") as file:
        try:
            table = parquet.ParquetFile(file)
            _check_columns(path, table.schema_arrow)
            on_size(table.metadata.num_rows)
            rows = (row for batch in table.iter_batches(ROWS) for row in batch.to_pylist())
            for number, row in enumerate(rows, start=1):
                yield _row(row, text_key, path, number)
        except (ArrowException, OSError, UnicodeDecodeError) as problem:
            raise error("B120", path=path, problem=problem) from problem


def _check_columns(path: Path, schema: Any) -> None:
    from pyarrow import types

    plain = (types.is_string, types.is_large_string, types.is_integer, types.is_floating, types.is_boolean)
    nested = (types.is_list, types.is_large_list, types.is_struct)
    fields = list(schema)
    while fields:
        field = fields.pop()
        kind = field.type
        if any(fits(kind) for fits in nested):
            fields += [kind.field(number) for number in range(kind.num_fields)]
        elif not types.is_null(kind) and not any(fits(kind) for fits in plain):
            raise error("B965", path=path, column=field.name, kind=kind)


def _row(row: Task, text_key: str, path: Path, number: int) -> Task:
    found = {key: value for key, value in row.items() if value is not None}
    text_of(found, text_key, f"{path}:{number}")
    try:
        to_json(found)
    except ValueError as problem:  # NaN, which would go on into a file that nothing else reads
        raise error("B118", path=path, line=number, problem=problem) from problem
    return found


def _count_lines(path: Path) -> int:
    lines, last = 0, b"\n"
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            lines, last = lines + chunk.count(b"\n"), chunk[-1:]
    return lines + (last != b"\n")


def _item(line: str, text_key: str, path: Path, number: int) -> Task:
    try:
        # The standard reader, as it alone can refuse NaN, which would go on into a file that nothing else reads.
        found = loads(line)
    except ValueError as problem:
        raise error("B118", path=path, line=number, problem=problem) from problem
    if not isinstance(found, dict):
        raise error("B118", path=path, line=number, problem=f"it holds a {type(found).__name__}")
    text_of(found, text_key, f"{path}:{number}")
    return found
