"""A folder of revisions: one pipeline a folder with its manifest beside, and the name of the one in use."""

from __future__ import annotations

import re
import shutil
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import srsly

from bioactive.errors import error

MANIFEST = "revision.json"
CURRENT = "CURRENT"
NAME = re.compile(r"active_iter_(\d+)_added_(\d+)")


@dataclass
class Manifest:
    """Where a revision came from and how good it was.

    name (str): Its name and folder, `active_iter_{round}_added_{answers}`.
    parent (str): The pipeline that it was retrained from.
    answers (dict[str, int]): How many answers of each kind it learnt from: accept, reject, ignore.
    data (dict[str, str]): SHA-256 of each file of training and evaluation data.
    metrics (dict[str, Any]): Scores before and after, and their paired difference on dev.
    promoted (str): Why it became the current one, or why not.
    settings (dict[str, Any]): What the training was told beside the pipeline's config.
    created (str): When, UTC, ISO 8601.
    """

    name: str
    parent: str
    answers: dict[str, int]
    data: dict[str, str]
    metrics: dict[str, Any]
    promoted: str
    settings: dict[str, Any] = field(default_factory=dict)
    created: str = field(default_factory=lambda: datetime.now(timezone.utc).isoformat(timespec="seconds"))


class Revisions:
    """The revisions under a folder, usually models/.

    root (Path): The folder; made when the first revision is published.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def names(self) -> list[str]:
        """The names of all revisions, oldest first; a folder without a manifest is not one."""
        folders = [path.parent.name for path in self.root.glob(f"*/{MANIFEST}")]
        return sorted((name for name in folders if NAME.fullmatch(name)), key=_round)

    def next_name(self, answers: int) -> str:
        """The name for a revision that learns from so many answers."""
        last = max(map(_round, self.names()), default=0)
        return f"active_iter_{last + 1}_added_{answers}"

    def path(self, name: str) -> Path:
        """The folder of a revision, which `spacy.load` takes.

        RAISES (BioactiveError): B510 when there is none.
        """
        if name not in self.names():
            raise error("B510", name=name, root=self.root, known=", ".join(self.names()) or "none")
        return self.root / name

    def manifest(self, name: str) -> Manifest:
        """The manifest of a revision."""
        return Manifest(**srsly.read_json(self.path(name) / MANIFEST))

    def current(self) -> Path | None:
        """The folder of the revision in use; None before the first promotion."""
        pointer = self.root / CURRENT
        return self.path(pointer.read_text(encoding="utf8").strip()) if pointer.is_file() else None

    def publish(self, pipeline: Path, manifest: Manifest) -> Path:
        """Move a finished pipeline in under its name. A half-written revision is never visible.

        pipeline (Path): The pipeline's folder; gone afterwards.
        RETURNS (Path): The revision's folder.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        # Copied first: a rename is atomic only within one file system.
        arriving = self.root / f".{manifest.name}.arriving"
        shutil.rmtree(arriving, ignore_errors=True)
        shutil.move(pipeline, arriving)
        srsly.write_json(arriving / MANIFEST, asdict(manifest))
        return arriving.rename(self.root / manifest.name)

    def promote(self, name: str) -> None:
        """Make a revision the current one."""
        self.path(name)
        pointer = self.root / f"{CURRENT}.new"
        pointer.write_text(name + "\n", encoding="utf8")
        pointer.replace(self.root / CURRENT)


def _round(name: str) -> int:
    match = NAME.fullmatch(name)
    return int(match.group(1)) if match else 0
