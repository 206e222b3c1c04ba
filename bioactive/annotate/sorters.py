"""Sorters: of a stream of scored tasks they give those worth asking about, and count the rest.

A sorter decides as the tasks come by, so that a stream without an end can be sorted. It never drops the first task, so
that a stream of one or two is never filtered to nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from heapq import heappush, heappushpop
from itertools import count
from math import ceil, isfinite, sqrt
from random import Random
from typing import Any

from ..blocks import blocks
from ..corpus.tally import Tally
from ..errors import error
from .tasks import Task, excerpt

logger = logging.getLogger("bioactive")

Scored = tuple[float, Task]
DROPPED = "tasks passed over by the sorter"
# The share of a new score in the moving averages: they remember about 1 / FACTOR tasks.
FACTOR = 0.02
# A falling score lags behind its average: after so many tasks in a row the best of them is given all the same.
PATIENCE = 20
# What is not this many standard deviations above the mean is not clearly above it.
MARGIN = 0.02
# `probability` keeps no task with a lower chance than this, so that a sure pipeline is still checked.
LEAST_CHANCE = 0.05
# How many of the tasks that were passed over are remembered for a second pass: the best.
REMEMBERED = 10_000
ALGORITHMS = ("ema", "probability")


class Sorter:
    """An iterator over the tasks that are kept.

    stream (Iterable[tuple[float, Task]]): Priorities, 0.0 to 1.0, the larger the better, with their tasks.
    """

    def __init__(self, stream: Iterable[Scored]) -> None:
        self.tally = Tally()
        # A heap of (priority, -number, task): the worst first, of equal ones that passed over last.
        self._passed: list[tuple[float, int, Task]] = []
        self._number = count()
        self._tasks = self._kept(stream)

    @property
    def dropped(self) -> int:
        """How many tasks were passed over so far."""
        return self.tally.counts[DROPPED]

    @property
    def passed_over(self) -> int:
        """How many of them can be had by `second_pass`: at most `REMEMBERED`."""
        return len(self._passed)

    def second_pass(self) -> list[Task]:
        """The tasks that were passed over and are remembered, the best first. They no longer count as passed over."""
        found, self._passed = sorted(self._passed, key=lambda entry: entry[:2], reverse=True), []
        if found:
            self.tally.counts[DROPPED] -= len(found)
        return [task for _, _, task in found]

    def __iter__(self) -> Iterator[Task]:
        return self

    def __next__(self) -> Task:
        return next(self._tasks)

    def _kept(self, stream: Iterable[Scored]) -> Iterator[Task]:
        raise NotImplementedError

    def _drop(self, priority: float, task: Task) -> None:
        self.tally.add(DROPPED, excerpt(str(task.get("text", ""))))
        entry = (priority, -next(self._number), task)
        if len(self._passed) < REMEMBERED:
            heappush(self._passed, entry)
        else:
            heappushpop(self._passed, entry)


class ExpMovingAverage(Sorter):
    """Keeps what lies clearly above an exponential moving average of the priorities.

    About half of uniformly spread priorities are kept. Where all are equal none is better than another, and all are
    kept. After `patience` tasks in a row that were passed over, the best of them is given.

    stream (Iterable[tuple[float, Task]]): As in `Sorter`.
    factor (float): Share of a new priority in the averages, above 0.0 to 1.0.
    patience (int): How many tasks in a row may be passed over.
    """

    def __init__(self, stream: Iterable[Scored], factor: float = FACTOR, patience: int = PATIENCE) -> None:
        self.factor, self.patience = factor, patience
        super().__init__(stream)

    def _kept(self, stream: Iterable[Scored]) -> Iterator[Task]:
        mean = variance = 0.0
        best: Scored | None = None
        waited = 0
        for number, (priority, task) in enumerate(stream, 1):
            # The first tasks weigh 1, 1/2, 1/3, ...: a plain average until there are enough of them.
            share = max(self.factor, 1 / number)
            difference = priority - mean
            mean += share * difference
            variance = (1 - share) * (variance + share * difference * difference)
            spread = sqrt(variance)
            if number == 1 or spread < 1e-9 or priority > mean + MARGIN * spread:
                if best is not None:
                    self._drop(*best)
                best, waited = None, 0
                yield task
                continue
            waited += 1
            worse = (priority, task)
            if best is None or priority > best[0]:
                best, worse = worse, best or worse
            if worse is not best:
                self._drop(*worse)
            if waited >= self.patience and best is not None:
                found, best, waited = best[1], None, 0
                yield found
        if best is not None:
            self._drop(*best)


class Probability(Sorter):
    """Keeps each task with its priority as the chance.

    stream (Iterable[tuple[float, Task]]): As in `Sorter`.
    least (float): No chance is lower than this.
    seed (int): Decides the draws.
    """

    def __init__(self, stream: Iterable[Scored], least: float = LEAST_CHANCE, seed: int = 0) -> None:
        self.least, self.seed = least, seed
        super().__init__(stream)

    def _kept(self, stream: Iterable[Scored]) -> Iterator[Task]:
        # Not the plain number: a recipe that draws its scores from the same seed would draw these numbers too.
        rng = Random(f"sorter {self.seed}")
        for number, (priority, task) in enumerate(stream):
            draw = rng.random()
            if number == 0 or draw < max(self.least, priority):
                yield task
            else:
                self._drop(priority, task)


class BestOfWindows(Sorter):
    """Keeps the best part of each window of priorities, the best of it first.

    At least one task of a window is kept, and all that are no worse than the last of those.

    stream (Iterable[tuple[float, Task]]): As in `Sorter`.
    window (int): How many are looked at together.
    share (float): Which part of them is kept, 0.0 to 1.0.
    """

    def __init__(self, stream: Iterable[Scored], window: int, share: float) -> None:
        self.window, self.share = window, share
        super().__init__(stream)

    def _kept(self, stream: Iterable[Scored]) -> Iterator[Task]:
        for batch in blocks(stream, self.window):
            batch.sort(key=lambda scored: -scored[0])  # equal ones stay in order
            least = batch[max(1, ceil(self.share * len(batch))) - 1][0]
            for priority, task in batch:
                if priority < least:
                    self._drop(priority, task)
            yield from (task for priority, task in batch if priority >= least)


def prefer_uncertain(stream: Iterable[Scored], algorithm: str = "ema", **options: Any) -> Sorter:
    """Keep the tasks whose score is close to 0.5.

    stream (Iterable[tuple[float, Task]]): Scores, 0.0 to 1.0, and tasks.
    algorithm (str): "ema" (`ExpMovingAverage`) or "probability" (`Probability`).
    options (Any): For the algorithm: `factor` and `patience`, or `least` and `seed`.
    RETURNS (Sorter): The tasks kept; its `tally` counts the others.
    RAISES (BioactiveError): B612 for an unknown algorithm.
    """
    return _sorter(stream, lambda score: 1 - 2 * abs(score - 0.5), algorithm, options)


def prefer_high_scores(stream: Iterable[Scored], algorithm: str = "ema", **options: Any) -> Sorter:
    """Keep the tasks with a high score. As `prefer_uncertain` otherwise."""
    return _sorter(stream, lambda score: score, algorithm, options)


def prefer_low_scores(stream: Iterable[Scored], algorithm: str = "ema", **options: Any) -> Sorter:
    """Keep the tasks with a low score. As `prefer_uncertain` otherwise."""
    return _sorter(stream, lambda score: 1 - score, algorithm, options)


def find_with_terms(
    stream: Iterable[Task], terms: Iterable[str], at_least: int = 10, at_most: int = 1000, give_up_after: int = 10000
) -> Iterator[Task]:
    """The tasks whose text holds one of some terms, in any case.

    stream (Iterable[Task]): Tasks with `text`.
    terms (Iterable[str]): The terms.
    at_least (int): Stop looking after `give_up_after` tasks when there are so many.
    at_most (int): Stop after so many.
    give_up_after (int): How many tasks are looked at; without `at_least` found, up to ten times as many.
    YIELDS (Task): The tasks that hold a term.
    """
    wanted = [term.lower() for term in terms]
    found = 0
    for number, task in enumerate(stream, 1):
        if any(term in str(task.get("text", "")).lower() for term in wanted):
            found += 1
            yield task
        if found >= at_most or number >= (give_up_after if found >= at_least else 10 * give_up_after):
            return


def _sorter(
    stream: Iterable[Scored], priority: Callable[[float], float], algorithm: str, options: dict[str, Any]
) -> Sorter:
    if algorithm not in ALGORITHMS:
        raise error("B612", name=algorithm, known=", ".join(ALGORITHMS))
    ranked = ((min(1.0, max(0.0, priority(score))), task) for score, task in _numbers(stream))
    return Probability(ranked, **options) if algorithm == "probability" else ExpMovingAverage(ranked, **options)


def _numbers(stream: Iterable[Scored]) -> Iterator[Scored]:
    """Scores as plain numbers. One that is none counts as wholly uncertain: the task is to be seen."""
    for score, task in stream:
        number = float(score)
        if not isfinite(number):
            text = excerpt(str(task.get("text", "")))
            logger.warning("A score is %s; the task counts as uncertain: %s", number, text)
        yield (number if isfinite(number) else 0.5), task


def interleave(streams: Sequence[Iterable[Any]]) -> Iterator[Any]:
    """One item of each stream in turn, until all are at their end."""
    waiting = [iter(stream) for stream in streams]
    while waiting:
        for stream in list(waiting):
            try:
                yield next(stream)
            except StopIteration:
                waiting.remove(stream)
