"""Opening the database: its address, its connections and its transactions.

SQLite in WAL mode is the default; PostgreSQL is chosen by URL. Writes go through `Database.write`, one at a time, and
are on disk when it returns.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DatabaseError, NoSuchModuleError, OperationalError

from ..errors import error
from . import schema

DEFAULT_PATH = "bioactive.db"
ENVIRONMENT = "BIOACTIVE_DB"
# Seconds that SQLite waits for another process to finish its write.
BUSY_SECONDS = 30
# Any constant will do: it names the lock by which PostgreSQL serialises the writers of all processes.
ADVISORY_LOCK = 4_206_901


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
    except ArgumentError as problem:
        raise error("B402", url=address, reason=problem) from problem
    if url.drivername in ("postgresql", "postgres"):
        url = url.set(drivername="postgresql+psycopg")
    return url


class Database:
    """Connections to one database, with its schema in place.

    address (str | None): As in `database_url`.
    RAISES (BioactiveError): B401, B402, B403 or B404 when the database cannot be used.
    """

    def __init__(self, address: str | None = None) -> None:
        url = database_url(address)
        self.name = url.render_as_string(hide_password=True)
        self.engine = _make_engine(url)
        self._writers = self.engine.execution_options(bioactive_write=True)
        self._lock = threading.RLock()
        try:
            with self.write() as connection:
                schema.prepare(connection, self.name)
        except DatabaseError as problem:
            self.close()
            raise _explain(problem, url) from problem
        except BaseException:
            self.close()
            raise

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A write transaction: alone in this process and, by the database's own lock, in all others.

        YIELDS (Connection): Committed, and durable, when the block ends; rolled back when it raises.
        """
        with self._lock, self._writers.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": ADVISORY_LOCK})
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection for reading.

        YIELDS (Connection): It sees one state of the database.
        """
        with self.engine.connect() as connection:
            yield connection

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def _make_engine(url: URL) -> Engine:
    try:
        engine = create_engine(url, pool_pre_ping=url.get_backend_name() != "sqlite")
    except (NoSuchModuleError, ModuleNotFoundError) as problem:
        raise error("B402", url=url.render_as_string(), reason=f"{problem} (its driver is not installed)") from problem
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
    write = connection.get_execution_options().get("bioactive_write")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def _explain(problem: DatabaseError, url: URL) -> Exception:
    reason = str(problem.orig).strip().splitlines()[0] if str(problem.orig).strip() else type(problem.orig).__name__
    if "not a database" in reason:
        return error("B401", path=url.database)
    if isinstance(problem, OperationalError) and url.get_backend_name() == "sqlite":
        reason = f"{reason} (does the folder exist, and may one write there?)"
    return error("B402", url=url.render_as_string(), reason=reason)
