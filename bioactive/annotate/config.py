"""Settings of the annotation server: their defaults, and those that a recipe or a command gives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import error

DEFAULTS: dict[str, Any] = {
    "host": "localhost",
    "port": 8080,
    "batch_size": 10,
    "history_size": 10,
    # Seconds after which a task comes back from a session that is not heard of.
    "lease_seconds": 900,
    "exclude_by": "task",
    "auto_exclude_current": True,
    "feed_overlap": False,
    "total_examples_target": 0,
    "labels": [],
    "lang": "en",
    "instructions": "",
}
NUMBERS = ("port", "batch_size", "history_size", "lease_seconds", "total_examples_target")


def make_config(*layers: Mapping[str, Any] | None) -> dict[str, Any]:
    """Put settings together.

    layers (Mapping | None): Settings; later ones win, None counts for nothing. Numbers may be given as strings.
    RETURNS (dict): All settings. Keys that nobody knows stay, for recipes that read them.
    RAISES (BioactiveError): B415 for a value that cannot be used.
    """
    config = dict(DEFAULTS)
    for layer in layers:
        config.update({key: value for key, value in (layer or {}).items() if value is not None})
    for key in NUMBERS:
        config[key] = _number(key, config[key])
    if config["exclude_by"] not in ("task", "input"):
        raise error("B415", key="exclude_by", value=config["exclude_by"], remedy="Use 'task' or 'input'.")
    if config["feed_overlap"]:
        remedy = "Every task goes to one session; give each annotator a dataset of their own instead."
        raise error("B415", key="feed_overlap", value=True, remedy=remedy)
    return config


def _number(key: str, value: object) -> float:
    try:
        number = float(str(value))
    except ValueError:
        number = -1.0
    lowest = 1 if key == "batch_size" else 0
    if not lowest <= number < 1e9:
        raise error("B415", key=key, value=value, remedy=f"It must be a number of at least {lowest}.")
    return number if key == "lease_seconds" else int(number)
