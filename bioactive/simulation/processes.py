"""The runs of simulations divided among processes or the workers of an engine; they share the encoder's vectors by way
of the disk."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from functools import partial
from multiprocessing import get_context, parent_process
from multiprocessing.managers import SyncManager
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Any

from bioactive.active.posteriors import BATCH
from bioactive.active.vectors import frozen_nodes, word_vectors
from bioactive.engine.local import Engine

from .bench import Bench
from .experiment import Experiment
from .simulate import Options, run_one

# Folder, strategy and seed of a run.
Run = tuple[Path, str, int]


def in_processes(experiments: Mapping[Path, Experiment], pending: Sequence[Run], options: Options) -> None:
    """Carry out runs in `options.jobs` processes.

    experiments (Mapping[Path, Experiment]): The simulations by their folders.
    pending (Sequence[Run]): The runs.
    options (Options): How.
    """
    # Spawned: torch and a forked process that has used it do not go together.
    context = get_context("spawn")
    manager = SyncManager(ctx=context)
    manager.start(_end_with_parent)
    queue = manager.Queue()
    open_ones = _open_ones(experiments, pending)

    def tell() -> None:
        while not queue.empty():
            options.on_row(*queue.get())

    if shares := _shares(open_ones, options.jobs):
        with ProcessPoolExecutor(options.jobs, context, _start, (open_ones, queue)) as pool:
            _all_done([pool.submit(_encode, *share) for share in shares], tell)
    plain = (options.restart, options.keep)
    with ProcessPoolExecutor(options.jobs, context, _start, (open_ones, queue)) as pool:
        _all_done([pool.submit(_work, plain, *run) for run in _ordered(experiments, pending)], tell)


def on_engine(experiments: Mapping[Path, Experiment], pending: Sequence[Run], options: Options, engine: Engine) -> None:
    """Carry out runs on an engine, whose workers see the folders of the simulations under the same names.

    experiments, pending, options: As in `in_processes`; the rows of a run are told when it is finished.
    engine (Engine): Where.
    """
    open_ones = {path.absolute(): each for path, each in _open_ones(experiments, pending).items()}
    shares = [[str(output), part, parts] for output, part, parts in _shares(open_ones, options.jobs)]
    runs = [[str(output.absolute()), name, seed] for output, name, seed in _ordered(experiments, pending)]
    for _ in engine.each(partial(_encoder, open_ones), partial(list, shares)) if shares else ():
        pass
    for rows in engine.each(partial(_runner, open_ones, (options.restart, options.keep)), partial(list, runs)):
        for row in rows:
            options.on_row(*row)


def _open_ones(experiments: Mapping[Path, Experiment], pending: Sequence[Run]) -> dict[Path, Experiment]:
    return {output: experiments[output] for output in dict.fromkeys(output for output, _, _ in pending)}


def _shares(experiments: Mapping[Path, Experiment], jobs: int) -> list[tuple[Path, int, int]]:
    """What is encoded before all else, as a process reads from the disk what lay there when it first asked."""
    if not any("FrozenTransformer" in Path(each.pipeline.config).read_text("utf8") for each in experiments.values()):
        return []
    return [(output, part, jobs) for output in experiments for part in range(jobs)]


def _ordered(experiments: Mapping[Path, Experiment], pending: Sequence[Run]) -> list[Run]:
    """Seed by seed, so that what there is can be compared whenever it ends."""
    return sorted(pending, key=lambda run: (run[2], -_weight(experiments[run[0]], run[1])))


def _weight(experiment: Experiment, name: str) -> int:
    """Of a seed, runs that take long are begun first: stretches, which train on many texts, then whole texts."""
    strategy = experiment.strategies.get(name)
    return 0 if strategy is None else 2 if strategy.unit == "stretch" else 1


def _all_done(waiting: Sequence[Future[None]], tell: Callable[[], None]) -> None:
    left = set(waiting)
    while left:
        done, left = wait(left, timeout=0.5, return_when=FIRST_COMPLETED)
        tell()
        for future in done:
            future.result()
    tell()


# --- in each process

_experiments: Mapping[Path, Experiment] = {}
_benches: dict[Path, Bench] = {}
_queue: Any = None


def _start(experiments: Mapping[Path, Experiment], queue: Any) -> None:
    """What each process does once."""
    import torch

    global _experiments, _queue
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    _experiments, _queue = experiments, queue
    _end_with_parent()


def _end_with_parent() -> None:
    """End this process when its parent is killed, as it would work on beside the one that goes on in its place."""

    def wait_for(parent: Any) -> None:
        parent.join()
        os._exit(1)

    if (parent := parent_process()) is not None:
        Thread(target=wait_for, args=(parent,), daemon=True).start()


def _bench(output: Path) -> Bench:
    if output not in _benches:
        _benches[output] = Bench(_experiments[output])
    return _benches[output]


def _encode(output: Path, part: int, parts: int) -> None:
    """Put every so-manieth text's vectors on the disk."""
    bench = _bench(output)
    nlp = bench.trainer.blank()
    if frozen_nodes(nlp):
        docs = sorted([*bench.bare, *bench.test], key=len)[part::parts]
        for first in range(0, len(docs), BATCH):
            word_vectors(nlp, docs[first : first + BATCH])


def _work(plain: tuple[bool, bool], output: Path, name: str, seed: int) -> None:
    restart, keep = plain
    told = Options(restart=restart, keep=keep, on_row=lambda *row: _queue.put(row))
    run_one(_bench(output), name, seed, output, told)


# --- in each worker of an engine


def _encoder(experiments: Mapping[Path, Experiment]) -> Callable[[Sequence[Any]], None]:
    _start(experiments, None)
    return lambda share: _encode(Path(share[0]), *share[1:])


def _runner(experiments: Mapping[Path, Experiment], plain: tuple[bool, bool]) -> Callable[[Sequence[Any]], list[Any]]:
    told: SimpleQueue[Any] = SimpleQueue()
    _start(experiments, told)

    def work(run: Sequence[Any]) -> list[Any]:
        _work(plain, Path(run[0]), *run[1:])
        return [told.get() for _ in range(told.qsize())]

    return work
