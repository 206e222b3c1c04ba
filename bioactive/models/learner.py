"""Learning beside a server: train when enough answers have come, and rank what is left to ask about."""

from __future__ import annotations

import json
import logging
import os
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from spacy.language import Language

from bioactive.active.answered import Answered
from bioactive.active.rank import Ranker, RankOptions
from bioactive.active.vectors import untrained
from bioactive.annotate.learning import STATUS, Learning, give_way, write_status
from bioactive.annotate.loaders import load_source
from bioactive.annotate.recipes.common import without_answer
from bioactive.annotate.store import Store
from bioactive.annotate.tasks import Task
from bioactive.errors import BioactiveError
from bioactive.blocks import blocks
from bioactive.evaluation.load import load_pipeline

from .revisions import Revisions
from .rounds import Plan, learn

logger = logging.getLogger("bioactive")


@dataclass(frozen=True)
class Course:
    """What a worker does.

    dataset (str): Where the answers are.
    model (str): The pipeline to begin with: a folder, or the name of an installed one.
    source (Path): The texts.
    folder (Path): Where it reports, and where the rankings lie.
    models (Path): Folder of the revisions.
    rank (RankOptions): What to rank by; `n` is how many tasks a ranking has.
    plan (Plan | None): What to train with; None only ranks.
    every (int): New answers before it trains again.
    pool (int): How many texts of the source to look at for a ranking: a sample, another one each time.
    again (bool): Rank texts that were answered as well, where each gets several answers.
    encoder (str | None): In place of the encoder of a training config, which `model` may be before anything is trained.
    """

    dataset: str
    model: str
    source: Path
    folder: Path
    models: Path
    rank: RankOptions
    plan: Plan | None = None
    every: int = 50
    pool: int = 10_000
    again: bool = False
    encoder: str | None = None


class Learner:
    """The worker: `step` does what is to be done now.

    store (Store): Where the answers are.
    course (Course): What to do.
    """

    def __init__(self, store: Store, course: Course) -> None:
        self.store, self.course = store, course
        course.folder.mkdir(parents=True, exist_ok=True)
        self.revisions = Revisions(course.models)
        self.state = Learning()
        self.nlp: Language | None = None
        # A cold start goes by the encoder that the command names.
        cold = course.rank.chosen_by != course.rank.measure
        grown = None if cold else self.revisions.grown_from(course.model, course.dataset)
        self.model = str(grown or course.model)
        self.learnt = 0 if grown is None else self._learnt_before(grown.name)
        self.rankings = 0
        # What is told with the next ranking: until then the tasks are in the order of the revision before.
        self.news: dict[str, int] = {}

    def step(self) -> bool:
        """Rank when there is no ranking by the pipeline in use, train when enough answers have come.

        RETURNS (bool): Whether there was anything to do.
        """
        if self.nlp is None:
            self._rank()
            return True
        if self.course.plan is None or self.store.count_dataset(self.course.dataset) - self.learnt < self.course.every:
            self._say(doing="waiting")
            return False
        self._train()
        return True

    def _learnt_before(self, name: str) -> int:
        """How many answers a revision of ours has learnt from."""
        answers = sum(self.revisions.manifest(name).answers.values())
        self.state = replace(self.state, revision=self.revisions.names().index(name) + 1, answers=answers)
        return answers

    def _train(self) -> None:
        assert self.course.plan is not None
        self._say(doing="training")
        answers = self.store.get_dataset_examples(self.course.dataset)
        try:
            _, manifest, path = learn(self.model, answers, self.course.plan, self.course.models)
        except BioactiveError as problem:
            if problem.code != "B511":
                raise
            logger.warning("%s", problem)  # only ignored answers so far
            self.learnt = len(answers)
            return
        self.learnt = len(answers)
        logger.warning("%s after %d answers: %s", manifest.name, len(answers), manifest.promoted)
        if manifest.promoted.startswith("no"):
            self._say(refused=self.state.refused + 1)
            return
        self.model, self.nlp = str(path), None
        self.news = {"revision": len(self.revisions.names()), "answers": len(answers)}

    def _rank(self) -> None:
        self._say(doing="ranking")
        self.nlp = self._load()
        ranker, answered = Ranker(self.nlp, self.course.rank), self._answered()
        for block in blocks(self._left(answered), self.course.rank.block_size):
            ranker.score(ranker.usable(block))
        self.rankings += 1
        name = f"ranking-{os.getpid()}-{self.rankings}.jsonl"
        new = self.course.folder / f"{name}.new"
        with new.open("w", encoding="utf-8") as file:
            for task in ranker.ranked():
                made = {**task, "model": Path(self.model).name}
                file.write(json.dumps([made, answered.times(task["text"])]) + "\n")
        new.replace(self.course.folder / name)
        self._say(doing="waiting", ranking=name, **self.news)
        # The server may still read the one before this.
        for old in sorted(self.course.folder.glob("ranking-*.jsonl"), key=lambda path: path.stat().st_mtime)[:-2]:
            old.unlink(missing_ok=True)

    def _load(self) -> Language:
        if self.model.endswith(".cfg"):
            return untrained(Path(self.model), self.course.encoder)
        return load_pipeline(self.model)

    def _answered(self) -> Answered:
        return Answered() if self.course.again else Answered(self.store.iter_examples(self.course.dataset))

    def _left(self, answered: Answered) -> Iterator[Task]:
        """The texts to look at, with what is left of each to ask about."""
        assert self.nlp is not None
        for item in self._sample():
            rest = answered.rest(item, self.nlp, self.course.rank.unit == "stretch")
            if rest is not None:
                yield without_answer(rest)

    def _sample(self) -> list[Task]:
        """So many texts of the source, each with the same chance (Vitter 1985, algorithm R), in its order."""
        rng = random.Random(self.course.rank.seed + self.rankings)
        kept: list[tuple[int, Task]] = []
        for number, item in enumerate(load_source(self.course.source, self.nlp.vocab if self.nlp else None)):
            if len(kept) < self.course.pool:
                kept.append((number, item))
            elif (place := rng.randrange(number + 1)) < self.course.pool:
                kept[place] = (number, item)
        return [item for _, item in sorted(kept, key=lambda entry: entry[0])]

    def _say(self, **changes: object) -> None:
        state = replace(self.state, **changes)  # type: ignore[arg-type]
        if state != self.state or not (self.course.folder / STATUS).exists():
            self.state = state
            write_status(self.course.folder, state)


def follow(store: Store, course: Course, ends: Callable[[], bool], pause: float = 1.0) -> None:
    """Work until told to end.

    store (Store): Where the answers are.
    course (Course): What to do.
    ends (Callable[[], bool]): Asked between two steps.
    pause (float): Seconds to wait when there is nothing to do.
    """
    give_way()
    learner = Learner(store, course)
    while not ends():
        if not learner.step():
            time.sleep(pause)

