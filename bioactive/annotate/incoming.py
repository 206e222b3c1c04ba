"""Answers on their way in: checked, shown to the recipe, stored."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .receiving import Received, read_answer
from .recipe_files import own_frames
from .rows import Answer
from .tasks import Task, set_hashes

if TYPE_CHECKING:
    from .controller import Controller

logger = logging.getLogger("bioactive")


class Incoming:
    """Takes answers.

    ctrl (Controller): Knows the recipe and the store.
    """

    def __init__(self, ctrl: Controller) -> None:
        self.ctrl = ctrl
        self.update_result: Any = None
        self._giving = threading.Lock()

    def receive(self, answers: Sequence[Task], session: str) -> tuple[Received, list[Answer]]:
        """Store the answers that the recipe takes; see `Controller.receive_answers`.

        RETURNS (tuple[Received, list[Answer]]): What became of them, and those that were not refused.
        """
        read = [read_answer(index, answer, session, self.ctrl.view_id) for index, answer in enumerate(answers)]
        messages = [self.verdict(answer.content) for answer in read]
        accepted = [answer for answer, message in zip(read, messages, strict=True) if message is None]
        refused = [
            {"index": index, "answer_id": answer.answer_id, "message": message}
            for index, (answer, message) in enumerate(zip(read, messages, strict=True))
            if message is not None
        ]
        stored = self._store(accepted) if accepted else 0
        return Received(stored, len(accepted) - stored, refused), accepted

    def verdict(self, answer: Task) -> str | None:
        """Ask the recipe whether an answer is complete; returns what to tell the annotator, None when it is."""
        try:
            self.ctrl.call("validate_answer", answer)
        except Exception as problem:  # a recipe says no by raising anything
            return str(problem) or type(problem).__name__
        return None

    def _store(self, answers: Sequence[Answer]) -> int:
        ctrl = self.ctrl
        if not any(ctrl.components.get(name) for name in ("update", "before_db")):
            return ctrl.db.append(ctrl.dataset, answers)  # any number of threads at a time
        with self._giving:
            fresh = ctrl.db.fresh(ctrl.dataset, answers)
            return self._store_updated(fresh) if fresh else 0

    def _store_updated(self, answers: Sequence[Answer]) -> int:
        contents = [answer.content for answer in answers]
        try:
            self.update_result = self.ctrl.call("update", contents)
        except Exception:
            # A model that cannot learn from an answer is no reason to lose the answer.
            logger.exception("The recipe's update failed; the answers are stored")
        before_db = self.ctrl.components.get("before_db")
        examples = None
        if before_db is not None:
            with own_frames("The recipe's before_db"):
                changed = before_db(contents)
                # One that gives nothing back has changed the answers in place.
                examples = list(map(set_hashes, contents if changed is None else changed))
        return self.ctrl.db.append(self.ctrl.dataset, answers, examples)
