"""The revisions that one was retrained from, one after the other."""

from __future__ import annotations

from pathlib import Path

from .cleaning import REMOVED
from .revisions import MANIFEST, NAME, Manifest, Revisions, read_manifest


def lineage(revisions: Revisions, name: str) -> list[Manifest]:
    """A revision with all that it comes from.

    revisions (Revisions): The store. Of what `models gc` has deleted the manifests are there still.
    name (str): The revision.
    RETURNS (list[Manifest]): Oldest first; the last one is `name`. The first one's parent is none of the store.
    RAISES (BioactiveError): B510 when there is no such revision, B800 for a manifest that cannot be read.
    """
    found = [revisions.manifest(name)]
    while True:
        parent = Path(found[-1].parent).name
        path = _manifest_path(revisions.root, parent)
        # A name is given once only, but a manifest may come from another store.
        if path is None or parent in {one.name for one in found}:
            return found[::-1]
        found.append(read_manifest(path))


def store_of(pipeline: Path) -> Revisions | None:
    """The store that a pipeline's folder lies in; None for one that is no revision."""
    folder = pipeline.resolve()
    there = NAME.fullmatch(folder.name) and (folder / MANIFEST).is_file()
    return Revisions(folder.parent) if there else None


def _manifest_path(root: Path, name: str) -> Path | None:
    if not NAME.fullmatch(name):
        return None
    places = (root / name / MANIFEST, root / REMOVED / f"{name}.json")
    return next((path for path in places if path.is_file()), None)
