"""The controller: what stands between a recipe, the store and the server."""

from __future__ import annotations

import inspect
import logging
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from ..errors import error
from .config import make_config
from .loaders import BROKEN
from .rows import Answer
from .store import Store
from .stream import Stream, without_duplicates
from .tasks import (
    ANNOTATOR_ID,
    ANSWERS,
    INPUT_HASH,
    SESSION_ID,
    TASK_HASH,
    TIMESTAMP,
    VIEW_ID,
    Task,
    TaskKey,
    key_of,
    set_hashes,
    to_json,
)

logger = logging.getLogger("bioactive")
SESSION_LENGTH = 200


@dataclass(frozen=True)
class Received:
    """What became of a batch of answers.

    stored (int): New ones, durable now.
    known (int): Those that were there already.
    refused (list): Those that the recipe's `validate_answer` did not take: `index`, `answer_id`, `message`.
    """

    stored: int = 0
    known: int = 0
    refused: list[dict[str, Any]] = field(default_factory=list)


class Controller:
    """Gives out tasks and takes answers.

    components (Mapping): The dict of a recipe.
    store (Store): Where answers and leases are kept.
    config (Mapping | None): Settings that win over those of the recipe.
    RAISES (BioactiveError): B411 for a recipe without one of the keys, B415 for a setting.
    """

    def __init__(self, components: Mapping[str, Any], store: Store, config: Mapping[str, Any] | None = None) -> None:
        for key in ("dataset", "view_id", "stream"):
            if components.get(key) in (None, "", False):
                raise error("B411", key=key)
        self.components = dict(components)
        self.config = make_config(components.get("config"), config)
        self.dataset = str(components["dataset"])
        self.view_id = str(components["view_id"])
        self.db = store
        self.session_id = time.strftime("%Y-%m-%d_%H-%M-%S")
        self.stream = Stream.from_iterable(components["stream"])
        own = [self.dataset] if self.config["auto_exclude_current"] else []
        self.exclude = [*own, *(components.get("exclude") or [])]
        self._feed = self._new_tasks()
        self._drawn = 0
        self._taking, self._giving, self._shelf = threading.Lock(), threading.Lock(), threading.Lock()
        # Tasks from the stream that nobody answered: those that are out, and those that came back.
        self._waiting: dict[TaskKey, Task] = {}
        self._update_result: Any = None
        store.add_dataset(self.dataset, {"view_id": self.view_id})
        self._call("on_load", self)

    @classmethod
    def from_components(
        cls, name: str, components: Mapping[str, Any], store: Store, config: Mapping[str, Any] | None = None
    ) -> Controller:
        """Make a controller from what a recipe returned.

        name (str): The recipe's name.
        components (Mapping): Its dict.
        RETURNS (Controller): A controller.
        """
        return cls(components, store, {"recipe": name, **(config or {})})

    def session_name(self, name: str | None) -> str:
        """The id of the session that a page names; of the unnamed one without a name."""
        return f"{self.dataset}-{name}"[:SESSION_LENGTH] if name else self.session_id

    @property
    def total_annotated(self) -> int:
        """How many answers the dataset has."""
        return self.db.count_dataset(self.dataset)

    def is_known(self, task: Task) -> bool:
        """Whether a task with hashes is answered already, in this dataset or in one that the recipe excludes."""
        return bool(self.db.answered(self.exclude, [key_of(task)], self.config["exclude_by"]))

    # --- tasks out

    def get_questions(self, session_id: str | None = None, have: Collection[int] = ()) -> list[Task]:
        """Lease the next tasks to a session.

        session_id (str | None): The session; the unnamed one without it.
        have (Collection[int]): Task hashes that the page still holds. What else is out at the session comes first:
            it went out and was never answered.
        RETURNS (list[Task]): At most `batch_size` tasks, none of them out at another session.
        """
        session, size = session_id or self.session_id, self.config["batch_size"]
        with self._taking:
            mine = self.db.leases.renew(self.dataset, session, self.config["lease_seconds"])
            with self._shelf:
                waiting = list(self._waiting.items())
            batch = [task for key, task in waiting if key in mine and key[1] not in have][:size]
            returned = [task for key, task in waiting if key not in mine]
            batch += self._take(session, returned, size - len(batch), have)
            while len(batch) < size:
                drawn = list(islice(self._feed, size - len(batch)))
                if not drawn:
                    break
                batch += self._take(session, drawn, size - len(batch), have)
        return batch

    def _take(self, session: str, tasks: Sequence[Task], size: int, have: Collection[int]) -> list[Task]:
        """Lease what can be leased of these tasks, at most `size`; the rest waits."""
        with self._shelf:
            self._waiting.update((key_of(task), task) for task in tasks)
        wanted = {key_of(task): task for task in tasks if task[TASK_HASH] not in have}
        if size <= 0 or not wanted:
            return []
        seconds, by = self.config["lease_seconds"], self.config["exclude_by"]
        taken = self.db.leases.take(self.dataset, session, list(wanted), size, seconds, self.exclude, by)
        with self._shelf:
            for key in taken.answered:
                self._waiting.pop(key, None)
        return [task for key, task in wanted.items() if key in taken.leased]

    def _new_tasks(self) -> Iterator[Task]:
        by = self.config["exclude_by"]
        for task in without_duplicates(self.stream, self.stream.source.tally, by):
            self._drawn += 1
            yield {**task, VIEW_ID: self.view_id}

    def end_session(self, session_id: str) -> int:
        """Give the tasks of a session back, when its annotator goes home.

        RETURNS (int): How many were out.
        """
        return self.db.leases.release(self.dataset, session_id)

    # --- answers in

    def receive_answers(self, answers: Sequence[Task], session_id: str | None = None) -> Received:
        """Take answers. Those that are new go through `update` and `before_db` and are durable when this returns.

        answers (Sequence[Task]): Tasks with `answer`. `_answer_id` names an answer, so that a replay is told from a
            change of mind; `_shown` and `_answered` are times in seconds.
        session_id (str | None): The session of answers that do not name theirs.
        RETURNS (Received): What became of them.
        RAISES (BioactiveError): B413 when one of them is no answer.
        """
        read = [self._read(index, answer, session_id or self.session_id) for index, answer in enumerate(answers)]
        refused = []
        for index, answer in enumerate(read):
            message = self.validate_answer(answer.content)
            if message is not None:
                refused.append({"index": index, "answer_id": answer.answer_id, "message": message})
        bad = {item["index"] for item in refused}
        accepted = [answer for index, answer in enumerate(read) if index not in bad]
        with self._giving:
            fresh = self.db.fresh(self.dataset, accepted)
            if fresh:
                self._store(fresh)
        self._forget(accepted)
        return Received(len(fresh), len(accepted) - len(fresh), refused)

    def _store(self, answers: Sequence[Answer]) -> None:
        contents = [answer.content for answer in answers]
        try:
            self._update_result = self._call("update", contents)
        except Exception:
            # A model that cannot learn from an answer is no reason to lose the answer.
            logger.exception("The recipe's update failed; the answers are stored")
        before_db = self.components.get("before_db")
        examples = None if before_db is None else list(before_db(contents))
        self.db.append(self.dataset, answers, examples)

    def _forget(self, answers: Iterable[Answer]) -> None:
        with self._shelf:
            for answer in answers:
                self._waiting.pop(answer.key, None)

    def _read(self, index: int, raw: Task, session_id: str) -> Answer:
        content = dict(raw)
        answer_id = str(content.pop("_answer_id", "") or "")[:128]
        shown, answered = (_seconds(content.pop(key, None)) for key in ("_shown", "_answered"))
        session = content.get(SESSION_ID) or session_id
        reason = ""
        if content.get("answer") not in ANSWERS:
            reason = f"its 'answer' is {content.get('answer')!r}, not one of {', '.join(ANSWERS)}"
        elif not isinstance(session, str) or len(session) > SESSION_LENGTH:
            reason = f"its session is no text of at most {SESSION_LENGTH} characters"
        elif not all(_is_hash(content.get(key)) for key in (INPUT_HASH, TASK_HASH)):
            reason = "its hashes are no signed 32-bit numbers"
        elif not _is_json(content):
            reason = "it holds NaN or an infinity"
        if reason:
            raise error("B413", index=index, reason=reason)
        content = set_hashes(content)
        content.setdefault(VIEW_ID, self.view_id)
        content[SESSION_ID] = session
        content.setdefault(ANNOTATOR_ID, session)
        content.setdefault(TIMESTAMP, int(answered or time.time()))
        return Answer(content, session, answer_id, shown, answered)

    def validate_answer(self, answer: Task) -> str | None:
        """Ask the recipe whether an answer is complete.

        RETURNS (str | None): What to tell the annotator; None when it is.
        """
        try:
            self._call("validate_answer", answer)
        except Exception as problem:  # a recipe says no by raising anything
            return str(problem) or type(problem).__name__
        return None

    # --- progress

    def progress(self, session_id: str | None = None, answers: Sequence[Task] = ()) -> float | None:
        """How much is done, 0.0 to 1.0; None when nobody knows."""
        function = self.components.get("progress")
        if function is not None:
            return _call_progress(function, self, session_id, answers, self._update_result)
        expected = self.expected
        if expected is not None:
            return min(1.0, self.total_annotated / expected) if expected else 1.0
        source = self.stream.source
        if not source.total:
            return None
        read = min(1.0, (source.read + source.tally.counts[BROKEN]) / source.total)
        return read * (1 - len(self._waiting) / self._drawn) if self._drawn else read

    @property
    def expected(self) -> int | None:
        """How many answers there will be in the end: the target, or what the source gives; None when unknown."""
        source = self.stream.source
        if self.config["total_examples_target"]:
            return int(self.config["total_examples_target"])
        if source.total is None or source.split:
            return None
        left = source.total - source.known - self._drawn - sum(source.tally.counts.values())
        return self.total_annotated + max(0, left) + len(self._waiting)

    def close(self) -> None:
        """Tell the recipe that it is over."""
        self._call("on_exit", self)

    def _call(self, name: str, *args: Any) -> Any:
        function = self.components.get(name)
        return None if function is None else function(*args)


def _seconds(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) and abs(value) < 1e11 else None


def _is_json(content: Task) -> bool:
    try:
        to_json(content)
    except ValueError:
        return False
    return True


def _is_hash(value: object) -> bool:
    return value is None or (isinstance(value, int) and -(2**31) <= value < 2**31)


def _call_progress(
    function: Callable[..., float | None], controller: Controller, session: str | None, answers: object, result: Any
) -> float | None:
    """Call a recipe's `progress`, which takes (ctrl, update_return) or (ctrl, session, answers, update_return)."""
    names = inspect.signature(function).parameters
    if len(names) == 2 and not any(name.kind is name.VAR_POSITIONAL for name in names.values()):
        return function(controller, result)
    return function(controller, session, answers, result)
