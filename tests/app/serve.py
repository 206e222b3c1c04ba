"""Serve the tasks of a JSONL file: serve.py DATABASE TASKS [setting=value ...]. Prints the page's address."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bioactive.annotate.controller import Controller
from bioactive.annotate.loaders import load_source
from bioactive.annotate.server import serve
from bioactive.annotate.store import Store


def main() -> None:
    """Serve until the process is told to stop."""
    database, tasks, *options = sys.argv[1:]
    config = {"port": 0, "labels": ["PROTEIN", "CELL", "DISEASE"], **dict(item.split("=", 1) for item in options)}
    if isinstance(config["labels"], str):
        config["labels"] = config["labels"].split(",")
    with Store(database) as store:
        recipe = {"dataset": "ds", "view_id": "ner_manual", "stream": load_source(Path(tasks))}
        serve(Controller(recipe, store, config), lambda url: print(url, flush=True))


if __name__ == "__main__":
    main()
