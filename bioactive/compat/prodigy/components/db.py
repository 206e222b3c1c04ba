"""`prodigy.components.db`: the database."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bioactive.annotate.settings_files import default_database
from bioactive.annotate.store import Store

__all__ = ["Database", "connect", "get_db"]

Database = Store
_open: dict[str, Store] = {}


def connect(db_id: Any = None, db_settings: dict[str, Any] | None = None) -> Store:
    """The database that BIOACTIVE_DB names, or that lies in PRODIGY_HOME or in the current folder.

    db_id (Any): Kept for recipes that give it.
    db_settings (dict | None): `name`, and perhaps `path`, of a SQLite file.
    RETURNS (Store): The database; the same one each time.
    """
    address = default_database()
    if db_settings and db_settings.get("name"):
        address = str(Path(db_settings.get("path") or ".") / str(db_settings["name"]))
    store = Store(address)
    known = _open.setdefault(store.db_name, store)
    if known is not store:
        store.close()
    return known


get_db = connect
