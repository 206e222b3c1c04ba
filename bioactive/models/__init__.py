"""Trained pipelines as revisions: each one kept, with where it came from and how good it was."""

from __future__ import annotations

from pathlib import Path


def get(name: str = "current", root: str | Path = "models") -> Path:
    """The folder of a revision, for `spacy.load`; its files are compared with their checksums first.

    name (str): "current", or a name such as "active_iter_3_added_150".
    root (str | Path): Folder of the revisions.
    RETURNS (Path): The folder.
    RAISES (BioactiveError): B510 when there is no such revision, B802 when none is in use, B800 or B801 when it is
        damaged, with the file.
    """
    from .revisions import Revisions

    return Revisions(Path(root)).sound(name)
