"""`ner.active`: what a pipeline is least sure of comes first, as whole texts or as stretches of a few words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...blocks import blocks
from ...errors import error
from ..learning import Worker
from ..loaders import load_source
from ..stream import Source
from ..tasks import Task
from .common import fitting, pipeline_labels, pipeline_name, without_answer

if TYPE_CHECKING:
    from spacy.language import Language

    from ...active.answered import Answered
    from ...active.rank import RankOptions
    from ..controller import Controller

EMPTY = "texts without words left out"


def ner_active(
    dataset: str,
    nlp: Language,
    source: str | Path | Iterable[Task],
    label: Sequence[str] | None = None,
    measure: str | None = None,
    unit: str = "sentence",
    window: int = 32,
    worker: Worker | None = None,
    cold: bool = False,
    **options: Any,
) -> dict[str, Any]:
    """Correct what a pipeline is least sure of.

    dataset (str): Where the answers go.
    nlp (Language): The pipeline.
    source (str | Path | Iterable[Task]): Texts or tasks, as in `loaders.load_source`; a text stays whole.
    label (Sequence[str] | None): The labels to show; all that the pipeline knows when not given.
    measure (str | None): What the texts are ordered by; "mnlp", for stretches "entropy", when not given.
    unit (str): "sentence" asks about whole texts, "stretch" about the least certain words of each.
    window (int): How many texts are put in order at a time here, until the worker has looked at more of them.
    worker (Worker | None): Ranks the source, and learns from the answers, in a process of its own; None does without.
    cold (bool): Nothing is trained yet: no suggestions, whole texts; the worker chooses such as stand for the source,
        until it has looked they come in random order. Needs `label`.
    options (Any): More of `RankOptions`: stretch_words, longest, share, stretches, seed, samples.
    RETURNS (dict): The recipe.
    RAISES (BioactiveError): B320 when the pipeline cannot say how sure it is, B321 or B530 for an unknown measure, B408
        for the source, B414 when there is no label, B536 for an unknown unit.
    """
    from ...active.answered import Answered
    from ...active.rank import Ranker, RankOptions
    from ...active.ranking import cold_start

    labels = list(label or pipeline_labels(nlp))
    if not labels:
        raise error("B414")
    plan = RankOptions(measure or default_measure(unit), unit=unit, **options)
    if cold:
        plan = cold_start(plan)
    Ranker(nlp, plan)  # refuses before anything is opened
    stream, answered = load_source(source, nlp.vocab), Answered()
    feed = Feed(nlp, plan, labels, window, stream.source, answered, worker)
    stream.source.split = plan.unit == "stretch"
    stream.apply(feed.tasks)

    def on_load(controller: Controller) -> None:
        # Where a text gets several answers, the database says who is still to answer it.
        once = controller.terms.copies == 1 and dataset in controller.exclude
        if once:
            for example in controller.db.iter_examples(dataset):
                answered.add(example)
        if worker is not None:
            worker.start(*([] if once else ["--again"]))

    return {
        "dataset": dataset,
        "view_id": "ner_manual",
        "stream": stream,
        "on_load": on_load,
        "on_exit": lambda controller: worker.stop() if worker is not None else None,
        "learning": None if worker is None else lambda: asdict(worker.state),
        "config": {
            "labels": labels,
            "lang": nlp.lang,
            "exclude_by": "input",
            "model": pipeline_name(nlp),
            "ask_nothing": True,
        },
    }


def default_measure(unit: str) -> str:
    """What tasks are ordered by when nobody says it."""
    return "entropy" if unit == "stretch" else "mnlp"


class Feed:
    """The tasks of `ner_active`: by the worker's newest ranking, and a window of the source at a time without one.

    nlp (Language): The pipeline.
    plan (RankOptions): What to order by.
    labels (Sequence[str]): Labels of the suggestions that are shown.
    window (int): Texts that are ordered at a time without a worker.
    source (Source): Is told what is left out.
    answered (Answered): What was answered before.
    worker (Worker | None): The learning process.
    """

    def __init__(
        self,
        nlp: Language,
        plan: RankOptions,
        labels: Sequence[str],
        window: int,
        source: Source,
        answered: Answered,
        worker: Worker | None,
    ) -> None:
        self.nlp, self.plan, self.labels, self.window = nlp, plan, set(labels), window
        self.source, self.answered, self.worker = source, answered, worker
        self.given: dict[int, int] = {}
        self.ranking = ""
        self.ranked: Iterator[Task] = iter(())

    def tasks(self, texts: Iterable[Task]) -> Iterator[Task]:
        """The tasks; before each one it is looked whether a newer ranking has come.

        texts (Iterable[Task]): The source.
        YIELDS (Task): Tasks with suggestions.
        """
        windows = self._windows(iter(texts))
        while (task := next(self._newest(), None) or next(windows, None)) is not None:
            yield task

    def _newest(self) -> Iterator[Task]:
        name = self.worker.state.ranking if self.worker is not None else ""
        if name != self.ranking:
            self.ranking, self.ranked = name, self._unasked(name)
        return self.ranked

    def _unasked(self, name: str) -> Iterator[Task]:
        """The tasks of a ranking whose texts are not out: each answer to a text lets it be asked once more."""
        from ...prints import print_of

        assert self.worker is not None
        for task, times in self.worker.open_ranking(name):
            number = print_of(task["text"])
            if self.given.get(number, self.answered.times(task["text"])) <= times:
                self.given[number] = times + 1
                yield self._shown(task)

    def _windows(self, texts: Iterator[Task]) -> Iterator[Task]:
        from ...active.rank import Ranker
        from ...prints import print_of

        rest = self._rest(fitting(texts, self.nlp, self.source.tally))
        for batch in blocks(rest, self.window):
            ranker = Ranker(self.nlp, self.plan)
            ranker.score(ranker.usable(batch))
            if ranker.ranking.empty:
                self.source.tally.add(EMPTY, times=ranker.ranking.empty)
            for task in ranker.ranked():
                number = print_of(task["text"])
                if number not in self.given:
                    self.given[number] = self.answered.times(task["text"]) + 1
                    yield self._shown({**task, "model": pipeline_name(self.nlp)})

    def _rest(self, texts: Iterable[Task]) -> Iterator[Task]:
        from ...prints import print_of

        for text in texts:
            left = self.answered.rest(text, self.nlp, self.plan.unit == "stretch")
            if left is None:
                self.source.known += 1
            elif print_of(text["text"]) not in self.given:
                yield without_answer(left)

    def _shown(self, task: Task) -> Task:
        return {**task, "spans": [span for span in task.get("spans") or [] if span.get("label") in self.labels]}
