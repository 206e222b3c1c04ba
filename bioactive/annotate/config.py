"""Settings of the annotation server: their defaults, and those that a recipe or a command gives."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import error
from ..strict_json import loads

DEFAULTS: dict[str, Any] = {
    "host": "localhost",
    "port": 8080,
    "batch_size": 10,
    "history_size": 10,
    # How many answers the list of earlier ones shows.
    "history_length": 100,
    # Seconds after which a task comes back from a session that is not heard of.
    "lease_seconds": 900,
    "exclude_by": "task",
    "auto_exclude_current": True,
    "feed_overlap": False,
    "annotations_per_task": 1,
    "allowed_sessions": [],
    # Share of the tasks whose suggestions are not shown, to measure how far suggestions sway annotators.
    "blind_share": 0.0,
    "total_examples_target": 0,
    "labels": [],
    "lang": "en",
    "ui_lang": "",
    "writing_dir": "",
    "instructions": "",
    "show_flag": True,
    "highlight_chars": False,
    "choice_style": "single",
    "choice_auto_accept": False,
    # Send each answer at once, so that undo does not reach it.
    "instant_submit": False,
    # Check the first task of a stream against what its view needs.
    "validate": True,
    "buttons": ["accept", "reject", "ignore", "undo"],
}
NUMBERS = (
    "port",
    "batch_size",
    "history_size",
    "history_length",
    "lease_seconds",
    "total_examples_target",
    "annotations_per_task",
    "blind_share",
)
FRACTIONS = ("lease_seconds", "blind_share", "annotations_per_task")
SWITCHES = (
    "auto_exclude_current",
    "feed_overlap",
    "show_flag",
    "highlight_chars",
    "choice_auto_accept",
    "instant_submit",
    "validate",
)
AT_LEAST_ONE = ("batch_size", "annotations_per_task")
INSTRUCTION_LENGTH = 200_000


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
    for key in SWITCHES:
        if isinstance(config[key], str):
            config[key] = config[key].lower() in ("1", "true", "yes", "on")
    config["allowed_sessions"] = names_of(config["allowed_sessions"])
    if isinstance(config["labels"], str):
        config["labels"] = names_of(config["labels"])
    config["instructions"] = _instructions(config["instructions"])
    return config


def names_of(value: object) -> list[str]:
    """Names given as a list, or as a text with commas; none for nothing."""
    if isinstance(value, str):
        return [name.strip() for name in value.split(",") if name.strip()]
    return [str(name) for name in value] if isinstance(value, (list, tuple, set)) else []


def read_setting(text: str) -> tuple[str, Any]:
    """A setting of the command line: "feed_overlap=true" -> ("feed_overlap", True).

    RAISES (BioactiveError): B418 when there is no name.
    """
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise error("B418", text=text)
    try:
        return name, loads(value)
    except ValueError:
        return name, value


def _number(key: str, value: object) -> float:
    try:
        number = float(str(value))
    except ValueError:
        number = -1.0
    lowest = 1 if key in AT_LEAST_ONE else 0
    if not lowest <= number < 1e9:
        raise error("B415", key=key, value=value, remedy=f"It must be a number of at least {lowest}.")
    return number if key in FRACTIONS and number % 1 else int(number)


def _instructions(value: object) -> str:
    """The text of the instructions, which may be the path of a file."""
    if isinstance(value, Path) or (isinstance(value, str) and value.endswith((".txt", ".md", ".html"))):
        try:
            return Path(value).read_text(encoding="utf-8")[:INSTRUCTION_LENGTH]
        except (OSError, UnicodeDecodeError) as problem:
            remedy = f"The file cannot be read ({type(problem).__name__}); give a UTF-8 text file, or the text itself."
            raise error("B415", key="instructions", value=str(value), remedy=remedy) from problem
    return str(value or "")
