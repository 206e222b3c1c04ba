"""Vectors of texts that were encoded before: in memory, and behind that in a folder that processes share.

A revision of an encoder has a subfolder of its own there; `segments` has what stands in it.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import sys
import threading
import warnings
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy
import torch
from numpy.typing import NDArray

from ..errors import Errors
from .segments import Entry, Segment, checksum_of, entries_of, make_room

SEGMENT_BYTES = 256 * 2**20
# A folder holds at least this many segments before the oldest is dropped, however small its bound.
SEGMENTS = 8


class StateCache:
    """The most recently used vectors, bounded in bytes.

    limit (int): Bytes to hold at the most.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.size = 0
        self.entries: OrderedDict[bytes, NDArray[numpy.float16]] = OrderedDict()

    def get(self, key: bytes) -> NDArray[numpy.float16] | None:
        """The vectors under a key, or None."""
        if key in self.entries:
            self.entries.move_to_end(key)
        return self.entries.get(key)

    def put(self, key: bytes, rows: NDArray[numpy.float16]) -> None:
        """Keep vectors, and drop the least recently used ones beyond the limit."""
        if key in self.entries:
            self.size -= self.entries.pop(key).nbytes
        self.size += rows.nbytes
        self.entries[key] = rows
        while self.size > self.limit and self.entries:
            self.size -= self.entries.popitem(last=False)[1].nbytes


