"""Opening the database: its address, its connections and its transactions.

SQLite in WAL mode is the default; PostgreSQL is chosen by URL. Writes go through `Database.write`, one at a time, or
`Database.run`, which commits those that wait together; they are on disk when it returns.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, cast

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DatabaseError, DBAPIError, NoSuchModuleError, OperationalError

from ..errors import BioactiveError, error, first_line
from . import schema

DEFAULT_PATH = "bioactive.db"
ENVIRONMENT = "BIOACTIVE_DB"
# Seconds that SQLite waits for another process to finish its write.
BUSY_SECONDS = 30
# What SQLite's and PostgreSQL's messages have in common when the disk is full, or SQLite waited in vain.
FULL = ("disk is full", "no space left", "disk full")
LOCKED = ("database is locked", "database table is locked")
# The messages that pass: what failed may be tried again as it is.
PASSING = ("B916", "B917", "B918")
# What PostgreSQL takes in the query of a URL, and nobody else should see.
SECRET = ("password", "sslpassword", "passfile")
# Any constant will do: it names the lock by which PostgreSQL serialises the writers of all processes.
ADVISORY_LOCK = 4_206_901

T = TypeVar("T")


@dataclass
class _Waiting:
    """A piece of work on its way into a transaction, and what came of it.

    `called` is set when the work is done, or when it is its thread's turn to do the work of all that wait.
    """

    work: Callable[[Connection], Any]
    durable: bool = True
    done: bool = False
    result: Any = None
    problem: BaseException | None = None
    called: threading.Event = field(default_factory=threading.Event)


def database_url(address: str | None = None) -> URL:
    """The URL of the database to use.

    address (str | None): A URL, or the path of a SQLite file. Without one, the environment variable BIOACTIVE_DB
        says it; without that it is `bioactive.db` in the current folder.
    RETURNS (URL): The URL; `postgresql://` means the driver psycopg.
    RAISES (BioactiveError): B402 when it cannot be read.
    """
    address = address or os.environ.get(ENVIRONMENT) or DEFAULT_PATH
    if "://" not in address:
        return URL.create("sqlite", database=str(Path(address).expanduser()))
    try:
        url = make_url(address)
    except (ArgumentError, ValueError):
        # Without the cause, which may quote the address: there can be a password in it.
        raise error("B402", url=re.sub("://.*@", "://***@", address), reason="it is no URL of a database") from None
    if url.drivername in ("postgresql", "postgres"):
        url = url.set(drivername="postgresql+psycopg")
    return url


def shown(url: URL) -> str:
    """A URL for people and logs: without its password, which may stand in its query too."""
    hidden = {name: "hidden" for name in url.query if name in SECRET}
    return url.update_query_dict(hidden).render_as_string(hide_password=True)


class Database:
    """Connections to one database, with its schema in place.

    address (str | None): As in `database_url`.
    RAISES (BioactiveError): B401, B402, B403 or B404 when the database cannot be used.
    """

    def __init__(self, address: str | None = None) -> None:
        url = database_url(address)
        self.name = shown(url)
        self.engine = _make_engine(url)
        self._writers = self.engine.execution_options(bioactive_write=True)
        self._quick_writers = self.engine.execution_options(bioactive_write=True, bioactive_quick=True)
        self._lock = threading.RLock()
        self._queue: list[_Waiting] = []
        self._queued = threading.Lock()
        self._working = False
        try:
            with self._begin() as connection:
                schema.prepare(connection, self.name)
        except DatabaseError as problem:
            self.close()
            raise _explain(problem, url) from problem
        except BaseException:
            self.close()
            raise

    @contextmanager
    def write(self, durable: bool = True) -> Iterator[Connection]:
        """A write transaction: alone in this process and, by the database's own lock, in all others.

        durable (bool): Wait for the disk. Without, a killed program loses nothing either, but a power cut may.
        YIELDS (Connection): Committed, and durable, when the block ends; rolled back when it raises.
        RAISES (BioactiveError): B916 for a full disk, B917 when another program holds the lock, B918 when the server is
            gone; the connections mend themselves.
        """
        with self._explained(), self._begin(durable) as connection:
            yield connection

    @contextmanager
    def _begin(self, durable: bool = True) -> Iterator[Connection]:
        with self._lock, (self._writers if durable else self._quick_writers).begin() as connection:
            if connection.dialect.name == "postgresql":
                if not durable:
                    connection.execute(text("SET LOCAL synchronous_commit = off"))
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": ADVISORY_LOCK})
            yield connection

    def run(self, work: Callable[[Connection], T], durable: bool = True) -> T:
        """Do one piece of work in a transaction, which it may share with the work of other threads (group commit).

        work (Callable): Gets the connection. It runs under a savepoint of its own: when it raises, what it wrote is
            undone, and nothing else.
        durable (bool): As in `write`; a group is durable when one of its members is.
        RETURNS (T): What the work returned; what it wrote is durable.
        """
        mine = _Waiting(work, durable)
        with self._queued:
            self._queue.append(mine)
            if not self._working:
                self._working = True
                mine.called.set()
        mine.called.wait()
        if not mine.done:
            self._run_waiting()
        if mine.problem is not None:
            raise mine.problem
        return cast(T, mine.result)

    def _run_waiting(self) -> None:
        """Do the work of all that came while the commit before was on its way to the disk, then call the next."""
        with self._queued:
            group, self._queue = self._queue, []
        try:
            self._run_group(group)
        finally:
            with self._queued:
                self._working = bool(self._queue)
                if self._queue:
                    self._queue[0].called.set()
            # Each has a bell of its own: with one lock for all, those whose work is done would wait for it too.
            for item in group:
                item.called.set()

    def _run_group(self, group: list[_Waiting]) -> None:
        try:
            with self.write(any(item.durable for item in group)) as connection:
                if len(group) == 1:
                    # Alone it needs no savepoint: when it raises, the transaction is undone.
                    group[0].result = group[0].work(connection)
                else:
                    _run_apart(connection, group)
        except BaseException as problem:
            # Not committed: none of them was done, whatever its own work said.
            for item in group:
                item.problem = problem
        for item in group:
            item.done = True

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection for reading.

        YIELDS (Connection): It sees one state of the database.
        RAISES (BioactiveError): As `write`.
        """
        with self._explained(), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Faults of the machine get a code; what else the database says is a fault of ours, and stays what it is."""
        try:
            yield
        except DBAPIError as problem:
            found = _passing(problem, self.name)
            if found is None:
                raise
            raise found from problem

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def _run_apart(connection: Connection, group: Sequence[_Waiting]) -> None:
    """Do each piece of work under a savepoint of its own."""
    for item in group:
        try:
            with connection.begin_nested():
                item.result = item.work(connection)
        except Exception as problem:
            item.problem = problem


def _make_engine(url: URL) -> Engine:
    try:
        engine = create_engine(url, pool_pre_ping=url.get_backend_name() != "sqlite")
    except (NoSuchModuleError, ModuleNotFoundError) as problem:
        raise error("B402", url=shown(url), reason=f"{problem} (its driver is not installed)") from problem
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _configure_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _configure_sqlite(connection: Any, _record: object) -> None:
    # The driver would begin transactions by itself, too late for BEGIN IMMEDIATE.
    connection.isolation_level = None
    cursor = connection.cursor()
    try:
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
        cursor.execute("PRAGMA journal_mode = WAL")
        # With FULL the log is on disk before a commit returns, so that a power cut loses no acknowledged answer.
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute("PRAGMA foreign_keys = ON")
    finally:
        cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A write takes the lock at once: a read that turns into a write could find the database changed under it.
    options = connection.get_execution_options()
    write = options.get("bioactive_write")
    if write:
        connection.exec_driver_sql(f"PRAGMA synchronous = {'NORMAL' if options.get('bioactive_quick') else 'FULL'}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def _passing(problem: DBAPIError, name: str) -> BioactiveError | None:
    """What is to be said of a full disk, a lock or a lost server; None for all else."""
    told, reason = str(problem.orig).lower(), first_line(problem.orig)
    if any(words in told for words in FULL):
        return error("B916", url=name, reason=reason)
    if any(words in told for words in LOCKED):
        return error("B917", url=name, seconds=BUSY_SECONDS)
    # While a server starts or stops it refuses connections, with no connection to call invalid.
    if problem.connection_invalidated or (isinstance(problem, OperationalError) and "sqlite" not in name.split(":")[0]):
        return error("B918", url=name, reason=reason)
    return None


def _explain(problem: DatabaseError, url: URL) -> Exception:
    found = _passing(problem, shown(url))
    if found is not None and found.code != "B918":
        return found
    reason = first_line(problem.orig)
    if "not a database" in reason:
        return error("B401", path=url.database)
    if isinstance(problem, OperationalError) and url.get_backend_name() == "sqlite":
        reason = f"{reason} (does the folder exist, and may one write there?)"
    return error("B402", url=shown(url), reason=reason)
