"""The store: datasets and their answers, in SQLite or PostgreSQL.

Answers are appended. The same answer given twice counts once; a changed answer replaces the older one of its session
in what is read back, and both stay in the database.
"""

from __future__ import annotations

import json
import tempfile
import threading
import time
import weakref
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from sqlalchemy import ColumnElement, Connection, select

from ..blocks import OnDone, blocks
from ..errors import error
from . import bulk, rows
from .database import Database
from .leases import Leases
from .rows import CHUNK, Answer
from .schema import dataset, example, link, receipt
from .tasks import SESSION_ID, Task, TaskKey, set_hashes

# For how long a count of answers is good enough for a progress bar.
COUNT_SECONDS = 10.0


class Store:
    """Datasets and answers.

    address (str | None): A database URL or the path of a SQLite file; see `database.database_url`.
    RAISES (BioactiveError): B401 to B404 when the database cannot be used.
    """

    def __init__(self, address: str | None = None) -> None:
        self.database = Database(address)
        self.leases = Leases(self.database)
        self._counts: dict[str, tuple[int, float]] = {}
        self._counting = threading.Lock()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, kind: type | None, problem: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self.database.close()

    # --- datasets

    @property
    def datasets(self) -> list[str]:
        """The names of all datasets that are no session's, in alphabetical order."""
        return self._names(session=False)

    @property
    def sessions(self) -> list[str]:
        """The names of all session datasets, in alphabetical order."""
        return self._names(session=True)

    def __contains__(self, name: object) -> bool:
        with self.database.read() as connection:
            return rows.dataset_id(connection, str(name)) is not None

    def add_dataset(self, name: str, meta: dict[str, Any] | None = None, session: bool = False) -> str:
        """Make a dataset, unless it is there.

        name (str): Its name.
        meta (dict | None): What to remember about it.
        session (bool): Whether it collects the answers of one session.
        RETURNS (str): The name.
        """
        with self.database.write() as connection:
            rows.ensure_dataset(connection, name, meta, session)
        return name

    def get_meta(self, name: str) -> dict[str, Any]:
        """What is remembered about a dataset, with `created` (seconds since 1970).

        RAISES (BioactiveError): B407 when there is no such dataset.
        """
        with self.database.read() as connection:
            row = connection.execute(select(dataset).where(dataset.c.name == name)).one_or_none()
        if row is None:
            raise self._unknown(name)
        return {**json.loads(row.meta), "created": row.created}

    def drop_dataset(self, name: str) -> int:
        """Delete a dataset and the answers that no other dataset holds.

        name (str): Its name.
        RETURNS (int): The number of answers deleted.
        RAISES (BioactiveError): B407 when there is no such dataset.
        """
        with self.database.write() as connection:
            dataset_id = rows.dataset_id(connection, name)
            if dataset_id is None:
                raise self._unknown(name)
            return rows.drop(connection, dataset_id)

    # --- answers

    def fresh(self, name: str, answers: Sequence[Answer]) -> list[Answer]:
        """The answers that the dataset does not have yet, in order.

        name (str): The dataset.
        answers (Sequence[Answer]): Answers, perhaps given before.
        RETURNS (list[Answer]): Each with an `answer_id` that the store keeps it under.
        """
        with self.database.read() as connection:
            return rows.fresh(connection, rows.dataset_id(connection, name), answers)

    def append(self, name: str, answers: Sequence[Answer], examples: Sequence[Task] | None = None) -> int:
        """Store answers, link them to the dataset and their sessions, and end the leases of their tasks.

        name (str): The dataset; it is made if need be.
        answers (Sequence[Answer]): The answers as they came. Those that are known already are left out.
        examples (Sequence[Task] | None): What to store for them when it is not their content. An older answer is
            replaced only when there is one example for each answer.
        RETURNS (int): The number of answers that were new. They are durable when this returns.
        """
        new, added = self.database.run(lambda connection: _append(connection, name, answers, examples))
        with self._counting:
            for changed, times in added.items():
                if changed in self._counts:
                    counted, at = self._counts[changed]
                    self._counts[changed] = (counted + times, at)
        return new

    def history(self, name: str, session: str, limit: int) -> list[Task]:
        """The newest answers of a session to tasks of a dataset, the newest first; of each task the newest answer.

        RETURNS (list[Task]): Answers, with `_answer_id` and `_received` (seconds since 1970).
        """
        with self.database.read() as connection:
            found = rows.history(connection, name, session, limit)
        return [
            {**json.loads(row["content"]), "_answer_id": row["answer_id"], "_received": row["received"]}
            for row in found
        ]

    def add_examples(
        self, examples: Iterable[Task], datasets: Sequence[str], on_done: OnDone = lambda items: None
    ) -> int:
        """Append finished examples as they are, for example from an export; all or none.

        examples (Iterable[Task]): Tasks with answers, read as they are needed; hashes are set where they are missing.
        datasets (Sequence[str]): The datasets to add them to.
        on_done (Callable): Told how many examples are done since it was told last.
        RETURNS (int): The number of rows that were new to the first of them: the same list twice adds nothing.
        """
        added = 0
        with self.database.write() as connection:
            numbers = [rows.ensure_dataset(connection, name) for name in datasets]
            met: Counter[str] = Counter()
            for batch in blocks(examples, CHUNK):
                answers = [_imported(content, met) for content in batch]
                there = bulk.known(connection, numbers[0], [answer.answer_id for answer in answers])
                new = [answer for answer in answers if answer.answer_id not in there]
                bulk.append_all(connection, numbers, new)
                added += len(new)
                on_done(len(batch))
        return added

    def times(self, name: str) -> list[tuple[str, float | None, float | None, float]]:
        """When answers were given: session, shown, answered and received (seconds since 1970), oldest first."""
        query = select(receipt.c.session, receipt.c.shown, receipt.c.answered, receipt.c.received).join(dataset)
        with self.database.read() as connection:
            found = connection.execute(query.where(dataset.c.name == name).order_by(receipt.c.id)).all()
        return [(row.session, row.shown, row.answered, row.received) for row in found]

    def count_dataset(self, name: str) -> int:
        """The number of answers that count: replaced ones do not."""
        with self.database.read() as connection:
            number = rows.dataset_id(connection, name)
            return 0 if number is None else rows.count(connection, number)

    def recent_count(self, name: str) -> int:
        """As `count_dataset`, but what other programs added in the last seconds may be missing."""
        with self._counting:
            counted, at = self._counts.get(name, (None, 0.0))
            if counted is not None and time.monotonic() - at >= COUNT_SECONDS:
                # This thread counts, which takes long where there are many; the others go by the old count meanwhile.
                self._counts[name] = (counted, time.monotonic())
                counted = None
        if counted is None:
            counted = self.count_dataset(name)
            with self._counting:
                self._counts[name] = (counted, time.monotonic())
        return counted

    def iter_examples(self, name: str) -> Iterator[Task]:
        """The answers of a dataset, oldest first; of answers to one task by one session, the newest.

        name (str): The dataset.
        YIELDS (Task): Examples.
        RAISES (BioactiveError): B407 when there is no such dataset.
        """
        with self.database.read() as connection:
            number = rows.dataset_id(connection, name)
        if number is None:
            raise self._unknown(name)
        last = 0
        while True:
            with self.database.read() as connection:
                found = rows.page(connection, number, last)
            for row in found:
                yield json.loads(row.content)
            if len(found) < CHUNK:
                return
            last = found[-1].id

    def get_dataset_examples(self, name: str) -> list[Task]:
        """All answers of a dataset; none for one that is not there. See `iter_examples`."""
        return list(self.iter_examples(name)) if name in self else []

    # The name that older recipes use.
    get_dataset = get_dataset_examples

    def get_input_hashes(self, *names: str | Iterable[str]) -> set[int]:
        """The input hashes of everything in these datasets."""
        return self._hashes(example.c.input_hash, _flat(names))

    def get_task_hashes(self, *names: str | Iterable[str]) -> set[int]:
        """The task hashes of everything in these datasets."""
        return self._hashes(example.c.task_hash, _flat(names))

    @property
    def db_name(self) -> str:
        """The address of the database, without its password."""
        return self.database.name

    def answered(self, names: Sequence[str], keys: Sequence[TaskKey], by: str = "task") -> set[TaskKey]:
        """Which tasks these datasets have an answer to.

        names (Sequence[str]): Datasets.
        keys (Sequence[TaskKey]): The tasks to look for.
        by (str): "task": the same question; "input": any question about the same input.
        RETURNS (set[TaskKey]): Those of `keys` that are answered.
        """
        with self.database.read() as connection:
            return rows.answered(connection, names, keys, by)

    def answerers(self, name: str, keys: Sequence[TaskKey], by: str, since: float = 0.0) -> dict[TaskKey, set[str]]:
        """Which sessions answered tasks in a dataset.

        name (str): The dataset.
        keys (Sequence[TaskKey]): The tasks.
        by (str): "task" or "input", as in `answered`.
        since (float): Leave out answers received before this time, in seconds since 1970.
        RETURNS (dict[TaskKey, set[str]]): The sessions, for those of `keys` that have any.
        """
        with self.database.read() as connection:
            number = rows.dataset_id(connection, name)
            return {} if number is None else rows.answerers(connection, number, keys, by, since)

    def _hashes(self, column: ColumnElement[int], names: Sequence[str]) -> set[int]:
        query = select(column).join(link, link.c.example_id == example.c.id).join(dataset)
        with self.database.read() as connection:
            return set(connection.execute(query.where(dataset.c.name.in_(names)).distinct()).scalars())

    def _names(self, session: bool) -> list[str]:
        query = select(dataset.c.name).where(dataset.c.session.is_(session)).order_by(dataset.c.name)
        with self.database.read() as connection:
            return list(connection.execute(query).scalars())

    def _unknown(self, name: str) -> Exception:
        known = ", ".join(self.datasets) or "none"
        return error("B407", name=name, url=self.database.name, known=known)


