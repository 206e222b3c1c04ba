"""The runs of simulations divided among processes, which share the encoder's vectors by way of the disk."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from bioactive.active.vectors import frozen_nodes, word_vectors

from .bench import BATCH, Bench
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
    queue = context.Manager().Queue()
    open_ones = {output: experiments[output] for output in dict.fromkeys(output for output, _, _ in pending)}

    def tell() -> None:
        while not queue.empty():
            options.on_row(*queue.get())

    if any("FrozenTransformer" in Path(each.pipeline.config).read_text("utf8") for each in open_ones.values()):
        # What a process reads from the disk is what lay there when it first asked, so those that encode end first.
        shares = [(output, part, options.jobs) for output in open_ones for part in range(options.jobs)]
        with ProcessPoolExecutor(options.jobs, context, _start, (open_ones, queue)) as pool:
            _all_done([pool.submit(_encode, *share) for share in shares], tell)
    plain = (options.restart, options.keep)
    with ProcessPoolExecutor(options.jobs, context, _start, (open_ones, queue)) as pool:
        # Seed by seed, so that what there is can be compared whenever it ends.
        order = sorted(pending, key=lambda run: (run[2], -_weight(experiments[run[0]], run[1])))
        _all_done([pool.submit(_work, plain, *run) for run in order], tell)


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
