"""The row operations of the store; each runs inside a transaction that the caller holds."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, bindparam, delete, exists, func, insert, literal_column, select

from .schema import dataset, example, lease, link, receipt
from .tasks import ANNOTATOR_ID, TIMESTAMP, Task, TaskKey, key_of, to_json

# Rows read or hashes asked for at a time: below every database's limit of bound parameters.
CHUNK = 500

# What every request asks is built once: putting a query together costs as much as asking it.
_DATASET = select(dataset.c.id).where(dataset.c.name == bindparam("name"))
_HAS_RECEIPT = select(receipt.c.id).where(
    receipt.c.dataset_id == bindparam("dataset_id"), receipt.c.answer_id == bindparam("answer_id")
)
_OF_SLOT = tuple(
    column == bindparam(column.name)
    for column in (receipt.c.dataset_id, receipt.c.session, receipt.c.input_hash, receipt.c.task_hash)
)
_NEWEST = select(receipt.c.digest).where(*_OF_SLOT).order_by(receipt.c.id.desc()).limit(1)
_TIMES = select(func.count()).select_from(receipt).where(*_OF_SLOT)
_ANSWERED_ROW = select(receipt.c.example_id).where(*_OF_SLOT).order_by(receipt.c.id.desc()).limit(1)
_END_LEASE = delete(lease).where(
    *(lease.c[name] == bindparam(f"held_{name}") for name in ("dataset_id", "session", "input_hash", "task_hash"))
)
_IDS = select(dataset.c.id).where(dataset.c.name.in_(bindparam("names", expanding=True)))
# From a task to its few links. As a join, PostgreSQL would go through all links of the dataset: it expects as many of
# them as datasets have on the mean, those of sessions among them, and not a million.
_HAS_LINK = (
    select(func.count())
    .select_from(link)
    .where(link.c.example_id == example.c.id, link.c.dataset_id.in_(bindparam("ids", expanding=True)))
    .correlate(example)
    .scalar_subquery()
    > 0
)
_ANSWERED = {
    name: select(example.c.input_hash, example.c.task_hash)
    .where(column.in_(bindparam("wanted", expanding=True)), _HAS_LINK)
    .distinct()
    for name, column in (("input", example.c.input_hash), ("task", example.c.task_hash))
}
_NEWER = example.alias("newer")
# A page costs the same in front as at the end: PostgreSQL does not conclude from one bound to the other, and where the
# limit is a parameter it plans for a tenth of all rows.
_PAGE = (
    select(example.c.id, example.c.content)
    .join(link, link.c.example_id == example.c.id)
    .where(
        link.c.dataset_id == bindparam("dataset_id"),
        link.c.example_id > bindparam("last"),
        example.c.id > bindparam("last"),
    )
    .where(~exists().where(_NEWER.c.replaces == example.c.id))
    .order_by(link.c.example_id)
    .limit(literal_column(str(CHUNK)))
)
# Answers that a newer one replaces do not count. Both parts are read off indexes, without looking at an answer.
_LINKED = select(func.count()).select_from(link).where(link.c.dataset_id == bindparam("number")).scalar_subquery()
_REPLACED = (
    select(func.count())
    .select_from(example.join(link, link.c.example_id == example.c.replaces))
    .where(example.c.replaces.is_not(None), link.c.dataset_id == bindparam("number"))
    .scalar_subquery()
)
_COUNT = select(_LINKED - _REPLACED)


@dataclass(frozen=True)
class Answer:
    """An answer on its way into the store.

    content (Task): The task with its answer, as it came.
    session (str): The session that gave it.
    answer_id (str): The client's own name for it, "" without one: a replay brings the same name again.
    shown, answered (float | None): Seconds since 1970, by the client's clock.
    """

    content: Task
    session: str
    answer_id: str = ""
    shown: float | None = None
    answered: float | None = None

    @cached_property
    def key(self) -> TaskKey:
        """The task that it answers."""
        return key_of(self.content)

    @cached_property
    def digest(self) -> str:
        """Equal for equal answers, whenever they were given."""
        return digest({key: value for key, value in self.content.items() if key != TIMESTAMP})


def digest(content: Task) -> str:
    """A name for a content: equal only for equal contents."""
    return hashlib.sha256(to_json(content, sort_keys=True).encode("ascii")).hexdigest()[:40]


def answered(connection: Connection, names: Sequence[str], keys: Sequence[TaskKey], by: str) -> set[TaskKey]:
    """As `Store.answered`, inside a transaction."""
    query = _ANSWERED["input" if by == "input" else "task"]
    position = 0 if by == "input" else 1
    found: set[tuple[int, ...]] = set()
    ids = list(connection.execute(_IDS, {"names": list(names)}).scalars()) if keys else []
    for start in range(0, len(keys) if ids else 0, CHUNK):
        wanted = [key[position] for key in keys[start : start + CHUNK]]
        rows = connection.execute(query, {"ids": ids, "wanted": wanted})
        found.update((row[0],) if by == "input" else (row[0], row[1]) for row in rows)
    return {key for key in keys if (key[:1] if by == "input" else key) in found}


def answerers(
    connection: Connection, dataset_id: int, keys: Sequence[TaskKey], by: str, since: float
) -> dict[TaskKey, set[str]]:
    """Which sessions answered tasks in a dataset.

    connection (Connection): In a transaction.
    dataset_id (int): The dataset.
    keys (Sequence[TaskKey]): The tasks.
    by (str): "task" or "input", as in `Store.answered`.
    since (float): Leave out answers that were received before this time, in seconds since 1970.
    RETURNS (dict[TaskKey, set[str]]): The sessions, for those of `keys` that have any.
    """
    column, length = (receipt.c.input_hash, 1) if by == "input" else (receipt.c.task_hash, 2)
    found: dict[tuple[int, ...], set[str]] = {}
    for start in range(0, len(keys), CHUNK):
        wanted = [key[length - 1] for key in keys[start : start + CHUNK]]
        query = select(receipt.c.input_hash, receipt.c.task_hash, receipt.c.session).distinct()
        query = query.where(receipt.c.dataset_id == dataset_id, column.in_(wanted), receipt.c.received >= since)
        for row in connection.execute(query):
            found.setdefault((row.input_hash, row.task_hash)[:length], set()).add(row.session)
    return {key: found[key[:length]] for key in keys if key[:length] in found}


def dataset_id(connection: Connection, name: str) -> int | None:
    """The number of a dataset; None when there is none of that name."""
    return connection.execute(_DATASET, {"name": name}).scalar_one_or_none()


def count(connection: Connection, dataset_id: int) -> int:
    """How many rows of a dataset count, as in `page`."""
    return int(connection.execute(_COUNT, {"number": dataset_id}).scalar_one())


def ensure_dataset(connection: Connection, name: str, meta: dict[str, Any] | None = None, session: bool = False) -> int:
    """The number of a dataset, made if need be."""
    found = dataset_id(connection, name)
    if found is not None:
        return found
    values = {"name": name, "created": int(time.time()), "meta": to_json(meta or {}), "session": session}
    return inserted(connection, insert(dataset), values)


def page(connection: Connection, dataset_id: int, last: int) -> Sequence[Any]:
    """The next rows of a dataset (`id`, `content`) after number `last`, without those that a newer answer replaces."""
    return connection.execute(_PAGE, {"dataset_id": dataset_id, "last": last}).all()


def fresh(connection: Connection, dataset_id: int | None, answers: Sequence[Answer]) -> list[Answer]:
    """As `Store.fresh`. Without an answer_id, an answer is known when it equals the newest one of its session."""
    new: list[Answer] = []
    met: set[str] = set()
    newest: dict[tuple[str, TaskKey], tuple[str, int]] = {}
    named = all(answer.answer_id for answer in answers)
    for answer in answers:
        slot = (answer.session, answer.key)
        if named:
            newest[slot] = "", 0  # nobody asks for it
        elif slot not in newest:
            newest[slot] = _newest(connection, dataset_id, answer)
        last, count = newest[slot]
        if answer.answer_id:
            known = answer.answer_id in met or _has_receipt(connection, dataset_id, answer.answer_id)
        else:
            known = last == answer.digest
            answer = replace(answer, answer_id=f"{answer.digest}-{slot[0]}-{count}"[:128])
        if not known:
            new.append(answer)
            met.add(answer.answer_id)
            newest[slot] = (answer.digest, count + 1)
    return new


def append_one(connection: Connection, dataset_id: int, answer: Answer, content: Task) -> bool:
    """Store one answer with its links and its receipt; its session's lease of the task ends.

    RETURNS (bool): Whether it took the place of an older answer of the same session to the same task.
    """
    older = _answered_row(connection, dataset_id, answer)
    number = add_example(connection, dataset_id, content, answer.session, older)
    add_receipt(connection, dataset_id, answer, number)
    return older is not None


def add_example(
    connection: Connection, dataset_id: int, content: Task, session: str, replaces: int | None = None
) -> int:
    """Insert a row, linked to the dataset and to its session's dataset."""
    input_hash, task_hash = key_of(content)
    values = {"input_hash": input_hash, "task_hash": task_hash, "content": to_json(content), "replaces": replaces}
    number = inserted(connection, insert(example), values)
    connection.execute(insert(link), {"example_id": number, "dataset_id": dataset_id})
    if session:
        session_id = ensure_dataset(connection, session, session=True)
        if session_id != dataset_id:
            connection.execute(insert(link), {"example_id": number, "dataset_id": session_id})
    return number