def _flat(names: Iterable[str | Iterable[str]]) -> list[str]:
    return [each for name in names for each in ([name] if isinstance(name, str) else name)]


def throwaway() -> Store:
    """A store in a temporary folder that is deleted with it, for answers that nobody wants to keep."""
    folder = tempfile.TemporaryDirectory(prefix="bioactive-unsaved-", ignore_cleanup_errors=True)
    store = Store(str(Path(folder.name) / "unsaved.db"))
    weakref.finalize(store, folder.cleanup)
    return store


def _imported(content: Task, met: Counter[str]) -> Answer:
    """A finished example as an answer; the same content has another name each time that it is met."""
    content = set_hashes(content)
    name = rows.digest(content)
    met[name] += 1
    return Answer(content, str(content.get(SESSION_ID) or ""), f"import-{name}-{met[name]}")


def _append(
    connection: Connection, name: str, answers: Sequence[Answer], examples: Sequence[Task] | None
) -> tuple[int, Counter[str]]:
    """Store answers; returns how many were new, and by how much the count of each dataset grew."""
    dataset_id = rows.ensure_dataset(connection, name)
    new = rows.fresh(connection, dataset_id, answers)
    added: Counter[str] = Counter()
    if examples is None:
        examples = [answer.content for answer in new]
    if len(examples) == len(new):
        for answer, content in zip(new, examples, strict=True):
            replaced = rows.append_one(connection, dataset_id, answer, content)
            added.update({} if replaced else {name: 1, answer.session: 1})
    elif new:
        for content in examples:
            session = content.get(SESSION_ID) or new[0].session
            rows.add_example(connection, dataset_id, content, session)
            added.update([name, session])
        for answer in new:
            rows.add_receipt(connection, dataset_id, answer, None)
    return len(new), added
