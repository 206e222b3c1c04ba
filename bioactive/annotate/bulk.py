"""Many finished examples at once: as `rows`, inside a transaction that the caller holds, but a batch a statement.

A statement costs more than the rows in it, on PostgreSQL many times as much.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table, bindparam, insert, select

from . import rows
from .rows import Answer
from .schema import example, lease, link, receipt
from .tasks import Task, key_of, to_json

_KNOWN = select(receipt.c.answer_id).where(
    receipt.c.dataset_id == bindparam("dataset_id"), receipt.c.answer_id.in_(bindparam("wanted", expanding=True))
)


def insert_all(connection: Connection, table: Table, values: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows, as many with each statement as the database takes."""
    if not values:
        return
    # Only with RETURNING does SQLAlchemy write several rows into one statement for psycopg.
    several = connection.dialect.insert_executemany_returning
    statement = insert(table).returning(next(iter(table.primary_key.columns))) if several else insert(table)
    connection.execute(statement, values)


def known(connection: Connection, dataset_id: int, answer_ids: Sequence[str]) -> set[str]:
    """Those of these answers that a dataset has a receipt for; `CHUNK` of them at most."""
    found = connection.execute(_KNOWN, {"dataset_id": dataset_id, "wanted": list(answer_ids)})
    return set(found.scalars())


def add_examples(connection: Connection, contents: Sequence[Task]) -> list[int]:
    """Insert rows with these contents, linked to nothing yet; returns their numbers in the same order."""
    values = [
        {"input_hash": key_of(content)[0], "task_hash": key_of(content)[1], "content": to_json(content)}
        for content in contents
    ]
    if not connection.dialect.insert_executemany_returning_sort_by_parameter_order:
        return [rows.inserted(connection, insert(example), row) for row in values]
    found = connection.execute(insert(example).returning(example.c.id, sort_by_parameter_order=True), values)
    return list(found.scalars())


def append_all(connection: Connection, dataset_ids: Sequence[int], answers: Sequence[Answer]) -> None:
    """Store answers with their links, and with receipts in the first of the datasets.

    dataset_ids (Sequence[int]): The datasets; each answer is linked to that of its session too.
    answers (Sequence[Answer]): Answers that are new to the first dataset. None takes the place of an older one.
    """
    if not answers:
        return
    names = {answer.session for answer in answers if answer.session}
    sessions = {name: rows.ensure_dataset(connection, name, session=True) for name in sorted(names)}
    numbers = add_examples(connection, [answer.content for answer in answers])
    places: list[dict[str, int]] = []
    for number, answer in zip(numbers, answers, strict=True):
        own = [sessions[answer.session]] if answer.session else []
        places += [{"example_id": number, "dataset_id": place} for place in dict.fromkeys([*dataset_ids, *own])]
    insert_all(connection, link, places)
    add_receipts(connection, dataset_ids[0], answers, numbers)


def add_receipts(connection: Connection, dataset_id: int, answers: Sequence[Answer], numbers: Sequence[int]) -> None:
    """Record that answers were taken, and end their sessions' leases of the tasks."""
    pairs = zip(answers, numbers, strict=True)
    insert_all(connection, receipt, [rows.receipt_values(dataset_id, answer, number) for answer, number in pairs])
    held = select(lease.c.session, lease.c.input_hash, lease.c.task_hash).where(lease.c.dataset_id == dataset_id)
    out = {tuple(row) for row in connection.execute(held)}
    for answer in answers:
        if (answer.session, *answer.key) in out:
            rows.end_lease(connection, dataset_id, answer)
