"""Settings from files and the environment, as Prodigy reads them.

Later ones win: `prodigy.json` in the home folder, then in the current folder, `bioactive.json` there,
PRODIGY_CONFIG_OVERRIDES, and variables with a setting of their own. The settings of a recipe win over all of these, and
those of a command over the recipe's.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..corpus.detect import read_text
from ..errors import error
from ..strict_json import loads

FILE, OWN_FILE = "prodigy.json", "bioactive.json"
HOME, CONFIG, OVERRIDES, LOGGING = "PRODIGY_HOME", "PRODIGY_CONFIG", "PRODIGY_CONFIG_OVERRIDES", "PRODIGY_LOGGING"
SINGLE = {"PRODIGY_HOST": "host", "PRODIGY_PORT": "port", "PRODIGY_ALLOWED_SESSIONS": "allowed_sessions"}
LEVELS = {"basic": logging.INFO, "verbose": logging.DEBUG}


def home(environment: Mapping[str, str] = os.environ) -> Path:
    """The folder of the user's settings: PRODIGY_HOME, or `.prodigy` in the home folder."""
    return Path(environment.get(HOME) or Path.home() / ".prodigy").expanduser()


def default_database(environment: Mapping[str, str] = os.environ) -> str | None:
    """Where the database lies when nothing else says so: in PRODIGY_HOME, where that is set."""
    if environment.get("BIOACTIVE_DB") or not environment.get(HOME):
        return None
    return str(home(environment) / "bioactive.db")


def read_settings(environment: Mapping[str, str] = os.environ, folder: Path | None = None) -> dict[str, Any]:
    """All settings of files and environment together.

    environment (Mapping): The variables.
    folder (Path | None): The current folder.
    RETURNS (dict): The settings.
    RAISES (BioactiveError): B609 for a file or a variable that is no JSON object, B103 for a file that is not UTF-8.
    """
    settings: dict[str, Any] = {}
    named = environment.get(CONFIG)
    here = folder or Path.cwd()
    local = Path(named).expanduser() if named else here / FILE
    for path in (home(environment) / FILE, local, here / OWN_FILE):
        if path.is_file():
            settings.update(_read(read_text(path), str(path)))
        elif named and path == local:
            raise error("B609", where=path, reason="there is no such file")
    if environment.get(OVERRIDES):
        settings.update(_read(environment[OVERRIDES], OVERRIDES))
    settings.update({key: environment[name] for name, key in SINGLE.items() if environment.get(name)})
    return settings


def set_up_logging(environment: Mapping[str, str] = os.environ) -> None:
    """Show the log of the level that PRODIGY_LOGGING names: `basic` or `verbose`."""
    level = LEVELS.get(environment.get(LOGGING, "").lower())
    logger = logging.getLogger("bioactive")
    if level is not None and not logger.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(asctime)s: %(message)s", "%H:%M:%S"))
        logger.addHandler(handler)
        logger.setLevel(level)


def _read(text: str, where: str) -> dict[str, Any]:
    try:
        found = loads(text or "{}")
    except ValueError as problem:
        raise error("B609", where=where, reason=f"not JSON ({problem})") from problem
    if not isinstance(found, dict):
        raise error("B609", where=where, reason="not a JSON object")
    return found
