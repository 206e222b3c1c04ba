"""A folder of revisions: one pipeline a folder with its manifest beside, and the name of the one in use."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import srsly

from bioactive.errors import error
from bioactive.fingerprint import sha256_of

from .environment import versions

MANIFEST = "revision.json"
CURRENT = "CURRENT"
CARD = "README.md"
NAME = re.compile(r"active_iter_(\d+)_added_(\d+)")


def now() -> str:
    """The time, UTC, ISO 8601, to the second."""
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


@dataclass
class Manifest:
    """Where a revision came from and how good it was.

    name (str): Its name and folder, `active_iter_{round}_added_{answers}`.
    parent (str): The pipeline that it was retrained from; "" for one that was not.
    answers (dict[str, int]): How many answers of each kind it learnt from: accept, reject, ignore.
    data (dict[str, str]): SHA-256 of each file of training and evaluation data, and of the answers.
    metrics (dict[str, Any]): Scores before and after, and their paired difference on dev; [value, low, high] each.
    promoted (str): Why it became the current one, or why not.
    settings (dict[str, Any]): What the training was told beside the pipeline's config.
    created (str): When, UTC, ISO 8601.
    config (str): SHA-256 of its config.cfg.
    environment (dict[str, str]): Versions of Python and of the packages it was made with.
    files (dict[str, list[Any]]): [bytes, SHA-256] of each of its files, by path in its folder; not of the manifest.
    words (int): Words that the answers labelled, again where two answers did; 0 where nobody counted.
    """

    name: str
    parent: str
    answers: dict[str, int]
    data: dict[str, str]
    metrics: dict[str, Any]
    promoted: str
    settings: dict[str, Any] = field(default_factory=dict)
    created: str = field(default_factory=now)
    config: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    files: dict[str, list[Any]] = field(default_factory=dict)
    words: int = 0

    @property
    def size(self) -> int:
        """Bytes of its files."""
        return sum(size for size, _ in self.files.values())


class Revisions:
    """The revisions under a folder, usually models/.

    root (Path): The folder; made when the first revision is published.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def names(self) -> list[str]:
        """The names of all revisions, oldest first; a folder without a manifest is not one."""
        folders = [path.parent.name for path in self.root.glob(f"*/{MANIFEST}")]
        return sorted((name for name in folders if NAME.fullmatch(name)), key=round_of)

    def next_name(self, answers: int) -> str:
        """The name for a revision that learns from so many answers."""
        last = max(map(round_of, self.names()), default=0)
        return f"active_iter_{last + 1}_added_{answers}"

    def path(self, name: str) -> Path:
        """The folder of a revision, as it lies there.

        RAISES (BioactiveError): B510 when there is none.
        """
        # Not through `names`: to find one among many, no other has to be looked at.
        if not NAME.fullmatch(name) or not (self.root / name / MANIFEST).is_file():
            raise error("B510", name=name, root=self.root, known=", ".join(self.names()) or "none")
        return self.root / name

    def manifest(self, name: str) -> Manifest:
        """The manifest of a revision.

        RAISES (BioactiveError): B510 when there is none, B800 when it cannot be read.
        """
        return read_manifest(self.path(name) / MANIFEST)

    def current(self) -> Path | None:
        """The folder of the revision in use; None before the first promotion."""
        pointer = self.root / CURRENT
        return self.path(pointer.read_text(encoding="utf8").strip()) if pointer.is_file() else None

    def grown_from(self, model: str | Path, dataset: str) -> Path | None:
        """The revision in use, if it has learnt from a dataset and descends from a pipeline: what a worker goes on from.

        model (str | Path): The pipeline that the worker was started with: a folder, or the name of an installed one.
        dataset (str): The dataset that it learns from.
        RETURNS (Path | None): The folder of the revision; None when another course of learning made it.
        """
        current = self.current()
        if current is None or self.manifest(current.name).settings.get("dataset") != dataset:
            return None
        wanted, known, ancestor = Path(model).resolve(), set(self.names()), current
        while ancestor.resolve() != wanted:
            if ancestor.name not in known or ancestor.resolve().parent != self.root.resolve():
                return None
            known.remove(ancestor.name)  # a damaged record that goes round in a ring ends here
            ancestor = Path(self.manifest(ancestor.name).parent)
        return current

    def sound(self, name: str) -> Path:
        """The folder of a revision, all of whose files are as they were published.

        name (str): A revision's name, or "current".
        RETURNS (Path): What `spacy.load` takes.
        RAISES (BioactiveError): B510 when there is none, B802 when none is in use, B800 for a manifest that cannot be
            read, B801 for a file that is another or is gone.
        """
        folder = self.current() if name == CURRENT.lower() else self.path(name)
        if folder is None:
            raise error("B802", root=self.root, known=", ".join(self.names()) or "none")
        check(folder, read_manifest(folder / MANIFEST))
        return folder

    def publish(self, pipeline: Path, manifest: Manifest) -> Path:
        """Move a finished pipeline in under its name. A half-written revision is never visible.

        pipeline (Path): The pipeline's folder; gone afterwards.
        manifest (Manifest): What is recorded; its config, environment and files are filled in.
        RETURNS (Path): The revision's folder.
        RAISES (BioactiveError): B803 when there is a revision of that name.
        """
        from .card import card

        self.root.mkdir(parents=True, exist_ok=True)
        # Moved beside first: a rename is atomic only within one file system.
        arriving = self.root / f".{manifest.name}.arriving"
        shutil.rmtree(arriving, ignore_errors=True)
        shutil.move(pipeline, arriving)
        manifest.environment = manifest.environment or versions()
        manifest.config = sha256_of(arriving / "config.cfg")
        (arriving / CARD).write_text(card(manifest, arriving), encoding="utf8")
        manifest.files = files_of(arriving)
        srsly.write_json(arriving / MANIFEST, asdict(manifest))
        return self.install(arriving, manifest.name)

    def install(self, arriving: Path, name: str) -> Path:
        """Let a whole revision appear under its name, by one rename.

        arriving (Path): Its folder, in the folder of the revisions, under a name that begins with a dot.
        name (str): The revision's name.
        RETURNS (Path): The revision's folder.
        RAISES (BioactiveError): B803 when there is a revision of that name; `arriving` stays.
        """
        for path in arriving.rglob("*"):
            if path.is_file():
                _to_disk(path)  # else a power cut could leave a name with empty files under it
        try:
            made = arriving.rename(self.root / name)
        except OSError as problem:
            if not (self.root / name).exists():
                raise
            raise error("B803", name=name, root=self.root) from problem
        _to_disk(self.root)
        return made

    def point_to(self, name: str) -> None:
        """Make a revision the current one, by one rename; `promotions.promote` records it as well."""
        self.path(name)
        pointer = self.root / f".{CURRENT}.{os.getpid()}"
        pointer.write_text(name + "\n", encoding="utf8")
        pointer.replace(self.root / CURRENT)


