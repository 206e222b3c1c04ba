"""Task routers: which sessions a task goes to. A router is asked once about a task, when it comes from the stream."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Iterable, MutableMapping, Sequence
from typing import Any

from ..corpus.tally import Tally
from .tasks import TASK_HASH, Task, TaskKey, excerpt, key_of

logger = logging.getLogger("bioactive")
Router = Callable[[Any, str, Task], Sequence[str]]
NOBODY = "tasks that the router gave to nobody left out"


def full_overlap(ctrl: Any, session_id: str, item: Task) -> list[str]:
    """Every session gets every task."""
    return list(ctrl.session_ids)


def no_overlap(ctrl: Any, session_id: str, item: Task) -> list[str]:
    """The session that asks gets the task, and nobody else does."""
    return [session_id]


def route_average_per_task(ctrl: Any, session_id: str, item: Task) -> list[str]:
    """`annotations_per_task` sessions on average get a task; which ones, the task's hash decides.

    With 1.5, half of the tasks go to one session and half to two. The session that asks is among them.
    """
    wanted = float(ctrl.config["annotations_per_task"])
    # Knuth's multiplicative hash spreads the numbers evenly, whatever the tasks are.
    place = (item[TASK_HASH] * 2654435761) % 2**32 / 2**32
    count = int(wanted) + (place < wanted % 1)
    others = [name for name in ctrl.session_ids if name != session_id]
    start = int(place * len(others)) if others else 0
    return [session_id, *others[start:], *others[:start]][: max(1, count)]


def log_router(hash_attr: str, item_hash: int, annotators: Sequence[str]) -> None:
    """Write to the log where a task went.

    hash_attr (str): Which of its hashes names it.
    item_hash (int): The hash.
    annotators (Sequence[str]): The sessions.
    """
    logger.info("ROUTER: %s %s goes to %s", hash_attr, item_hash, ", ".join(map(str, annotators)) or "nobody")


class Routed:
    """Tasks that a router has placed, and which sessions still have to answer them.

    router (Router): Says where a task goes.
    contents (MutableMapping[TaskKey, Task]): Where the tasks are kept.
    """

    def __init__(self, router: Router, contents: MutableMapping[TaskKey, Task]) -> None:
        self.router = router
        self._contents = contents
        self._waiting: dict[str, dict[TaskKey, None]] = {}
        # Answers come while tasks are drawn, and are not to wait until these are there.
        self._lock = threading.Lock()

    def questions(
        self, ctrl: Any, session: str, have: Collection[int], draw: Callable[[int], list[Task]]
    ) -> list[Task]:
        """The next tasks for a session: what waits for it, then what the router gives it of the stream.

        ctrl (Controller): Says how many, and leases them.
        session (str): The session that asks.
        have (Collection[int]): Task hashes that its page still holds.
        draw (Callable): Gives so many tasks of the stream; none at its end.
        RETURNS (list[Task]): Tasks that are leased to the session.
        """
        size, leases, terms = ctrl.config["batch_size"], ctrl.db.leases, ctrl.terms
        leases.renew(ctrl.dataset, session, ctrl.config["lease_seconds"])
        batch: list[TaskKey] = []
        while True:
            waiting = [key for key in self.waiting(session) if key[1] not in have and key not in batch]
            taken = leases.take(terms, session, waiting, size - len(batch))
            self.settle(session, taken.answered)
            batch += [key for key in waiting if key in taken.leased]
            tasks = draw(size) if len(batch) < size else []
            if not tasks:
                return self.get(batch)
            by = ctrl.db.answerers(ctrl.dataset, list(map(key_of, tasks)), terms.by, terms.since)
            for task in tasks:
                self.place(ctrl, session, task, by.get(key_of(task), set()), ctrl.stream.source.tally)

    def place(self, ctrl: Any, session_id: str, task: Task, answered_by: set[str], tally: Tally) -> None:
        """Ask the router where a task goes.

        ctrl (Controller): Given to the router.
        session_id (str): The session that asked for tasks.
        task (Task): The task, with hashes.
        answered_by (set[str]): Sessions that have answered it, before a restart: they count among those it goes to.
        tally (Tally): Counts what goes to nobody.
        """
        chosen = list(dict.fromkeys(ctrl.sessions.resolve(name) for name in self.router(ctrl, session_id, dict(task))))
        if not chosen:
            tally.add(NOBODY, excerpt(str(task.get("text", ""))))
            return
        open_places = len(chosen) - len(answered_by)
        left = [name for name in chosen if name not in answered_by][: max(0, open_places)]
        with self._lock:
            if left:
                self._contents[key_of(task)] = task
            for name in left:
                self._waiting.setdefault(name, {})[key_of(task)] = None

    def waiting(self, session_id: str) -> list[TaskKey]:
        """The tasks that a session has to answer, in order."""
        with self._lock:
            return list(self._waiting.get(session_id, ()))

    def get(self, keys: Iterable[TaskKey]) -> list[Task]:
        """The tasks of these keys."""
        with self._lock:
            return [self._contents[key] for key in keys if key in self._contents]

    def settle(self, session_id: str, keys: Iterable[TaskKey]) -> None:
        """Take tasks off the list of a session; one that nobody waits for is let go of."""
        with self._lock:
            mine = self._waiting.get(session_id, {})
            for key in keys:
                mine.pop(key, None)
                if key in self._contents and not any(key in each for each in self._waiting.values()):
                    del self._contents[key]