def add_receipt(connection: Connection, dataset_id: int, answer: Answer, example_id: int | None) -> None:
    """Record that an answer was taken, and end its session's lease of the task."""
    connection.execute(insert(receipt), receipt_values(dataset_id, answer, example_id))
    end_lease(connection, dataset_id, answer)


def receipt_values(dataset_id: int, answer: Answer, example_id: int | None) -> dict[str, Any]:
    """The columns of an answer's receipt."""
    return {
        **_slot(dataset_id, answer),
        "example_id": example_id,
        "answer_id": answer.answer_id,
        "digest": answer.digest,
        "shown": answer.shown,
        "answered": answer.answered,
        "received": time.time(),
        **provenance(answer.content),
    }


def end_lease(connection: Connection, dataset_id: int, answer: Answer) -> None:
    """End the lease that the session of an answer has of its task."""
    connection.execute(_END_LEASE, {f"held_{name}": value for name, value in _slot(dataset_id, answer).items()})


def provenance(content: Task) -> dict[str, Any]:
    """Who answered a task and why it was asked, as columns of a receipt; None for what it does not say."""
    meta = content.get("meta")
    meta = meta if isinstance(meta, dict) else {}
    sources = [span.get("source") for span in content.get("spans") or [] if isinstance(span, dict)]
    model = content.get("model") or meta.get("model") or next(filter(None, sources), None)
    score = content.get("score", meta.get("score"))
    texts = {"annotator": content.get(ANNOTATOR_ID), "model": model, "measure": meta.get("measure")}
    columns: dict[str, Any] = {name: None if value is None else str(value)[:255] for name, value in texts.items()}
    return {**columns, "score": float(score) if isinstance(score, (int, float)) else None}


