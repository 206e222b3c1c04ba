"""Serve the tasks of a JSONL file: serve.py DATABASE TASKS [setting=value ...]. Prints the page's address.

A value that is JSON counts as what it says. `view_id` says what the page shows, `learning` what a worker would say.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bioactive.annotate.controller import Controller
from bioactive.annotate.loaders import load_source
from bioactive.annotate.server import serve
from bioactive.annotate.store import Store


def read(value: str) -> Any:
    """A value of the command line."""
    try:
        return json.loads(value)
    except ValueError:
        return value


def main() -> None:
    """Serve until the process is told to stop."""
    database, tasks, *options = sys.argv[1:]
    given = {key: read(value) for key, _, value in (item.partition("=") for item in options)}
    config = {"port": 0, "labels": ["PROTEIN", "CELL", "DISEASE"], **given}
    view_id, learning = str(config.pop("view_id", "ner_manual")), config.pop("learning", None)
    if isinstance(config["labels"], str):
        config["labels"] = config["labels"].split(",")
    with Store(database) as store:
        recipe: dict[str, Any] = {
            "dataset": "ds",
            "view_id": view_id,
            "stream": load_source(Path(tasks), keys=("text", "html")),
        }
        recipe["learning"] = None if learning is None else lambda: learning
        serve(Controller(recipe, store, config), lambda url: print(url, flush=True))


if __name__ == "__main__":
    main()
