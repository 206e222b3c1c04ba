"""The controller: what stands between a recipe, the store and the server."""

from __future__ import annotations

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any

from ..errors import BioactiveError, error
from .config import make_config, names_of
from .leases import Terms
from .loaders import BROKEN
from .receiving import SESSION_LENGTH, Received, as_json, read_answer
from .recipe_files import own_frames
from .routing import Routed, full_overlap, no_overlap, route_average_per_task
from .rows import CHUNK, Answer
from .sessions import Sessions
from .settings_files import default_database, read_settings
from .shelf import Shelf, Spool
from .standing import Standing, call_progress
from .store import Store, throwaway
from .stream import Stream, without_duplicates
from .tasks import VIEW_ID, Task, TaskKey, blinded, excerpt, key_of, set_hashes
from .validation import validate

logger = logging.getLogger("bioactive")
OTHER_VIEW = (
    "Dataset %r was begun with the view %r and goes on with %r. Its answers stay as they are; name another dataset to "
    "keep them apart."
)
# Part of a lease after which a session looks again for tasks that have come back while there are new ones.
LOOK_BACK = 0.1
NO_JSON = "tasks that are no JSON left out"
UNSAVED = "unsaved"


class Controller:
    """Gives out tasks and takes answers.

    components (Mapping): The dict of a recipe.
    store (Store | None): Where answers and leases are kept; the database that the environment names without it.
    config (Mapping | None): Settings that win over those of the recipe.
    RAISES (BioactiveError): B411 for a recipe without one of the keys, B415 for a setting.
    """

    def __init__(
        self, components: Mapping[str, Any], store: Store | None = None, config: Mapping[str, Any] | None = None
    ) -> None:
        _check(components)
        self.components = dict(components)
        self.config = make_config(read_settings(), components.get("config"), config)
        # A recipe with `dataset: False` keeps nothing: its answers go to a database that ends with the process.
        self.keeps = components["dataset"] is not False
        self.dataset = str(components["dataset"]) if self.keeps else UNSAVED
        self.view_id = str(components["view_id"])
        if store is None or not self.keeps:
            store = Store(default_database()) if self.keeps else throwaway()
        self.db = store
        self.session_id = time.strftime("%Y-%m-%d_%H-%M-%S")
        self.sessions = Sessions(self.dataset, self.config["allowed_sessions"], store.recent_count)
        self.stream = Stream.from_iterable(components["stream"])
        own = [self.dataset] if self.config["auto_exclude_current"] else []
        self.exclude = [*own, *names_of(components.get("exclude"))]
        self.terms = self._make_terms()
        self._drawing, self._giving = threading.Lock(), threading.Lock()
        # A lock for each session: the database decides between sessions, and takes what they ask for in one commit.
        self._asking: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._open_stream()
        self._update_result: Any = None
        store.add_dataset(self.dataset, {"view_id": self.view_id})
        made_by = store.get_meta(self.dataset).get("view_id", self.view_id)
        if made_by != self.view_id:
            logger.warning(OTHER_VIEW, self.dataset, made_by, self.view_id)
        self._call("on_load", self)

    @classmethod
    def from_components(
        cls,
        name: str,
        components: Mapping[str, Any],
        store: Store | None = None,
        config: Mapping[str, Any] | None = None,
    ) -> Controller:
        """Make a controller from what a recipe returned.

        name (str): The recipe's name.
        components (Mapping): Its dict.
        RETURNS (Controller): A controller.
        """
        return cls(components, store, {"recipe": name, **(config or {})})

    def _open_stream(self) -> None:
        self._met: set[object] = set()
        self._feed = self._new_tasks()
        self._drawn = 0
        # With one copy a task is let go of when it is answered, so that few are in memory at a time.
        self._shelf = Shelf({} if self.terms.copies == 1 else Spool())
        self._routed = Routed(self._router, Spool()) if self._router is not None else None
        self._look_back: dict[str, float] = {}
        self._failed: BioactiveError | None = None

    def reset_stream(self, stream: Iterable[Task], prepend_old_wrappers: bool = False) -> None:
        """Go on with other tasks; those that are out stay out until they are answered.

        stream (Iterable[Task]): The tasks.
        prepend_old_wrappers (bool): Pass them through the functions that were applied to the stream before.
        """
        old, new = self.stream, Stream.from_iterable(stream)
        with self._drawing:
            if prepend_old_wrappers:
                new.apply_like(old)
            self.stream = new
            self._open_stream()

    def second_pass(self) -> int:
        """Ask also about what the sorters of the stream passed over, the best of it first.

        RETURNS (int): How many tasks that are.
        """
        with self._drawing:
            found = self.stream.second_pass()
            self._feed = chain(self._feed, self._new_tasks())
        return found

    def _make_terms(self) -> Terms:
        router, wanted = self.components.get("task_router"), self.config["annotations_per_task"]
        if router is None and not self.config["feed_overlap"] and wanted % 1:
            router = route_average_per_task
        copies = 0 if self.config["feed_overlap"] else int(wanted)
        # What these two ask for is done without asking them, also for a session that comes late.
        self._router = None if router in (full_overlap, no_overlap) else router
        if router is not None:
            copies = 1 if router is no_overlap else 0
        exclude = self.exclude if copies == 1 else [name for name in self.exclude if name != self.dataset]
        since = 0.0 if self.config["auto_exclude_current"] else time.time()
        return Terms(self.dataset, self.config["lease_seconds"], exclude, self.config["exclude_by"], copies, since)

    def session_name(self, name: str | None) -> str:
        """The id of the session that a page names; of the unnamed one without a name.

        RAISES (BioactiveError): B417 when the setting `allowed_sessions` does not name it.
        """
        allowed = self.config["allowed_sessions"]
        if allowed and name not in allowed:
            raise error("B417", name=name or "", allowed=", ".join(allowed))
        return f"{self.dataset}-{name}"[:SESSION_LENGTH] if name else self.session_id

    def get_session_name(self, name: str) -> str:
        """The id of a named session: `{dataset}-{name}`."""
        return f"{self.dataset}-{name}"

    @property
    def session_ids(self) -> list[str]:
        """The ids of all sessions that have come so far, or are allowed to."""
        return self.sessions.ids

    @property
    def exclude_by(self) -> str:
        """What makes a task known: "task" or "input"."""
        return str(self.config["exclude_by"])

    def check_session(self, session_id: str) -> None:
        """Refuse a session that may not ask for tasks.

        RAISES (BioactiveError): B417 when the setting `allowed_sessions` does not name it.
        """
        prefix = f"{self.dataset}-"
        self.session_name(session_id[len(prefix) :] if session_id.startswith(prefix) else None)

    @property
    def total_annotated(self) -> int:
        """How many answers the dataset has."""
        return self.db.count_dataset(self.dataset)

    def is_known(self, task: Task) -> bool:
        """Whether a task with hashes is answered already, as far as nobody has to see it again."""
        return bool(self.db.answered(self.terms.exclude, [key_of(task)], self.config["exclude_by"]))

    # --- tasks out

    def get_questions(self, session_id: str | None = None, have: Collection[int] = ()) -> list[Task]:
        """Lease the next tasks to a session.

        session_id (str | None): The session; the unnamed one without it.
        have (Collection[int]): Task hashes that the page still holds. What else is out at the session comes first:
            it went out and was never answered.
        RETURNS (list[Task]): At most `batch_size` tasks, none of them out at more sessions than may have it.
        """
        session, size = self.sessions.get(session_id or self.session_id).id, self.config["batch_size"]
        if self._routed is not None:
            with self._drawing:
                return self._told(self._routed.questions(self, session, have, self._draw))
        with self._asking[session]:
            if self.terms.copies == 1 and self._shelf.skip(session):
                self._look_back.setdefault(session, self._next_look_back())
            mine = self.db.leases.out(self.dataset, session)
            passed = [key for key in self._shelf.passed(session) if key[1] not in have]
            batch = [key for key in passed if key in mine][:size]
            others = [key for key in passed if key not in mine]
            if time.monotonic() >= self._look_back.get(session, 0.0):
                batch += self._take_back(session, others, size - len(batch))
                self._look_back[session] = self._next_look_back()
            reach = size
            while len(batch) < size:
                keys = [key for key in self._next(session, reach - len(batch)) if key[1] not in have]
                if not keys:
                    break
                taken = self._take(session, keys, size - len(batch))
                batch += taken
                # All answered, as after a restart: look further at a time.
                reach = size if taken else min(2 * reach, CHUNK)
            batch += self._take_back(session, [key for key in others if key not in batch], size - len(batch))
            if mine and mine.issuperset(batch):
                self.db.leases.renew(self.dataset, session, self.config["lease_seconds"])  # else `take` did it
        return self._told(self._shelf.get(batch))

    def _next_look_back(self) -> float:
        return time.monotonic() + LOOK_BACK * float(self.config["lease_seconds"])

    def _take_back(self, session: str, keys: Sequence[TaskKey], size: int) -> list[TaskKey]:
        """Lease what has come back of tasks that a session came by while they were out at others."""
        if size > 0 and keys and self.terms.copies == 1:
            out = self.db.leases.out(self.dataset)
            keys = [key for key in keys if key not in out]
        return self._take(session, keys, size)

    def _next(self, session: str, count: int) -> list[TaskKey]:
        """The next tasks for a session: new ones; where a task goes to several, first those that others drew."""
        if self.terms.copies == 1:
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
        taken = self.db.leases.take(self.terms, session, keys, size)
        self._shelf.remove(taken.full)
        self._shelf.settle(session, taken.answered)
        return [key for key in keys if key in taken.leased]

    def _new_tasks(self) -> Iterator[Task]:
        tally = self.stream.source.tally
        # Only where the suggestions are not themselves the question.
        blind = self.config["blind_share"] if self.view_id in ("ner_manual", "spans_manual") else 0.0
        for task in without_duplicates(self._written(), tally, self.config["exclude_by"], self._met):
            self._drawn += 1
            yield {**blinded(task, blind), VIEW_ID: self.view_id}

    def _written(self) -> Iterator[Task]:
        unchecked = bool(self.config["validate"])
        for task in self._from_recipe():
            if unchecked:
                validate(self.view_id, [task], self.config)
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

    def keep_alive(self, session_id: str) -> int:
        """Extend the leases of a session whose page is open.

        RETURNS (int): How many tasks are out at it.
        """
        return len(self.db.leases.renew(self.dataset, session_id, self.config["lease_seconds"]))

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
        session = session_id or self.session_id
        read = [read_answer(index, answer, session, self.view_id) for index, answer in enumerate(answers)]
        messages = [self.validate_answer(answer.content) for answer in read]
        accepted = [answer for answer, message in zip(read, messages, strict=True) if message is None]
        refused = [
            {"index": index, "answer_id": answer.answer_id, "message": message}
            for index, (answer, message) in enumerate(zip(read, messages, strict=True))
            if message is not None
        ]
        stored = self._store(accepted) if accepted else 0
        for answer in accepted:
            self._shelf.settle(answer.session, [answer.key])
            if self._routed is not None:
                with self._drawing:
                    self._routed.settle(answer.session, [answer.key])
        if self.terms.copies == 1:
            self._shelf.remove(answer.key for answer in accepted)
        return Received(stored, len(accepted) - stored, refused)

    def _store(self, answers: Sequence[Answer]) -> int:
        if not any(self.components.get(name) for name in ("update", "before_db")):
            return self.db.append(self.dataset, answers)  # any number of threads at a time
        with self._giving:
            fresh = self.db.fresh(self.dataset, answers)
            return self._store_updated(fresh) if fresh else 0

    def _store_updated(self, answers: Sequence[Answer]) -> int:
        contents = [answer.content for answer in answers]
        try:
            self._update_result = self._call("update", contents)
        except Exception:
            # A model that cannot learn from an answer is no reason to lose the answer.
            logger.exception("The recipe's update failed; the answers are stored")
        before_db = self.components.get("before_db")
        examples = None
        if before_db is not None:
            with own_frames("The recipe's before_db"):
                changed = before_db(contents)
                # One that gives nothing back has changed the answers in place.
                examples = list(map(set_hashes, contents if changed is None else changed))
        return self.db.append(self.dataset, answers, examples)

    def validate_answer(self, answer: Task) -> str | None:
        """Ask the recipe whether an answer is complete.

        RETURNS (str | None): What to tell the annotator; None when it is.
        """
        try:
            self._call("validate_answer", answer)
        except Exception as problem:  # a recipe says no by raising anything
            return str(problem) or type(problem).__name__
        return None

    def history(self, session_id: str, limit: int | None = None) -> list[Task]:
        """The newest answers of a session, the newest first.

        limit (int | None): How many at most; the setting `history_length` without it.
        RETURNS (list[Task]): Answers, with `_answer_id` and `_received` (seconds since 1970).
        """
        return self.db.history(self.dataset, session_id, self.config["history_length"] if limit is None else limit)

    # --- progress

    def standing(self, session_id: str | None = None, answers: Sequence[Task] = ()) -> Standing:
        """How far the dataset is. Counts of other programs' answers may be some seconds old.

        session_id (str | None): The session that asks.
        answers (Sequence[Task]): What it has just given.
        RETURNS (Standing): The counts.
        """
        session = session_id or self.session_id
        total, mine = self.db.recent_count(self.dataset), self.db.recent_count(session)
        done = mine if self.terms.copies == 0 else total
        learning = self._call("learning")
        return Standing(total, mine, done, self._expected(done), self.progress(session, answers), learning)

    def progress(self, session_id: str | None = None, answers: Sequence[Task] = ()) -> float | None:
        """How much is done, 0.0 to 1.0; None when nobody knows."""
        function = self.components.get("progress")
        if function is not None:
            session = self.sessions.get(session_id or self.session_id)
            return call_progress(function, self, session, answers, self._update_result)
        done = self.db.recent_count((session_id or self.session_id) if self.terms.copies == 0 else self.dataset)
        expected = self._expected(done)
        if expected is not None:
            return min(1.0, done / expected) if expected else 1.0
        source = self.stream.source
        if not source.total:
            return None
        read = min(1.0, (source.read + source.tally.counts[BROKEN]) / source.total)
        return read * (1 - len(self._shelf) / self._drawn) if self._drawn else read

    @property
    def expected(self) -> int | None:
        """How many answers there will be in the end: the target, or what the source gives; None when unknown."""
        return self._expected(self.db.recent_count(self.dataset))

    def _expected(self, done: int) -> int | None:
        source = self.stream.source
        if self.config["total_examples_target"]:
            return int(self.config["total_examples_target"])
        if source.total is None or source.split:
            return None
        left_out = source.known + sum(source.tally.counts.values())
        if self.terms.copies == 1:
            return done + max(0, source.total - left_out - self._drawn) + len(self._shelf)
        return max(done, (source.total - left_out) * max(1, self.terms.copies))

    def close(self) -> None:
        """Tell the recipe that it is over."""
        self._call("on_exit", self)
        if not self.keeps:
            self.db.close()

    def _call(self, name: str, *args: Any) -> Any:
        function = self.components.get(name)
        return None if function is None else function(*args)


def _check(components: Mapping[str, Any]) -> None:
    """Refuse a recipe that leaves out what nothing can stand for."""
    for key in ("dataset", "view_id", "stream"):
        value = components.get(key)
        if value is None or (isinstance(value, str) and not value) or (value is False and key != "dataset"):
            raise error("B411", key=key)
