"""Ray Data: one task reads the items, actors that have made their function once apply it, results come back in order.

Ray holds the reading back when results are not fetched, starts lost actors again, and gives their items to others.
"""

from __future__ import annotations

import json
import logging
import os
import queue
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from bioactive.errors import BioactiveError, error, first_line

from .local import Item, Work
from .telling import VALUE, Failure, packed, raised, told

# Of a CPU. Ray Data waits for ever when the actors leave the reading nothing, so an actor takes nine tenths.
READER, ACTOR = 0.1, 0.9
PATIENCE = 30  # seconds
Outcome = tuple[Any, "Failure | None"]


@dataclass(frozen=True)
class RayEngine:
    """The engine that is a Ray cluster: the one that RAY_ADDRESS names, or else one that is started on this machine.

    workers (int): Actors; 0 for as many as there are CPUs free.
    timeout (float): Seconds without any result after which the run ends with a message.
    tries (int): How often an item is tried before the run ends; those that took their actor with them count.
    """

    workers: int = 0
    timeout: float = 600.0
    tries: int = 3

    def each(self, make: Callable[[], Work], items: Callable[[], Iterable[Item]]) -> Iterator[Any]:
        """As `Engine.each`.

        RAISES (BioactiveError): B960 when the cluster has no room for the actors, B961 when nothing came for `timeout`
            seconds, B962 when an item failed `tries` times; an error with a code that a function raised, at once.
        """
        # Ray would report on its use: nothing leaves the machine. Its own messages are for its log files.
        os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
        os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
        import ray

        ours = not ray.is_initialized()
        if ours:
            ray.init(include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
        logging.getLogger("ray.data").setLevel(logging.ERROR)
        try:
            count = self._room(ray)
            for done, (value, failure) in enumerate(in_time(_outcomes(self, count, make, items), self.timeout)):
                if failure is not None:
                    raise raised(failure, done, self.tries)
                yield value
        finally:
            if ours:
                ray.shutdown()

    def _room(self, ray: Any) -> int:
        """As `room_for`; what others, or a run before this one, are about to leave is waited for."""
        for _ in range(min(PATIENCE, int(self.timeout))):
            with suppress(BioactiveError):
                return room_for(ray.available_resources(), self.workers)
            time.sleep(1)
        return room_for(ray.available_resources(), self.workers)


def room_for(free: Mapping[str, float], wanted: int) -> int:
    """How many actors there are to be.

    free (Mapping[str, float]): What nobody uses in the cluster, as Ray counts it.
    wanted (int): So many; 0 for all that there is room for.
    RAISES (BioactiveError): B960 when there is not room for so many, or not for one.
    """
    cpus = free.get("CPU", 0.0)
    room = int((cpus - READER) / ACTOR + 1e-9)
    if room < max(1, wanted):
        raise error("B960", cpus=f"{cpus:g}", wanted=max(1, wanted), needed=f"{READER + ACTOR * max(1, wanted):g}")
    return wanted or room


def in_time(found: Iterator[Any], timeout: float) -> Iterator[Any]:
    """Results as they come, unless none comes for too long.

    found (Iterator[Any]): The results; fetched in a thread of its own, one ahead.
    timeout (float): Seconds.
    RAISES (BioactiveError): B961 after so many seconds without one.
    """
    ready: queue.Queue[tuple[str, Any]] = queue.Queue()
    wanted, left = threading.Semaphore(1), threading.Event()

    def fetch() -> None:
        try:
            for each in found:
                ready.put(("result", each))
                wanted.acquire()
                if left.is_set():
                    break
            ready.put(("end", None))
        except BaseException as problem:  # the other thread raises it
            ready.put(("problem", problem))

    threading.Thread(target=fetch, daemon=True).start()
    try:
        while True:
            kind, each = ready.get(timeout=timeout)
            if kind == "problem":
                raise each
            if kind == "end":
                return
            yield each
            wanted.release()
    except queue.Empty:
        raise error("B961", seconds=f"{timeout:g}") from None
    finally:
        left.set()
        wanted.release()


def _outcomes(
    engine: RayEngine, count: int, make: Callable[[], Work], items: Callable[[], Iterable[Item]]
) -> Iterator[Outcome]:
    """Result and failure of each item, in order."""
    import ray
    from ray.data import ActorPoolStrategy, DataContext

    from .ray_source import ItemSource

    context = DataContext.get_current()
    context.execution_options.preserve_order = True
    context.enable_progress_bars = False
    # A block of Ray's is to be one item: then it is tried again, and handed on, by itself.
    context.target_max_block_size, context.target_min_block_size = 1, 0
    read = ray.data.read_datasource(ItemSource(items), num_cpus=READER, override_num_blocks=1)
    with warnings.catch_warnings():
        # Of the one way to say how often an item may take its actor with it; pyproject.toml ends where Ray drops it.
        warnings.simplefilter("ignore")
        done = read.map_batches(
            Worker,
            fn_constructor_args=(make, engine.tries),
            batch_size=1,
            compute=ActorPoolStrategy(size=count),
            num_cpus=ACTOR,
            ray_remote_args_fn=partial(dict, max_restarts=-1, max_task_retries=engine.tries - 1),
        )
    try:
        for row in done.iter_rows():
            yield json.loads(row[VALUE])
    except ray.exceptions.RayError as problem:
        yield None, ["", first_line(problem)]


class Worker:
    """What an actor is: it makes its function once.

    make (Callable): Gives the function.
    tries (int): How often it tries an item.
    """

    def __init__(self, make: Callable[[], Work], tries: int) -> None:
        import torch

        # Equal bytes on any machine need equal threads, and an actor has one CPU.
        torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
        self.tries = tries
        self.broken: Failure | None = None
        try:
            self.work = make()
        except Exception as problem:  # told in place of results: Ray would start the actor again and again
            self.broken = told(problem)

    def __call__(self, batch: Mapping[str, Any]) -> dict[str, list[bytes]]:
        """The outcome of the one item of a batch."""
        item, failure = json.loads(batch[VALUE][0])
        failure = failure or self.broken
        outcome = (None, failure) if failure else self._tried(item)
        return {VALUE: [packed(outcome)]}

    def _tried(self, item: Item) -> Outcome:
        failure: Failure = []
        for _ in range(self.tries):
            try:
                return self.work(item), None
            except BioactiveError as problem:  # what a user caused stays as it is
                return None, told(problem)
            except Exception as problem:
                failure = told(problem)
        return None, failure
