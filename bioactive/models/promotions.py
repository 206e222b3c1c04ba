"""Which revision is in use, since when, who decided it and on what grounds: a log that only grows."""

from __future__ import annotations

import getpass
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bioactive.errors import error

from .revisions import Revisions, now

LOG = "PROMOTIONS.jsonl"
PROMOTE, ROLLBACK = "promote", "rollback"


@dataclass(frozen=True)
class Entry:
    """One line of the log.

    action (str): "promote" or "rollback".
    name (str): The revision in use from then on.
    before (str): The one in use until then; "" where there was none.
    who, why (str): Who decided it, and the reason.
    evidence (dict[str, Any]): What was measured.
    when (str): UTC, ISO 8601.
    """

    action: str
    name: str
    before: str
    who: str
    why: str
    evidence: dict[str, Any] = field(default_factory=dict)
    when: str = field(default_factory=now)


def promote(revisions: Revisions, name: str, why: str, who: str = "", evidence: Mapping[str, Any] | None = None) -> Entry:
    """Make a revision the current one, and record it.

    revisions (Revisions): The store.
    name (str): The revision; its files are compared with their checksums first.
    why (str): The reason.
    who (str): Who decided it; the user that runs this by default.
    evidence (Mapping | None): What was measured.
    RETURNS (Entry): The line that the log has now.
    RAISES (BioactiveError): As `Revisions.sound`.
    """
    revisions.sound(name)
    return _move(revisions, Entry(PROMOTE, name, _current(revisions), who or user(), why, dict(evidence or {})))


def rollback(revisions: Revisions, why: str, who: str = "") -> Entry:
    """Go back to the revision that was in use before the current one; once more goes back one further.

    revisions (Revisions): The store.
    why (str): The reason.
    who (str): Who decided it; the user that runs this by default.
    RETURNS (Entry): The line that the log has now.
    RAISES (BioactiveError): B804 when there is none to go back to; else as `Revisions.sound`.
    """
    line = line_of(revisions)
    if len(line) < 2:
        raise error("B804", root=revisions.root, current=_current(revisions) or "none")
    revisions.sound(line[-2])
    return _move(revisions, Entry(ROLLBACK, line[-2], _current(revisions), who or user(), why))


def line_of(revisions: Revisions) -> list[str]:
    """The revisions that a rollback goes through, the current one last.

    A promotion adds to it, a rollback takes the last one off. A current revision that the log does not know, from a
    store of an older version, stands alone.
    """
    line: list[str] = []
    for entry in history(revisions.root):
        if entry.action == ROLLBACK:
            del line[-1:]
            continue
        if not line and entry.before:
            line.append(entry.before)
        if line[-1:] != [entry.name]:
            line.append(entry.name)
    current = _current(revisions)
    return line if line[-1:] == [current] else [current] if current else []


def history(root: Path) -> list[Entry]:
    """The log, oldest line first.

    root (Path): Folder of the revisions.
    RETURNS (list[Entry]): Empty where nothing was promoted yet.
    RAISES (BioactiveError): B805 for a line that cannot be read.
    """
    path, found = root / LOG, []
    # Bytes, as a text would also be cut at U+2028 and the like, which a reason may hold.
    lines = path.read_bytes().splitlines() if path.is_file() else []
    for number, line in enumerate(lines, start=1):
        try:
            entry = Entry(**json.loads(line))
        except (ValueError, TypeError, RecursionError) as problem:
            raise error("B805", path=path, line=number, reason=str(problem)) from problem
        if not (isinstance(entry.name, str) and isinstance(entry.before, str)):
            raise error("B805", path=path, line=number, reason="a name is no text")
        found.append(entry)
    return found


def user() -> str:
    """The user that runs this; "unknown" where the system does not tell."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return "unknown"


def _current(revisions: Revisions) -> str:
    current = revisions.current()
    return current.name if current is not None else ""


def _move(revisions: Revisions, entry: Entry) -> Entry:
    # Recorded first: a promotion that is recorded and did not happen is seen in the next line, the opposite never.
    line = json.dumps(asdict(entry), ensure_ascii=False) + "\n"
    handle = os.open(revisions.root / LOG, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(handle, line.encode("utf8"))
        os.fsync(handle)
    finally:
        os.close(handle)
    revisions.point_to(entry.name)
    return entry
