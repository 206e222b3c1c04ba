"""Old revisions deleted, and what stopped runs left behind."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from .promotions import line_of
from .revisions import MANIFEST, Revisions, size_of

REMOVED = "removed"
LEFTOVERS = (".*.arriving", ".*.pulling", ".*.leaving", ".training-*")


@dataclass(frozen=True)
class Cleaning:
    """What can be deleted.

    revisions (list[str]): Names of revisions.
    leftovers (list[Path]): Folders of runs that were stopped.
    size (int): Bytes of both.
    """

    revisions: list[str]
    leftovers: list[Path]
    size: int


def plan(revisions: Revisions, keep: int = 5, hours: float = 24.0) -> Cleaning:
    """What can be deleted: all but the newest, the current one and the one before it.

    revisions (Revisions): The store.
    keep (int): How many of the newest stay; at least one does, as the next name counts on from it.
    hours (float): A folder of a run counts as left behind when nothing in it has changed for so long.
    RETURNS (Cleaning): The plan; nothing is deleted yet.
    """
    names = revisions.names()
    kept = {*names[-max(1, keep) :], *line_of(revisions)[-2:]}
    old = [name for name in names if name not in kept]
    latest = time.time() - 3600 * hours
    left = [path for pattern in LEFTOVERS for path in sorted(revisions.root.glob(pattern)) if _changed(path) < latest]
    return Cleaning(old, left, sum(map(size_of, [*(revisions.root / name for name in old), *left])))


def clean(revisions: Revisions, found: Cleaning) -> None:
    """Delete what a plan names; the manifest of each revision is kept in the folder "removed".

    revisions (Revisions): The store.
    found (Cleaning): From `plan`.
    """
    for name in found.revisions:
        kept = revisions.root / REMOVED / f"{name}.json"
        kept.parent.mkdir(exist_ok=True)
        leaving = revisions.root / f".{name}.leaving"
        # Gone from the list by one rename: half a revision is never to be seen.
        (revisions.root / name).rename(leaving)
        (leaving / MANIFEST).replace(kept)
        shutil.rmtree(leaving)
    for path in found.leftovers:
        shutil.rmtree(path)


def _changed(folder: Path) -> float:
    return max(path.stat().st_mtime for path in [folder, *folder.rglob("*")])