class DiskCache:
    """Vectors of one revision of an encoder, in a folder that processes share.

    What other processes wrote is seen as it was when the cache was opened. A folder that cannot be made or written
    gives one warning (B208), and nothing more is kept in it.

    root (Path): The folder of all revisions; made when it is not there.
    revision (str): Names the encoder; see `revision_of`.
    limit (int): Bytes that all revisions may take, about: the oldest segments are dropped when a new one is begun, and
        each further process that writes at the same time can add one segment.
    """

    def __init__(self, root: Path, revision: str, limit: int) -> None:
        self.root, self.revision, self.limit = root, revision, limit
        self.folder = root / revision
        self.segment_bytes = min(SEGMENT_BYTES, limit // SEGMENTS)
        self.segment: Segment | None = None
        self.writable = True
        self.maps: dict[Path, mmap.mmap] = {}
        self.lock = threading.Lock()
        self.entries: dict[bytes, Entry] = {}
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.entries.update(entries_of(self.folder))
        except OSError as problem:
            self._stop_writing(problem)

    def __reduce__(self) -> tuple[type, tuple[Path, str, int]]:
        # A copy, or the same in another process, opens the folder for itself.
        return type(self), (self.root, self.revision, self.limit)

    def get(self, key: bytes) -> NDArray[numpy.float16] | None:
        """The vectors under a key of 16 bytes; None when there are none, or no sound ones."""
        with self.lock:
            entry = self.entries.get(key)
            rows = None if entry is None else self._read(key, entry)
            if rows is None:
                self.entries.pop(key, None)
            return rows

    def put(self, key: bytes, rows: NDArray[numpy.float16]) -> None:
        """Append vectors, [words, width], unless the key has some or they are larger than a segment."""
        with self.lock:
            if self.writable and key not in self.entries and 0 < rows.nbytes <= self.segment_bytes:
                try:
                    self.entries[key] = self._segment_for(rows.nbytes).append(key, rows)
                except OSError as problem:
                    self._stop_writing(problem)

    def _read(self, key: bytes, entry: Entry) -> NDArray[numpy.float16] | None:
        try:
            # Asked each time: to read a map beyond the end of its file would kill the process.
            if entry.segment.stat().st_size < entry.end:
                return None
            data = self._map(entry.segment, entry.end)[entry.start : entry.end]
        except (OSError, ValueError):
            return None
        if checksum_of(key, *entry[1:4], data) != entry.checksum:
            return None
        return numpy.frombuffer(data, dtype="<f2").reshape(entry.words, entry.width)

    def _map(self, segment: Path, end: int) -> mmap.mmap:
        found = self.maps.get(segment)
        if found is None or len(found) < end:
            with segment.open("rb") as file:
                found = self.maps[segment] = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        return found

    def _segment_for(self, size: int) -> Segment:
        segment = self.segment
        # After a fork the files are the parent's; two processes never append to one.
        if segment is None or segment.process != os.getpid() or segment.size + size > self.segment_bytes:
            make_room(self.root, self.limit - self.segment_bytes)
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._forget_dropped()
            segment = self.segment = Segment(self.folder)
        return segment

    def _forget_dropped(self) -> None:
        """Let go of segments that are no more: a map of one would hold on to its place on the disk."""
        left = set(self.folder.glob("*.seg"))
        self.entries = {key: entry for key, entry in self.entries.items() if entry.segment in left}
        self.maps = {segment: found for segment, found in self.maps.items() if segment in left}

    def _stop_writing(self, problem: OSError) -> None:
        self.writable, self.segment = False, None
        warnings.warn(Errors.B208.format(folder=self.root, problem=problem.strerror or problem), stacklevel=2)


class VectorCache:
    """Memory, and behind it a folder that is opened once the encoder is known.

    memory (StateCache): Asked first, and filled with what the folder gives.
    root (Path | None): Folder of all revisions; None for memory only.
    limit (int): Bytes that the folder may take.
    """

    def __init__(self, memory: StateCache, root: Path | None = None, limit: int = 0) -> None:
        self.memory = memory
        self.root = root if limit > 0 else None
        self.limit = limit
        self.disk: DiskCache | None = None

    def open(self, revision: Callable[[], str]) -> None:
        """Open the folder of a revision; the name is only asked for when there is one to open."""
        if self.root is not None and self.disk is None:
            self.disk = DiskCache(self.root, revision(), self.limit)

    def forget(self) -> None:
        """Let go of everything in memory and of the folder, which stays: another encoder follows."""
        self.memory = StateCache(self.memory.limit)
        self.disk = None

    def get(self, key: bytes) -> NDArray[numpy.float16] | None:
        """The vectors under a key, or None."""
        rows = self.memory.get(key)
        if rows is None and self.disk is not None and (rows := self.disk.get(key)) is not None:
            self.memory.put(key, rows)
        return rows

    def put(self, key: bytes, rows: NDArray[numpy.float16]) -> None:
        """Keep vectors in both."""
        self.memory.put(key, rows)
        if self.disk is not None:
            self.disk.put(key, rows)


def cache_root(cache_dir: str | None) -> Path | None:
    """The folder that a setting means.

    cache_dir (str | None): A folder; "auto" for the one that the environment variable BIOACTIVE_CACHE names, or
        without it the user's own cache folder; None for no folder, as is "auto" with an empty variable.
    """
    if cache_dir != "auto":
        return Path(cache_dir).expanduser() if cache_dir else None
    if (named := os.environ.get("BIOACTIVE_CACHE")) is not None:
        return Path(named).expanduser() if named else None
    try:
        home = Path.home()
    except RuntimeError:
        return None
    default = {"darwin": home / "Library" / "Caches", "win32": home / "AppData" / "Local"}
    return Path(os.environ.get("XDG_CACHE_HOME") or default.get(sys.platform, home / ".cache")) / "bioactive"


def revision_of(weights: Mapping[str, torch.Tensor], files: Mapping[str, bytes], settings: str) -> str:
    """Names all that a vector depends on besides its text, as 32 hexadecimal digits.

    weights (Mapping[str, torch.Tensor]): The encoder's tensors by name.
    files (Mapping[str, bytes]): The tokenizer's files by name.
    settings (str): The rest, written out.
    """
    digest = hashlib.blake2b(settings.encode("utf8"), digest_size=16)
    for name, tensor in weights.items():
        digest.update(f"\0{name} {tensor.dtype} {tuple(tensor.shape)}\0".encode())
        # As bytes, since numpy has no bfloat16.
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    for name, content in sorted(files.items()):
        digest.update(f"\0{name} {len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()
