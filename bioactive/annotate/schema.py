"""The database schema of the store, its version and its migrations.

`dataset`, `example` and `link` are the tables that Prodigy documents; an answer is linked to its dataset and to the
dataset of its session. The other columns and tables hold what provenance, idempotency and leases need.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    insert,
    inspect,
    select,
    text,
    update,
)

from ..errors import error

SCHEMA_VERSION = 2

metadata = MetaData()

dataset = Table(
    "dataset",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(255), nullable=False, unique=True),
    Column("created", Integer, nullable=False),
    Column("meta", Text, nullable=False),
    Column("session", Boolean, nullable=False),
)

# Appended, never updated. `replaces` names the older answer of the same session to the same task.
example = Table(
    "example",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("input_hash", Integer, nullable=False, index=True),
    Column("task_hash", Integer, nullable=False, index=True),
    Column("content", Text, nullable=False),
    Column("replaces", Integer, ForeignKey("example.id"), unique=True),
)

link = Table(
    "link",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("example_id", Integer, ForeignKey("example.id"), nullable=False, index=True),
    Column("dataset_id", Integer, ForeignKey("dataset.id"), nullable=False),
    Index("link_dataset_example", "dataset_id", "example_id", unique=True),
)

# One row for each answer that was acknowledged: who gave it, when, what tells it from others, and why it was asked:
# the pipeline that suggested, and the measure and score by which the task was chosen.
receipt = Table(
    "receipt",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("dataset_id", Integer, ForeignKey("dataset.id"), nullable=False),
    Column("session", String(255), nullable=False),
    Column("input_hash", Integer, nullable=False),
    Column("task_hash", Integer, nullable=False),
    Column("example_id", Integer, ForeignKey("example.id")),
    Column("answer_id", String(128), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("shown", Float),
    Column("answered", Float),
    Column("received", Float, nullable=False),
    Column("annotator", String(255)),
    Column("model", String(255)),
    Column("measure", String(255)),
    Column("score", Float),
    UniqueConstraint("dataset_id", "answer_id"),
    Index("receipt_task", "dataset_id", "task_hash", "session"),
    Index("receipt_session", "dataset_id", "session", "id"),
)

# A task that is out at a session, until `expires` (seconds since 1970).
lease = Table(
    "lease",
    metadata,
    Column("dataset_id", Integer, ForeignKey("dataset.id"), primary_key=True),
    Column("input_hash", Integer, primary_key=True),
    Column("task_hash", Integer, primary_key=True),
    Column("session", String(255), primary_key=True),
    Column("taken", Float, nullable=False),
    Column("expires", Float, nullable=False),
)

schema_version = Table("schema_version", metadata, Column("version", Integer, nullable=False))


def _to_version_2(connection: Connection) -> None:
    """Several sessions may hold one task; a receipt says who answered, and why the task was asked.

    The statements are written out: a migration goes from one fixed schema to another, whatever comes later.
    """
    for column in ("annotator VARCHAR(255)", "model VARCHAR(255)", "measure VARCHAR(255)", "score FLOAT"):
        connection.execute(text(f"ALTER TABLE receipt ADD COLUMN {column}"))
    connection.execute(text("UPDATE receipt SET annotator = session"))
    connection.execute(text("CREATE INDEX receipt_session ON receipt (dataset_id, session, id)"))
    out = connection.execute(text("SELECT dataset_id, input_hash, task_hash, session, taken, expires FROM lease")).all()
    connection.execute(text("DROP TABLE lease"))
    connection.execute(
        text(
            "CREATE TABLE lease (dataset_id INTEGER NOT NULL REFERENCES dataset (id), input_hash INTEGER NOT NULL, "
            "task_hash INTEGER NOT NULL, session VARCHAR(255) NOT NULL, taken FLOAT NOT NULL, expires FLOAT NOT NULL, "
            "PRIMARY KEY (dataset_id, input_hash, task_hash, session))"
        )
    )
    for row in out:
        place = ":dataset_id, :input_hash, :task_hash, :session, :taken, :expires"
        connection.execute(text(f"INSERT INTO lease VALUES ({place})"), dict(row._mapping))


# Version n is reached from version n - 1 by running MIGRATIONS[n], in the transaction that opens the database.
MIGRATIONS: dict[int, Callable[[Connection], None]] = {2: _to_version_2}


def prepare(connection: Connection, url: str) -> None:
    """Make the tables in an empty database, or bring those of an older version up to date.

    connection (Connection): In a write transaction.
    url (str): The database's address, for messages.
    RAISES (BioactiveError): B403 for a newer schema, B404 for the tables of another program.
    """
    tables = set(inspect(connection).get_table_names())
    if schema_version.name not in tables:
        foreign = tables & set(metadata.tables)
        if foreign:
            raise error("B404", url=url, tables=", ".join(sorted(foreign)))
        metadata.create_all(connection)
        connection.execute(insert(schema_version).values(version=SCHEMA_VERSION))
        return
    found = connection.execute(select(schema_version.c.version)).scalar_one()
    if found > SCHEMA_VERSION:
        raise error("B403", url=url, found=found, known=SCHEMA_VERSION)
    for version in range(found + 1, SCHEMA_VERSION + 1):
        MIGRATIONS[version](connection)
        connection.execute(update(schema_version).values(version=version))
