"""Moving a whole database to another place: from SQLite to PostgreSQL, or back."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection, Table, func, select, text

from ..blocks import OnDone
from ..errors import error
from .bulk import insert_all
from .database import Database
from .rows import CHUNK
from .schema import metadata, schema_version


def copy_database(
    source: str | None,
    target: str,
    on_table: Callable[[str, int], object] = lambda name, count: None,
    on_done: OnDone = lambda items: None,
) -> dict[str, int]:
    """Copy everything from one database to an empty one, all or nothing.

    source (str | None): The database to read; its schema is brought up to date first.
    target (str): The database to write; it is made if need be.
    on_table (Callable): Told the name of each table and how many rows it has, before it is copied.
    on_done (Callable): Told how many rows are copied since it was told last.
    RETURNS (dict[str, int]): Rows copied, by table.
    RAISES (BioactiveError): B401 to B404 when one cannot be used, B419 when the target holds anything.
    """
    old, new = Database(source), Database(target)
    tables = [table for table in metadata.sorted_tables if table is not schema_version]
    copied: dict[str, int] = {}
    try:
        with old.read() as reading, new.write() as writing:
            found = sum(_count(writing, table) for table in tables)
            if found:
                raise error("B419", url=new.name, rows=found)
            for table in tables:
                on_table(table.name, _count(reading, table))
                rows = reading.execute(select(table).order_by(*table.primary_key.columns)).mappings()
                copied[table.name] = 0
                while batch := [dict(row) for row in rows.fetchmany(CHUNK)]:
                    insert_all(writing, table, batch)
                    copied[table.name] += len(batch)
                    on_done(len(batch))
                _move_sequence(writing, table.name, has_id="id" in table.c)
    finally:
        old.close()
        new.close()
    return copied


def _count(connection: Connection, table: Table) -> int:
    return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def _move_sequence(connection: Connection, name: str, has_id: bool) -> None:
    """Let PostgreSQL count on from the highest number."""
    if has_id and connection.dialect.name == "postgresql":
        last = f"(SELECT COALESCE(MAX(id), 0) + 1 FROM {name})"
        connection.execute(text(f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), {last}, false)"))
