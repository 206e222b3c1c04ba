"""Finished work beside an output, so that a run that was stopped goes on at its last block.

OUTPUT.part holds lines; OUTPUT.part.json says how many bytes of it are whole blocks, and what they were made from.
OUTPUT.part.lock is held by the process that writes them; one that was killed leaves the file, and it holds nobody up.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from filelock import FileLock, Timeout

from bioactive.annotate.tasks import Task, to_json
from bioactive.errors import error
from bioactive.whole import whole

Facts = Mapping[str, Any]
UNTOLD = 16  # longer values are checksums, which tell a reader nothing


class Journal:
    """An append-only file of lines that is cut back to its last whole block when it is opened again.

    output (Path): The file that the run is to make.
    facts (Facts): All that the lines depend on, in JSON's types: pool, model, measure, options.
    restart (bool): Throw away what an earlier run left.
    RAISES (BioactiveError): B520 when the part file of another run lies there, B548 when a process is writing it.
    """

    def __init__(self, output: Path, facts: Facts, restart: bool = False) -> None:
        self.part = output.with_name(f"{output.name}.part")
        self.state = output.with_name(f"{output.name}.part.json")
        self.lock = FileLock(output.with_name(f"{output.name}.part.lock"), timeout=0)
        self.facts = json.loads(to_json(dict(facts)))
        self.finished = False
        self.blocks = 0
        self.size = 0
        self.counts: dict[str, int] = {}
        output.parent.mkdir(parents=True, exist_ok=True)
        try:
            self.lock.acquire()
        except Timeout:
            raise error("B548", path=output) from None
        try:
            self._open(restart)
        except BaseException:
            self._unlock()
            raise

    def _open(self, restart: bool) -> None:
        """Go on from what an earlier run left."""
        if restart:
            self.discard()
        self._recall()
        if self.part.exists():
            # First of all: where the disk was full, this is the room that the state needs.
            os.truncate(self.part, self.size)
        # Before the first line: a part without a state is none of ours.
        self._write_state()
        self.file = self.part.open("r+b" if self.part.exists() else "w+b")
        self.file.seek(self.size)

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, kind: type[BaseException] | None, problem: object, trace: TracebackType | None) -> None:
        self.file.close()
        # Without a block there is nothing to go on from, and a corrected run should find nothing in its way.
        if self.finished or not self.blocks:
            self.discard()
        self._unlock()

    def append(self, value: object) -> int:
        """Add a line.

        value (object): Of JSON's types.
        RETURNS (int): Its offset in bytes, for `read`.
        """
        offset = self.file.tell()
        self.file.write(to_json(value).encode("ascii") + b"\n")
        return offset

    def commit(self, counts: Mapping[str, int]) -> None:
        """End a block: from here on its lines outlast the process.

        counts (Mapping[str, int]): Numbers that the next run should find in `counts`.
        """
        self.file.flush()
        # The lines have to be there before the state that speaks of them.
        os.fsync(self.file.fileno())
        self.blocks += 1
        self.size, self.counts = self.file.tell(), dict(counts)
        self._write_state()

    def read(self, offset: int) -> Any:
        """The value on the line at an offset."""
        here = self.file.tell()
        self.file.seek(offset)
        found = json.loads(self.file.readline())
        self.file.seek(here)
        return found

    def lines(self) -> Iterator[tuple[int, Any]]:
        """Offset and value of each line of the finished blocks."""
        with self.part.open("rb") as file:
            offset = 0
            for line in file:
                if offset >= self.size:
                    break
                yield offset, json.loads(line)
                offset += len(line)

    def finish(self) -> None:
        """The run is done and its output is written: the files go when the journal is closed."""
        self.finished = True

    def deliver(self, output: Path) -> None:
        """Make the part the output: the run is done."""
        self.file.close()
        self.part.replace(output)
        self.finished = True

    def discard(self) -> None:
        """Remove both files. The part goes first: a state without it is no work, a part without state a riddle."""
        self.part.unlink(missing_ok=True)
        self.state.unlink(missing_ok=True)

    def _unlock(self) -> None:
        with suppress(OSError):  # Windows lets nobody remove a file that is open, and FileLock does it there
            Path(self.lock.lock_file).unlink()
        self.lock.release()

    def _write_state(self) -> None:
        state = {"facts": self.facts, "blocks": self.blocks, "size": self.size, "counts": self.counts}
        with whole(self.state) as new:
            new.write_text(to_json(state), encoding="utf8")

    def _recall(self) -> None:
        """Take up what an earlier run left, if it was the same run."""
        if not self.part.exists() or not (size := self.part.stat().st_size):
            return
        try:
            found = json.loads(self.state.read_text(encoding="utf8"))
            before, self.blocks, self.size = dict(found["facts"]), int(found["blocks"]), int(found["size"])
            self.counts = dict(found["counts"])
        except FileNotFoundError:
            raise error("B520", path=self.part, differs=f"there is no {self.state.name} to say what of") from None
        except (ValueError, KeyError, TypeError):
            raise error("B520", path=self.part, differs=f"{self.state.name} cannot be read") from None
        found_other = list(differences(before, self.facts))
        if not found_other and size < self.size:
            found_other = [f"it has {size} bytes where {self.size} were written"]
        if found_other:
            raise error("B520", path=self.part, differs="; ".join(found_other))


def write_lines(tasks: Iterator[Task], output: Path) -> int:
    """Write tasks as JSON lines; the file appears when it is whole.

    tasks (Iterator[Task]): The tasks.
    output (Path): The file.
    RETURNS (int): How many were written.
    """
    import srsly

    written = 0
    with whole(output) as new, new.open("w", encoding="utf8", newline="\n") as file:
        for task in tasks:
            file.write(srsly.json_dumps(task) + "\n")
            written += 1
    return written


def differences(before: Facts, now: Facts) -> Iterator[str]:
    """What two runs do not have in common, in words; a long value, such as a checksum, is not told."""
    for name in sorted({*before, *now}):
        old, new = before.get(name), now.get(name)
        if old != new:
            told = all(len(str(value)) <= UNTOLD for value in (old, new))
            yield f"{name} was {old}, is {new}" if told else f"the {name} is another"
