"""The process that learns beside the server: how the server starts it, what it says, and what it leaves behind.

The two share a folder and the database, nothing else. The worker writes `status.json` and `ranking-N.jsonl`, each in
one rename; the server reads them. When the worker dies, the tasks go on in the order they had.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from .database import ENVIRONMENT
from .tasks import Task

STATUS = "status.json"
LOG = "worker.log"
# A worker is to take the processor only when nobody waits for a page.
NICE = 10
logger = logging.getLogger("bioactive")
DIED = "The learning worker ended with code %s; tasks go on in the order they have. What it said is in %s"


def give_way() -> None:
    """Let everything else on the machine come first, the server above all."""
    os.nice(NICE)
    if hasattr(os, "SCHED_BATCH"):
        # It computes without a pause: it does not take the processor from somebody who has just woken up.
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def spare_threads() -> dict[str, str]:
    """Environment variables that leave the server a core, unless the user has set them."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return {"OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS") or str(max(1, cores - 1))}


@dataclass(frozen=True)
class Learning:
    """How far the worker is.

    doing (str): "starting", "ranking", "waiting", "training", or "stopped" when it ended by itself.
    revision (int): Number of the revision that the tasks are ranked by; 0 for the pipeline that the command named.
    answers (int): How many answers that revision has learnt from.
    ranking (str): File name of the newest ranking; "" before the first.
    refused (int): Revisions that were not promoted, because they were worse.
    """

    doing: str = "starting"
    revision: int = 0
    answers: int = 0
    ranking: str = ""
    refused: int = 0


def write_status(folder: Path, state: Learning) -> None:
    """Tell the server how far one is; it never sees a half-written file."""
    new = folder / f"{STATUS}.new"
    new.write_text(json.dumps(asdict(state)), encoding="utf-8")
    new.replace(folder / STATUS)


def read_ranking(lines: IO[str]) -> Iterator[tuple[Task, int]]:
    """The tasks of a ranking, and how many answers their texts had when it was made."""
    for line in lines:
        task, times = json.loads(line)
        yield task, times


class Worker:
    """The learning process, seen from the server.

    command (Sequence[str]): Words after `python -m bioactive`.
    folder (Path): Where it reports; made if need be. What an earlier worker left there counts no more.
    database (str): Address of the database, which may have a password: it goes by the environment.
    """

    def __init__(self, command: Sequence[str], folder: Path, database: str) -> None:
        self.command, self.folder, self.database = list(command), folder, database
        self.process: subprocess.Popen[bytes] | None = None
        self._stopping = False
        self._known: tuple[int, Learning] = (0, Learning())

    def start(self, *more: str) -> None:
        """Start the process, and a thread that notices its end.

        more (str): Further words of its command.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / STATUS).unlink(missing_ok=True)
        words = [sys.executable, "-m", "bioactive", *self.command, *more, "--parent", str(os.getpid())]
        with (self.folder / LOG).open("ab") as log:
            own = {**os.environ, **spare_threads(), ENVIRONMENT: self.database}
            self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=own)
        threading.Thread(target=self._wait, daemon=True).start()

    def stop(self) -> None:
        """End the process with the server."""
        self._stopping = True
        if self.process is not None:
            self.process.terminate()
            self.process.wait()

    @property
    def state(self) -> Learning:
        """What the worker said last; "stopped" when it has ended."""
        try:
            written = (self.folder / STATUS).stat().st_mtime_ns
            if written != self._known[0]:
                self._known = written, Learning(**json.loads((self.folder / STATUS).read_text(encoding="utf-8")))
        except FileNotFoundError:
            pass  # it has said nothing yet
        state = self._known[1]
        if self.process is not None and self.process.poll() is not None:
            return Learning(**{**asdict(state), "doing": "stopped"})
        return state

    def open_ranking(self, name: str) -> Iterator[tuple[Task, int]]:
        """The tasks of a ranking, read as they are asked for; see `read_ranking`."""
        with (self.folder / name).open(encoding="utf-8") as lines:
            yield from read_ranking(lines)

    def _wait(self) -> None:
        assert self.process is not None
        code = self.process.wait()
        if not self._stopping:
            logger.error(DIED, code, self.folder / LOG)
