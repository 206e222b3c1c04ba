"""Taking over a SQLite database of Prodigy: datasets, sessions, examples and links, whole or not at all."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, insert

from ..blocks import blocks
from ..errors import error
from ..strict_json import loads
from . import bulk, rows
from .rows import CHUNK, Answer
from .schema import dataset, link
from .store import Store
from .tasks import INPUT_HASH, SESSION_ID, TASK_HASH, TIMESTAMP, Task, set_hashes, to_json

COLUMNS = {
    "dataset": ("id", "name", "created", "meta", "session"),
    "example": ("id", "input_hash", "task_hash", "content"),
    "link": ("id", "example_id", "dataset_id"),
}


@dataclass(frozen=True)
class TakenOver:
    """What was taken over: datasets, sessions, examples, and the places of examples in datasets."""

    datasets: int
    sessions: int
    examples: int
    links: int


def take_over(path: Path, store: Store) -> TakenOver:
    """Read a Prodigy database into a store.

    path (Path): The SQLite file; it is only read.
    store (Store): Where it goes; it may hold other datasets.
    RETURNS (TakenOver): What was read.
    RAISES (BioactiveError): B610 for a file that is no such database, B611 when the store has one of its datasets.
    """
    if not path.is_file():
        raise error("B610", path=path, reason="there is no such file")
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as source:
            source.row_factory = sqlite3.Row
            _check(source, path)
            with store.database.write() as target:
                return _copy(source, target, store.db_name, path)
    except sqlite3.DatabaseError as problem:
        raise error("B610", path=path, reason=str(problem)) from problem


def _check(source: sqlite3.Connection, path: Path) -> None:
    for table, columns in COLUMNS.items():
        found = {row["name"] for row in source.execute(f"PRAGMA table_info({table})")}
        if not found.issuperset(columns):
            missing = ", ".join(sorted(set(columns) - found))
            raise error("B610", path=path, reason=f"its table {table!r} has no {missing}")


def _copy(source: sqlite3.Connection, target: Connection, url: str, path: Path) -> TakenOver:
    numbers, sessions = _datasets(source, target, url, path)
    made: dict[int, tuple[int, Task]] = {}
    found = source.execute("SELECT id, input_hash, task_hash, content FROM example ORDER BY id")
    for batch in blocks(found, CHUNK):
        contents = [_content(row, path) for row in batch]
        added = zip(bulk.add_examples(target, contents), contents, strict=True)
        made.update(zip((row["id"] for row in batch), added, strict=True))
    links = 0
    # A row that points nowhere holds no answer.
    linked = (pair for pair in _links(source) if pair[0] in made and pair[1] in numbers)
    for pairs in blocks(linked, CHUNK):
        places = [{"example_id": made[old][0], "dataset_id": numbers[place]} for old, place in pairs]
        bulk.insert_all(target, link, places)
        links += len(places)
        for place in {place for _, place in pairs} - sessions:
            olds = [old for old, other in pairs if other == place]
            answers = [_answer(made[old][1], old) for old in olds]
            bulk.add_receipts(target, numbers[place], answers, [made[old][0] for old in olds])
    return TakenOver(len(numbers) - len(sessions), len(sessions), len(made), links)


def _datasets(source: sqlite3.Connection, target: Connection, url: str, path: Path) -> tuple[dict[int, int], set[int]]:
    """The new number of each dataset by its old one, and the old numbers of those that are a session's."""
    numbers: dict[int, int] = {}
    sessions: set[int] = set()
    for row in source.execute("SELECT id, name, created, meta, session FROM dataset ORDER BY id"):
        name = str(row["name"])
        if rows.dataset_id(target, name) is not None:
            raise error("B611", name=name, url=url)
        values = {
            "name": name,
            "created": _number(row, "created", path) or int(time.time()),
            "meta": to_json(_object(row, "meta", path, {})),
            "session": bool(row["session"]),
        }
        key = target.execute(insert(dataset).values(**values)).inserted_primary_key
        assert key is not None
        numbers[row["id"]] = int(key[0])
        if row["session"]:
            sessions.add(row["id"])
    return numbers, sessions


def _links(source: sqlite3.Connection) -> Iterator[tuple[int, int]]:
    query = "SELECT MIN(id) AS first, example_id, dataset_id FROM link GROUP BY example_id, dataset_id ORDER BY first"
    for row in source.execute(query):
        yield row["example_id"], row["dataset_id"]


def _content(row: sqlite3.Row, path: Path) -> Task:
    # What the columns say is what Prodigy goes by.
    known = {INPUT_HASH: _number(row, "input_hash", path), TASK_HASH: _number(row, "task_hash", path)}
    given = {key: value for key, value in known.items() if value is not None}
    return set_hashes({**_object(row, "content", path), **given})


def _answer(content: Task, old: int) -> Answer:
    """Who answered, so that nobody is asked again."""
    answered = content.get(TIMESTAMP)
    # A number beyond what SQLite and PostgreSQL keep is no time.
    when = float(answered) if isinstance(answered, (int, float)) and abs(answered) < 1 << 53 else None
    return Answer(content, str(content.get(SESSION_ID) or ""), f"prodigy-{old}", None, when)


def _number(row: sqlite3.Row, column: str, path: Path) -> int | None:
    """A number; SQLite keeps anything in a column of numbers."""
    value = row[column]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if value is not None and not isinstance(value, int):
        raise error("B610", path=path, reason=f"{column} of row {row['id']} is no number")
    return value


def _object(row: sqlite3.Row, column: str, path: Path, missing: Task | None = None) -> Task:
    """A JSON object, as text or as bytes; `missing` stands where there is none."""
    value = row[column]
    try:
        found = None if value is None else loads(value)
    except (ValueError, TypeError) as problem:
        raise error("B610", path=path, reason=f"{column} of row {row['id']} is not JSON ({problem})") from problem
    found = missing if found is None else found
    if not isinstance(found, dict):
        raise error("B610", path=path, reason=f"{column} of row {row['id']} is no JSON object")
    return found
