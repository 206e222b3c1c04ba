"""Leases: which task is out at which session, and until when.

A lease is kept in the database, so that a task which is out stays out when the server is killed and starts again. Its
transactions do not wait for the disk: after a power cut a task may go out a second time, and no answer is lost by that.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from . import rows
from .database import Database
from .schema import dataset, lease
from .tasks import TaskKey

# Built once, as in `rows`. Leases that ran out do not count.
_RUNNING = (dataset.c.name == bindparam("name"), lease.c.expires > bindparam("now"))
_OUT = select(lease.c.input_hash, lease.c.task_hash).join(dataset).where(*_RUNNING)
_OUT_AT = _OUT.where(lease.c.session == bindparam("session"))
_LAST = select(func.max(lease.c.taken))
_COUNT = select(func.count()).select_from(lease).join(dataset).where(*_RUNNING)
_HOLDERS = select(lease.c.input_hash, lease.c.task_hash, lease.c.session).where(
    lease.c.dataset_id == bindparam("dataset_id"),
    lease.c.expires > bindparam("now"),
    lease.c.task_hash.in_(bindparam("hashes", expanding=True)),
)
_RENEW = (
    update(lease)
    .where(
        lease.c.dataset_id == bindparam("number"),
        lease.c.session == bindparam("holder"),
        lease.c.expires > bindparam("now"),
    )
    .values(expires=bindparam("until"))
)
_CLEAR = delete(lease).where(
    lease.c.dataset_id == bindparam("dataset_id"),
    lease.c.input_hash.in_(bindparam("inputs", expanding=True)),
    lease.c.task_hash.in_(bindparam("tasks", expanding=True)),
    (lease.c.session == bindparam("session")) | (lease.c.expires <= bindparam("now")),
)


@dataclass(frozen=True)
class Terms:
    """On what terms tasks are leased.

    dataset (str): The dataset that the answers go to.
    seconds (float): How long a lease runs, unless the session is heard of again.
    exclude (Sequence[str]): Datasets whose tasks count as answered.
    by (str): What makes a task answered: "task" or "input", as in `Store.answered`.
    copies (int): How many sessions answer a task; 0 lets every session answer all of them.
    since (float): Answers that the dataset got before this time (seconds since 1970) do not count; with one copy,
        `exclude` says whether they do.
    """

    dataset: str
    seconds: float
    exclude: Sequence[str] = ()
    by: str = "task"
    copies: int = 1
    since: float = 0.0


@dataclass(frozen=True)
class Taken:
    """What became of tasks that a session asked for; the rest is out at as many other sessions as may have it.

    leased (set[TaskKey]): Leased to the session now.
    answered (set[TaskKey]): There is nothing left for this session to answer.
    full (set[TaskKey]): There is nothing left for any session to answer; a part of `answered`.
    """

    leased: set[TaskKey] = field(default_factory=set)
    answered: set[TaskKey] = field(default_factory=set)
    full: set[TaskKey] = field(default_factory=set)


class SteadyClock:
    """Seconds since 1970 that never go back: when the machine's clock is set back, they go on by the time that passes.

    Else a lease of ten minutes would run for an hour and ten when a clock that was an hour fast is put right, and the
    tasks of an annotator who went home would be nobody's until then.

    least (float): Where to begin when the machine's clock is behind it.
    """

    def __init__(self, least: float = 0.0) -> None:
        self._last = least
        self._at = time.monotonic()
        self._asked = threading.Lock()

    def __call__(self) -> float:
        """The time now."""
        with self._asked:
            at = time.monotonic()
            # The machine's clock where it is ahead: the monotonic one may stand still while a machine sleeps.
            self._last = max(time.time(), self._last + at - self._at)
            self._at = at
            return self._last


class Leases:
    """The leases in a database.

    database (Database): The database.
    clock (Callable[[], float] | None): Gives seconds since 1970; by default a `SteadyClock` that goes on from the last
        lease that was taken.
    """

    def __init__(self, database: Database, clock: Callable[[], float] | None = None) -> None:
        self.database = database
        if clock is None:
            with database.read() as connection:
                clock = SteadyClock(connection.execute(_LAST).scalar() or 0.0)
        self.clock = clock

    def take(self, terms: Terms, session: str, keys: Iterable[TaskKey], limit: int) -> Taken:
        """Lease tasks to a session: those that are still to be answered and not out at others. What is out at it stays.

        terms (Terms): On what terms.
        session (str): The session that asks.
        keys (Iterable[TaskKey]): The tasks, the wanted ones first.
        limit (int): How many of them at most.
        RETURNS (Taken): What became of them. Looking and taking is one transaction.
        """
        wanted, now = list(dict.fromkeys(keys)), self.clock()
        return self.database.run(lambda connection: _take(connection, terms, session, wanted, limit, now), False)

    def renew(self, name: str, session: str, seconds: float) -> set[TaskKey]:
        """Extend the leases of a session that is heard of.

        RETURNS (set[TaskKey]): The tasks that are out at it.
        """
        now = self.clock()

        def work(connection: Connection) -> None:
            _renew(connection, rows.ensure_dataset(connection, name), session, now, now + seconds)

        self.database.run(work, durable=False)
        return self.out(name, session)

    def out(self, name: str, session: str | None = None) -> set[TaskKey]:
        """The tasks of a dataset that are out at a session, or at any.

        name (str): The dataset.
        session (str | None): The session; all of them without one.
        RETURNS (set[TaskKey]): The tasks. It is read without waiting for those that write.
        """
        wanted: dict[str, Any] = {"name": name, "now": self.clock()}
        query = _OUT
        if session is not None:
            query, wanted["session"] = _OUT_AT, session
        with self.database.read() as connection:
            return {(row.input_hash, row.task_hash) for row in connection.execute(query, wanted)}

    def release(self, name: str, session: str) -> int:
        """End all leases of a session, when its annotator goes home.

        RETURNS (int): How many there were.
        """

        def work(connection: Connection) -> int:
            dataset_id = rows.ensure_dataset(connection, name)
            gone = delete(lease).where(lease.c.dataset_id == dataset_id, lease.c.session == session)
            return int(connection.execute(gone).rowcount)

        return self.database.run(work, durable=False)

    def count(self, name: str) -> int:
        """How many tasks of a dataset are out."""
        with self.database.read() as connection:
            return int(connection.execute(_COUNT, {"name": name, "now": self.clock()}).scalar_one())


def _take(connection: Connection, terms: Terms, session: str, keys: Sequence[TaskKey], limit: int, now: float) -> Taken:
    dataset_id = rows.ensure_dataset(connection, terms.dataset)
    _renew(connection, dataset_id, session, now, now + terms.seconds)
    full = rows.answered(connection, terms.exclude, keys, terms.by)
    answered = set(full)
    others: dict[TaskKey, set[str]] = {}
    if terms.copies != 1:
        for key, sessions in rows.answerers(connection, dataset_id, keys, terms.by, terms.since).items():
            if terms.copies and len(sessions) >= terms.copies:
                full.add(key)
            if key in full or session in sessions:
                answered.add(key)
            others[key] = sessions - {session}
    for key, sessions in _holders(connection, dataset_id, keys, now).items():
        others.setdefault(key, set()).update(sessions - {session})
    room = [key for key in keys if not terms.copies or len(others.get(key, ())) < terms.copies]
    free = [key for key in room if key not in answered][: max(0, limit)]
    if free:
        _put(connection, dataset_id, free, session, now, now + terms.seconds)
    return Taken(set(free), answered, full)


def _renew(connection: Connection, dataset_id: int, session: str, now: float, expires: float) -> None:
    """Extend the leases of a session that have not run out."""
    mine = {"number": dataset_id, "holder": session, "now": now, "until": expires}
    connection.execute(_RENEW, mine)


def _holders(connection: Connection, dataset_id: int, keys: Sequence[TaskKey], now: float) -> dict[TaskKey, set[str]]:
    """The sessions that tasks are out at; leases that ran out do not count."""
    found: dict[TaskKey, set[str]] = {}
    for start in range(0, len(keys), rows.CHUNK):
        hashes = [key[1] for key in keys[start : start + rows.CHUNK]]
        wanted = {"dataset_id": dataset_id, "now": now, "hashes": hashes}
        for row in connection.execute(_HOLDERS, wanted):
            found.setdefault((row.input_hash, row.task_hash), set()).add(row.session)
    return found


def _put(
    connection: Connection, dataset_id: int, keys: Sequence[TaskKey], session: str, now: float, expires: float
) -> None:
    # Leases that ran out go, whosever they were, so that the table does not grow.
    inputs, tasks = ([key[place] for key in keys] for place in (0, 1))
    old = {"dataset_id": dataset_id, "inputs": inputs, "tasks": tasks, "session": session, "now": now}
    connection.execute(_CLEAR, old)
    names = ("dataset_id", "input_hash", "task_hash", "session", "taken", "expires")
    made = [dict(zip(names, (dataset_id, *key, session, now, expires), strict=True)) for key in keys]
    connection.execute(insert(lease), made)
