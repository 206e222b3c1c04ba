"""Tasks on their way out: drawn from a recipe's stream, put on the shelf, leased to the sessions that ask."""

from __future__ import annotations

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import TYPE_CHECKING

from ..errors import BioactiveError
from .receiving import as_json
from .recipe_files import own_frames
from .routing import Routed, Router
from .rows import CHUNK
from .shelf import Shelf, Spool
from .stream import Met, Stream, without_duplicates
from .tasks import VIEW_ID, Task, TaskKey, blinded, excerpt
from .validation import validate

if TYPE_CHECKING:
    from .controller import Controller

logger = logging.getLogger("bioactive")
# Part of a lease after which a session looks again for tasks that have come back while there are new ones.
LOOK_BACK = 0.1
NO_JSON = "tasks that are no JSON left out"


class Outgoing:
    """Gives out the tasks of a stream.

    ctrl (Controller): Knows the settings, the terms and the store.
    stream (Stream): The tasks.
    router (Router | None): Says which sessions a task goes to; without one the terms alone say it.
    """

    def __init__(self, ctrl: Controller, stream: Stream, router: Router | None) -> None:
        self.ctrl, self.router = ctrl, router
        self._drawing = threading.Lock()
        # A lock for each session: the database decides between sessions, and takes what they ask for in one commit.
        self._asking: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._open(stream)

    def _open(self, stream: Stream) -> None:
        self.stream = stream
        self._met = Met()
        self._feed = self._new_tasks()
        self.drawn = 0
        # With one copy a task is let go of when it is answered, so that few are in memory at a time.
        self._shelf = Shelf({} if self.ctrl.terms.copies == 1 else Spool())
        self._routed = Routed(self.router, Spool()) if self.router is not None else None
        self._look_back: dict[str, float] = {}
        self._failed: BioactiveError | None = None

    @property
    def open(self) -> int:
        """How many tasks were drawn and are still to be answered."""
        return len(self._shelf)

    def reset(self, stream: Stream, like_old: bool) -> None:
        """Go on with other tasks; those that are out stay out until they are answered.

        stream (Stream): The tasks.
        like_old (bool): Pass them through the functions that were applied to the stream before.
        """
        with self._drawing:
            if like_old:
                stream.apply_like(self.stream)
            self._open(stream)

    def second_pass(self) -> int:
        """Ask also about what the sorters of the stream passed over; see `Controller.second_pass`."""
        with self._drawing:
            found = self.stream.second_pass()
            self._feed = chain(self._feed, self._new_tasks())
        return found

    def settle(self, answers: Iterable[tuple[str, TaskKey]]) -> None:
        """Let go of what was answered, given as session and task."""
        given = list(answers)
        for session, key in given:
            self._shelf.settle(session, [key])
            if self._routed is not None:
                self._routed.settle(session, [key])
        if self.ctrl.terms.copies == 1:
            self._shelf.remove(key for _, key in given)

    def questions(self, session: str, have: Collection[int]) -> list[Task]:
        """Lease the next tasks to a session; see `Controller.get_questions`."""
        if self._routed is not None:
            with self._drawing:
                return self._told(self._routed.questions(self.ctrl, session, have, self._draw))
        with self._asking[session]:
            return self._told(self._shelf.get(self._leased(session, have)))

    def _leased(self, session: str, have: Collection[int]) -> list[TaskKey]:
        size, leases, dataset = self.ctrl.config["batch_size"], self.ctrl.db.leases, self.ctrl.dataset
        if self.ctrl.terms.copies == 1 and self._shelf.skip(session):
            self._look_back.setdefault(session, self._next_look_back())
        mine = leases.out(dataset, session)
        passed = [key for key in self._shelf.passed(session) if key[1] not in have]
        batch = [key for key in passed if key in mine][:size]
        others = [key for key in passed if key not in mine]
        if time.monotonic() >= self._look_back.get(session, 0.0):
            batch += self._take_back(session, others, size - len(batch))
            self._look_back[session] = self._next_look_back()
        batch += self._take_new(session, have, size - len(batch))
        batch += self._take_back(session, [key for key in others if key not in batch], size - len(batch))
        if mine and mine.issuperset(batch):
            leases.renew(dataset, session, self.ctrl.config["lease_seconds"])  # else `take` did it
        return batch

    def _next_look_back(self) -> float:
        return time.monotonic() + LOOK_BACK * float(self.ctrl.config["lease_seconds"])

    def _take_new(self, session: str, have: Collection[int], size: int) -> list[TaskKey]:
        """Lease tasks that a session has not come by."""
        batch: list[TaskKey] = []
        reach = size
        while len(batch) < size:
            keys = [key for key in self._next(session, reach - len(batch)) if key[1] not in have]
            if not keys:
                break
            taken = self._take(session, keys, size - len(batch))
            batch += taken
            # All answered, as after a restart: look further at a time.
            reach = size if taken else min(2 * reach, CHUNK)
        return batch

    def _take_back(self, session: str, keys: Sequence[TaskKey], size: int) -> list[TaskKey]:
        """Lease what has come back of tasks that a session came by while they were out at others."""
        if size > 0 and keys and self.ctrl.terms.copies == 1:
            out = self.ctrl.db.leases.out(self.ctrl.dataset)
            keys = [key for key in keys if key not in out]
        return self._take(session, keys, size)

    def _next(self, session: str, count: int) -> list[TaskKey]:
        """The next tasks for a session: new ones; where a task goes to several, first those that others drew."""
        if self.ctrl.terms.copies == 1:
            with self._drawing:
                # What others drew is out at them: asking the database about each of them would cost most of a request.
                self._shelf.skip(session)
                self._shelf.add(self._draw(count))
                return self._shelf.advance(session, count)
        keys = self._shelf.advance(session, count)
        if len(keys) < count:
            with self._drawing:
                # What others drew meanwhile comes first, so that no more is drawn than is asked for.
                keys += self._shelf.advance(session, count - len(keys))
                self._shelf.add(self._draw(count - len(keys)))
                keys += self._shelf.advance(session, count - len(keys))
        return keys

    def _take(self, session: str, keys: Sequence[TaskKey], size: int) -> list[TaskKey]:
        """Lease what can be leased of these tasks, at most `size`."""
        if size <= 0 or not keys:
            return []
        taken = self.ctrl.db.leases.take(self.ctrl.terms, session, keys, size)
        self._shelf.remove(taken.full)
        self._shelf.settle(session, taken.answered)
        return [key for key in keys if key in taken.leased]

    def _new_tasks(self) -> Iterator[Task]:
        tally = self.stream.source.tally
        # Only where the suggestions are not themselves the question.
        blind = self.ctrl.config["blind_share"] if self.ctrl.view_id in ("ner_manual", "spans_manual") else 0.0
        for task in without_duplicates(self._written(), tally, self.ctrl.config["exclude_by"], self._met):
            self.drawn += 1
            yield {**blinded(task, blind), VIEW_ID: self.ctrl.view_id}

    def _written(self) -> Iterator[Task]:
        unchecked = bool(self.ctrl.config["validate"])
        for task in self._from_recipe():
            if unchecked:
                validate(self.ctrl.view_id, [task], self.ctrl.config)
                unchecked = False
            written = as_json(task)
            if written is not None:
                yield written
            else:
                self.stream.source.tally.add(NO_JSON, excerpt(str(task.get("text", ""))))

    def _from_recipe(self) -> Iterator[Task]:
        while True:
            with own_frames("The recipe's stream"):
                task = next(self.stream, None)
            if task is None:
                return
            yield task

    def _draw(self, count: int) -> list[Task]:
        """The next tasks of the stream. One that fails ends, and what it gave before is asked first."""
        found: list[Task] = []
        try:
            found.extend(islice(self._feed, count))
        except BioactiveError as problem:
            self._failed = problem
            logger.error("%s\n%s", problem, getattr(problem, "trace", ""))
        return found

    def _told(self, tasks: list[Task]) -> list[Task]:
        if not tasks and self._failed is not None:
            raise self._failed
        return tasks
