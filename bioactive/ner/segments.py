"""Files that vectors are appended to: the vectors to NAME.seg, then a record that says where they stand to NAME.idx.

Each process has segments that no other one writes. Whatever stops it, a record is whole or the last one of its file;
vectors that do not fit their checksum count as not there.
"""

from __future__ import annotations

import os
import secrets
import struct
import weakref
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import numpy
from numpy.typing import NDArray

# Key, first byte of the vectors, words, width, checksum over all of that and the vectors.
RECORD = struct.Struct("<16sQIII")
PLACE = struct.Struct("<16sQII")


class Entry(NamedTuple):
    """Where the vectors of a text stand: the segment, first byte, shape and checksum."""

    segment: Path
    start: int
    words: int
    width: int
    checksum: int

    @property
    def end(self) -> int:
        """The byte after the last."""
        return self.start + self.words * self.width * 2


class Segment:
    """A file of vectors and its file of records, both new, to append to.

    folder (Path): Where to make them; the names hold the process and something random.
    """

    def __init__(self, folder: Path) -> None:
        self.process = os.getpid()
        self.path = folder / f"{self.process}-{secrets.token_hex(6)}.seg"
        self.size = 0
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | getattr(os, "O_BINARY", 0)
        # The vectors of a confidential text are for its owner alone.
        self.rows = os.open(self.path, flags, 0o600)
        weakref.finalize(self, os.close, self.rows)
        self.records = os.open(self.path.with_suffix(".idx"), flags, 0o600)
        weakref.finalize(self, os.close, self.records)

    def append(self, key: bytes, rows: NDArray[numpy.float16]) -> Entry:
        """Write vectors, then their record.

        RAISES (OSError): They could not be written to the end; nothing may be appended after that.
        """
        data = rows.astype("<f2", copy=False).tobytes()
        words, width = rows.shape
        entry = Entry(self.path, self.size, words, width, checksum_of(key, self.size, words, width, data))
        _write(self.rows, data)
        _write(self.records, RECORD.pack(key, *entry[1:]))
        self.size += len(data)
        return entry


def entries_of(folder: Path) -> Iterator[tuple[bytes, Entry]]:
    """Key and place of all whole records of a folder, the newest file last: it replaces what is damaged.

    A torn record at the end of a file is left out, and so are vectors that end beyond the end of theirs.
    """
    found = []
    for path in folder.glob("*.idx"):
        with suppress(FileNotFoundError):
            segment = path.with_suffix(".seg")
            found.append((path.stat().st_mtime_ns, segment, path.read_bytes(), segment.stat().st_size))
    for _, segment, records, size in sorted(found):
        for key, *place in RECORD.iter_unpack(records[: len(records) // RECORD.size * RECORD.size]):
            entry = Entry(segment, *place)
            if entry.end <= size:
                yield key, entry


def make_room(root: Path, limit: int) -> None:
    """Drop whole segments, the oldest first, until the rest fits.

    root (Path): Folder of all revisions.
    limit (int): Bytes that may stay.
    """
    found = []
    for path in root.glob("*/*.seg"):
        with suppress(FileNotFoundError):
            about = path.stat()
            found.append((about.st_mtime_ns, about.st_size, path))
    total = sum(size for _, size, _ in found)
    for _, size, path in sorted(found):
        if total <= limit:
            break
        # A file that someone holds open cannot be dropped everywhere; the next one is tried.
        with suppress(OSError):
            path.with_suffix(".idx").unlink(missing_ok=True)
            path.unlink(missing_ok=True)
            total -= size


def checksum_of(key: bytes, start: int, words: int, width: int, data: bytes) -> int:
    """CRC-32 of vectors and of where they stand for whom."""
    return zlib.crc32(data, zlib.crc32(PLACE.pack(key, start, words, width)))


def _write(file: int, data: bytes) -> None:
    """All of it, in as many steps as the system takes."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(file, rest) :]
