"""The controller: what stands between a recipe, the store and the server."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from ..errors import error
from .config import make_config, names_of
from .incoming import Incoming
from .leases import Terms
from .outgoing import Outgoing
from .receiving import SESSION_LENGTH, Received
from .routing import full_overlap, no_overlap, route_average_per_task
from .sessions import Sessions
from .settings_files import default_database, read_settings
from .standing import Standing, answers_expected, call_progress, share_done
from .store import Store, throwaway
from .stream import Stream
from .tasks import Task, key_of

logger = logging.getLogger("bioactive")
OTHER_VIEW = (
    "Dataset %r was begun with the view %r and goes on with %r. Its answers stay as they are; name another dataset to "
    "keep them apart."
)
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
        # The time and a few random digits: two servers of one dataset may start in the same second.
        self.session_id = f"{time.strftime('%Y-%m-%d_%H-%M-%S')}-{secrets.token_hex(3)}"
        self.sessions = Sessions(self.dataset, self.config["allowed_sessions"], store.recent_count)
        own = [self.dataset] if self.config["auto_exclude_current"] else []
        self.exclude = [*own, *names_of(components.get("exclude"))]
        self.terms = self._make_terms()
        self.outgoing = Outgoing(self, Stream.from_iterable(components["stream"]), self._router)
        self.incoming = Incoming(self)
        store.add_dataset(self.dataset, {"view_id": self.view_id})
        made_by = store.get_meta(self.dataset).get("view_id", self.view_id)
        if made_by != self.view_id:
            logger.warning(OTHER_VIEW, self.dataset, made_by, self.view_id)
        self.call("on_load", self)

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

    @property
    def stream(self) -> Stream:
        """The tasks that are given out."""
        return self.outgoing.stream

    def reset_stream(self, stream: Iterable[Task], prepend_old_wrappers: bool = False) -> None:
        """Go on with other tasks; those that are out stay out until they are answered.

        stream (Iterable[Task]): The tasks.
        prepend_old_wrappers (bool): Pass them through the functions that were applied to the stream before.
        """
        self.outgoing.reset(Stream.from_iterable(stream), prepend_old_wrappers)

    def second_pass(self) -> int:
        """Ask also about what the sorters of the stream passed over, the best of it first.

        RETURNS (int): How many tasks that are.
        """
        return self.outgoing.second_pass()

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
        return self.outgoing.questions(self.sessions.get(session_id or self.session_id).id, have)

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
        received, accepted = self.incoming.receive(answers, session_id or self.session_id)
        self.outgoing.settle((answer.session, answer.key) for answer in accepted)
        return received

    def validate_answer(self, answer: Task) -> str | None:
        """Ask the recipe whether an answer is complete.

        RETURNS (str | None): What to tell the annotator; None when it is.
        """
        return self.incoming.verdict(answer)

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
        learning = self.call("learning")
        return Standing(
            total, mine, done, answers_expected(self, self.outgoing, done), self.progress(session, answers), learning
        )

    def progress(self, session_id: str | None = None, answers: Sequence[Task] = ()) -> float | None:
        """How much is done, 0.0 to 1.0; None when nobody knows."""
        function = self.components.get("progress")
        if function is not None:
            session = self.sessions.get(session_id or self.session_id)
            return call_progress(function, self, session, answers, self.incoming.update_result)
        done = self.db.recent_count((session_id or self.session_id) if self.terms.copies == 0 else self.dataset)
        return share_done(self, self.outgoing, done)

    @property
    def expected(self) -> int | None:
        """How many answers there will be in the end: the target, or what the source gives; None when unknown."""
        return answers_expected(self, self.outgoing, self.db.recent_count(self.dataset))

    def close(self) -> None:
        """Tell the recipe that it is over."""
        self.call("on_exit", self)
        if not self.keeps:
            self.db.close()

    def call(self, name: str, *args: Any) -> Any:
        """Call a function of the recipe, when it has one of that name; None without."""
        function = self.components.get(name)
        return None if function is None else function(*args)


def _check(components: Mapping[str, Any]) -> None:
    """Refuse a recipe that leaves out what nothing can stand for."""
    for key in ("dataset", "view_id", "stream"):
        value = components.get(key)
        if value is None or (isinstance(value, str) and not value) or (value is False and key != "dataset"):
            raise error("B411", key=key)
