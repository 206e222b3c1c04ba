"""Leases: which task is out at which session, and until when.

A lease is kept in the database, so that a task which is out stays out when the server is killed and starts again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, insert, select, update

from . import rows
from .database import Database
from .schema import dataset, lease
from .tasks import TaskKey


@dataclass(frozen=True)
class Taken:
    """What became of tasks that a session asked for; the rest is out at other sessions.

    leased (set[TaskKey]): Leased to the session now.
    answered (set[TaskKey]): Answered already.
    """

    leased: set[TaskKey]
    answered: set[TaskKey]


class Leases:
    """The leases in a database.

    database (Database): The database.
    clock (Callable[[], float]): Gives seconds since 1970.
    """

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self.database = database
        self.clock = clock

    def take(
        self,
        name: str,
        session: str,
        keys: Sequence[TaskKey],
        limit: int,
        seconds: float,
        exclude: Sequence[str],
        by: str = "task",
    ) -> Taken:
        """Lease tasks to a session: those that nobody answered and that are out at no other session.

        name (str): The dataset that the answers go to.
        session (str): The session that asks.
        keys (Sequence[TaskKey]): The tasks.
        limit (int): How many of them at most.
        seconds (float): How long the leases run, unless the session is heard of again.
        exclude (Sequence[str]): Datasets whose tasks count as answered.
        by (str): "task" or "input", as in `Store.answered`.
        RETURNS (Taken): What became of them. Looking and taking is one transaction.
        """
        now = self.clock()
        with self.database.write() as connection:
            dataset_id = rows.ensure_dataset(connection, name)
            answered = rows.answered(connection, exclude, keys, by)
            held = _holders(connection, dataset_id, keys, now)
            free = [key for key in dict.fromkeys(keys) if key not in answered and held.get(key, session) == session]
            for key in free[:limit]:
                _put(connection, dataset_id, key, session, now, now + seconds)
        return Taken(set(free[:limit]), answered)

    def renew(self, name: str, session: str, seconds: float) -> set[TaskKey]:
        """Extend the leases of a session that is heard of.

        RETURNS (set[TaskKey]): The tasks that are out at it.
        """
        now = self.clock()
        with self.database.write() as connection:
            dataset_id = rows.ensure_dataset(connection, name)
            mine = (lease.c.dataset_id == dataset_id, lease.c.session == session, lease.c.expires > now)
            connection.execute(update(lease).where(*mine).values(expires=now + seconds))
            found = connection.execute(select(lease.c.input_hash, lease.c.task_hash).where(*mine))
            return {(row.input_hash, row.task_hash) for row in found}

    def release(self, name: str, session: str) -> int:
        """End all leases of a session, when its annotator goes home.

        RETURNS (int): How many there were.
        """
        with self.database.write() as connection:
            dataset_id = rows.ensure_dataset(connection, name)
            gone = delete(lease).where(lease.c.dataset_id == dataset_id, lease.c.session == session)
            return int(connection.execute(gone).rowcount)

    def count(self, name: str) -> int:
        """How many tasks of a dataset are out."""
        query = select(func.count()).select_from(lease).join(dataset)
        query = query.where(dataset.c.name == name, lease.c.expires > self.clock())
        with self.database.read() as connection:
            return int(connection.execute(query).scalar_one())


def _holders(connection: Connection, dataset_id: int, keys: Sequence[TaskKey], now: float) -> dict[TaskKey, str]:
    """The sessions that tasks are out at; leases that ran out do not count."""
    query = select(lease.c.input_hash, lease.c.task_hash, lease.c.session).where(
        lease.c.dataset_id == dataset_id, lease.c.expires > now, lease.c.task_hash.in_([key[1] for key in keys])
    )
    return {(row.input_hash, row.task_hash): row.session for row in connection.execute(query)}


def _put(connection: Connection, dataset_id: int, key: TaskKey, session: str, now: float, expires: float) -> None:
    place = {"dataset_id": dataset_id, "input_hash": key[0], "task_hash": key[1]}
    connection.execute(delete(lease).where(*(lease.c[name] == value for name, value in place.items())))
    connection.execute(insert(lease).values(**place, session=session, taken=now, expires=expires))