def read_manifest(path: Path) -> Manifest:
    """Read a manifest; what a newer version has written beside is passed over.

    RAISES (BioactiveError): B800 when it is no manifest.
    """
    known = {each.name for each in fields(Manifest)}
    try:
        found = json.loads(path.read_text(encoding="utf8"))
        manifest = Manifest(**{name: value for name, value in found.items() if name in known})
    except (OSError, ValueError, TypeError, AttributeError, RecursionError) as problem:
        raise error("B800", path=path, reason=" ".join(str(problem).split())) from problem
    if not _is_sound(manifest):
        raise error("B800", path=path, reason="a field is of another type")
    return manifest


def _is_sound(manifest: Manifest) -> bool:
    """Whether the fields that decide about files and names are what they are declared to be."""
    texts = (manifest.name, manifest.parent, manifest.promoted, manifest.created, manifest.config)
    tables = (manifest.answers, manifest.data, manifest.metrics, manifest.settings, manifest.environment, manifest.files)
    return (
        all(isinstance(text, str) for text in texts)
        and all(isinstance(table, dict) for table in tables)
        and all(isinstance(count, int) for count in (*manifest.answers.values(), manifest.words))
        and all(isinstance(one, list) and [*map(type, one)] == [int, str] for one in manifest.files.values())
    )


def size_of(folder: Path) -> int:
    """Bytes of all files of a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def files_of(folder: Path) -> dict[str, list[Any]]:
    """Bytes and SHA-256 of each file of a folder but the manifest, by path with slashes."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path != folder / MANIFEST)
    return {path.relative_to(folder).as_posix(): [path.stat().st_size, sha256_of(path)] for path in paths}


def check(folder: Path, manifest: Manifest) -> None:
    """Compare the files of a revision with what its manifest says of them.

    folder (Path): Where they are.
    manifest (Manifest): What they should be. One without files, from an older version, says nothing.
    RAISES (BioactiveError): B801 for the first that is another or is gone.
    """
    for path, found in damage(folder, manifest):
        raise error("B801", path=path, found=found, name=manifest.name)


def check_loaded(pipeline: Path) -> None:
    """Before a pipeline is loaded: where it is a revision, compare the files that loading reads with its manifest.

    pipeline (Path): Its folder; one without a manifest is no revision, and is left alone. So is the card, which nothing
        reads, and what lies beside the files of the manifest.
    RAISES (BioactiveError): B800 for a manifest that cannot be read, B801 for the first file that is another or is gone.
    """
    if (pipeline / MANIFEST).is_file():
        manifest = read_manifest(pipeline / MANIFEST)
        check(pipeline, replace(manifest, files={name: one for name, one in manifest.files.items() if name != CARD}))


def damage(folder: Path, manifest: Manifest) -> Iterator[tuple[Path, str]]:
    """The files of a revision that are not as its manifest says, each with what was found."""
    for name, (size, digest) in manifest.files.items():
        path = folder / name
        if not path.is_file():
            yield path, "is gone"
        elif path.stat().st_size != size:
            yield path, f"has {path.stat().st_size} bytes, not {size}"
        elif sha256_of(path) != digest:
            yield path, "has other contents"


def round_of(name: str) -> int:
    """The number of the round in a revision's name; 0 for a name that is none."""
    match = NAME.fullmatch(name)
    return int(match.group(1)) if match else 0


def _to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
