"""Loaders: sources of tasks by their format, and `get_stream`, which opens any of them."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TextIO

from ..errors import error
from ..strict_json import loads
from .filters import filter_duplicates
from .loaders import STANDARD_INPUT, load_source
from .stream import Stream
from .tasks import ANNOTATOR_ID, SESSION_ID, TIMESTAMP, VIEW_ID, Task, set_hashes

DATASET = "dataset:"
Source = str | Path | Iterable[Task] | None
ANSWER_KEYS = frozenset({"answer", SESSION_ID, ANNOTATOR_ID, TIMESTAMP, VIEW_ID})


def JSONL(source: str | Path) -> Iterator[Task]:
    """The tasks of a file of JSON lines; a line that cannot be read is named and skipped.

    RAISES (BioactiveError): B408 without a file.
    """
    return _named(source, ".jsonl")


def TXT(source: str | Path) -> Iterator[Task]:
    """A task for each line of a text file that is not empty.

    RAISES (BioactiveError): B408 without a file.
    """
    return _named(source, ".txt")


def JSON(source: str | Path) -> Iterator[Task]:
    """The tasks of a file that holds one JSON list.

    RAISES (BioactiveError): B408 for a file that is something else.
    """
    path = _existing(source)
    try:
        found = loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, OSError) as problem:
        raise error("B408", path=path, reason=f"not JSON ({problem})") from problem
    if not isinstance(found, list) or not all(isinstance(task, dict) for task in found):
        raise error("B408", path=path, reason="no JSON list of tasks")
    return iter(found)


def CSV(source: str | Path, delimiter: str = ",", **options: Any) -> Iterator[Task]:
    """A task for each row of a table with a header. Its columns `text` and `label`, in any case, are the task's; the
    others are its `meta`.

    RAISES (BioactiveError): B408 without a file.
    """
    return _rows(_existing(source), delimiter, options)


def TSV(source: str | Path) -> Iterator[Task]:
    """As `CSV`, with tabs between the columns."""
    return CSV(source, delimiter="\t")


LOADERS: dict[str, Callable[..., Iterable[Task]]] = {"jsonl": JSONL, "json": JSON, "txt": TXT, "csv": CSV, "tsv": TSV}


def get_loader(name: str | None = None, file_path: str | Path | None = None) -> Callable[..., Iterable[Task]]:
    """A loader by its name, or by the ending of a file.

    RAISES (BioactiveError): B614 when there is none.
    """
    wanted = (name or Path(file_path or "").suffix.lstrip(".")).lower()
    if wanted not in LOADERS:
        raise error("B614", name=wanted, known=", ".join(LOADERS))
    return LOADERS[wanted]


def get_stream(
    source: Source,
    api: str | None = None,
    loader: str | Callable[..., Iterable[Task]] | None = None,
    rehash: bool = False,
    dedup: bool = False,
    input_key: str | None = None,
    is_binary: bool | None = None,
    **options: Any,
) -> Stream:
    """Open a source of tasks.

    source (Source): A file, "-" or nothing for JSON lines on standard input, `dataset:NAME` or `dataset:NAME:ANSWER`
        for the answers of a dataset, or the tasks themselves.
    api (str | None): Kept for old recipes; only None will do.
    loader (str | Callable | None): How to read it; by default the ending of the file decides.
    rehash (bool): Compute the hashes anew even where the tasks have them.
    dedup (bool): Leave out tasks that came before.
    input_key (str | None): Leave out tasks without this key.
    is_binary (bool | None): Whether a task is answered with yes or no; nothing depends on it here.
    options (Any): For the loader.
    RETURNS (Stream): Tasks with hashes.
    RAISES (BioactiveError): B407, B408 or B614 when the source cannot be opened.
    """
    if api is not None:
        raise error("B614", name=api, known=", ".join(LOADERS))
    stream = _open(source, loader, options)
    if input_key is not None:
        stream.apply(lambda tasks: (task for task in tasks if task.get(input_key)))
    stream.apply(lambda tasks: (set_hashes(task, overwrite=rehash) for task in tasks))
    if dedup:
        stream.apply(filter_duplicates, by_input=False)
    return stream


def read_records(file: TextIO) -> Iterator[Task]:
    """The objects of JSON lines; empty lines are passed over."""
    for line in file:
        if line.strip():
            yield loads(line)


def _rows(path: Path, delimiter: str, options: Mapping[str, Any]) -> Iterator[Task]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file, delimiter=delimiter, **options)
        for row in _readable(rows, path):
            own = {key.lower(): value for key, value in row.items() if key and key.lower() in ("text", "label")}
            meta = {key: value for key, value in row.items() if key and key.lower() not in own}
            yield {**own, **({"meta": meta} if meta else {})}


def _readable(rows: csv.DictReader[str], path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a table.

    RAISES (BioactiveError): B409 for a row that cannot be read.
    """
    try:
        yield from rows
    except (csv.Error, UnicodeDecodeError) as problem:
        raise error("B409", path=path, line=rows.line_num + 1, reason=problem) from problem


def _open(source: Source, loader: str | Callable[..., Iterable[Task]] | None, options: Mapping[str, Any]) -> Stream:
    if source is None or str(source) == STANDARD_INPUT:
        return load_source(STANDARD_INPUT) if loader is None else Stream(read_records(sys.stdin))
    if not isinstance(source, (str, Path)):
        return Stream.from_iterable(source)
    if str(source).startswith(DATASET):
        return Stream(_of_dataset(str(source).removeprefix(DATASET)))
    if callable(loader):
        return Stream.from_iterable(loader(source, **options))
    if loader is None and Path(source).suffix in (".jsonl", ".txt", ".spacy"):
        return load_source(source, keys=())
    return Stream(get_loader(loader, _existing(source))(source, **options))


def _of_dataset(name: str) -> list[Task]:
    from .settings_files import default_database
    from .store import Store

    name, _, answer = name.partition(":")
    with Store(default_database()) as store:
        examples = list(store.iter_examples(name))
    wanted = [example for example in examples if not answer or example.get("answer") == answer]
    return [{key: value for key, value in example.items() if key not in ANSWER_KEYS} for example in wanted]


def _existing(source: str | Path) -> Path:
    path = Path(source).expanduser()
    if not path.is_file():
        raise error("B408", path=path, reason="there is no such file")
    return path


def _named(source: str | Path, ending: str) -> Iterator[Task]:
    if str(source) == STANDARD_INPUT:
        return read_records(sys.stdin)
    path = _existing(source)
    return load_source(path, keys=(), ending=ending)