def history(connection: Connection, name: str, session: str, limit: int) -> list[dict[str, Any]]:
    """The newest answers of a session, the newest first.

    connection (Connection): In a transaction.
    name (str): The dataset.
    session (str): The session.
    limit (int): How many at most.
    RETURNS (list[dict]): `content` (JSON), `answer_id` and `received`; only answers that none replaced.
    """
    query = select(example.c.content, receipt.c.answer_id, receipt.c.received).select_from(receipt)
    query = query.join(example, example.c.id == receipt.c.example_id)
    query = query.where(receipt.c.dataset_id == dataset_id(connection, name), receipt.c.session == session)
    query = query.where(~exists().where(_NEWER.c.replaces == example.c.id)).order_by(receipt.c.id.desc()).limit(limit)
    return [dict(row._mapping) for row in connection.execute(query)]


def drop(connection: Connection, dataset_id: int) -> int:
    """Delete a dataset with the answers that no other dataset holds; session datasets do not count.

    RETURNS (int): The number of answers deleted.
    """
    mine = set(connection.execute(select(link.c.example_id).where(link.c.dataset_id == dataset_id)).scalars())
    for table in (link, receipt, lease):
        connection.execute(delete(table).where(table.c.dataset_id == dataset_id))
    for chunk in _chunks(sorted(mine)):
        others = select(link.c.example_id).join(dataset).where(link.c.example_id.in_(chunk), ~dataset.c.session)
        mine -= set(connection.execute(others).scalars())
    # Newest first: a row goes before the older one that it replaces.
    for chunk in _chunks(sorted(mine, reverse=True)):
        connection.execute(delete(link).where(link.c.example_id.in_(chunk)))
        connection.execute(delete(example).where(example.c.id.in_(chunk)))
    connection.execute(delete(dataset).where(dataset.c.id == dataset_id))
    linked = select(link.c.dataset_id)
    connection.execute(delete(dataset).where(dataset.c.session, dataset.c.id.not_in(linked)))
    return len(mine)


def _chunks(numbers: list[int]) -> list[list[int]]:
    return [numbers[start : start + CHUNK] for start in range(0, len(numbers), CHUNK)]


def inserted(connection: Connection, statement: Any, values: dict[str, Any]) -> int:
    """Insert one row; returns its number."""
    key = connection.execute(statement, values).inserted_primary_key
    assert key is not None
    return int(key[0])


def _has_receipt(connection: Connection, dataset_id: int | None, answer_id: str) -> bool:
    wanted = {"dataset_id": dataset_id, "answer_id": answer_id}
    return connection.execute(_HAS_RECEIPT, wanted).first() is not None


def _slot(dataset_id: int | None, answer: Answer) -> dict[str, Any]:
    """What the answers of one session to one task have in common."""
    input_hash, task_hash = answer.key
    return {
        "dataset_id": dataset_id,
        "session": answer.session,
        "input_hash": input_hash,
        "task_hash": task_hash,
    }


def _newest(connection: Connection, dataset_id: int | None, answer: Answer) -> tuple[str, int]:
    """The digest of the newest answer of this session to this task ("" without one), and how many there are."""
    slot = _slot(dataset_id, answer)
    row = connection.execute(_NEWEST, slot).first()
    return ("", 0) if row is None else (row.digest, int(connection.execute(_TIMES, slot).scalar_one()))


def _answered_row(connection: Connection, dataset_id: int, answer: Answer) -> int | None:
    """The row that holds the newest answer of this session to this task."""
    return connection.execute(_ANSWERED_ROW, _slot(dataset_id, answer)).scalar_one_or_none()
