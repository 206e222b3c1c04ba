"""The Ray engine: the bytes of the local one, also when a worker is killed, and a message where it cannot go on."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import spacy
import srsly
from spacy.language import Language

from bioactive.active.files import Run, rank_file
from bioactive.active.pool import source_path
from bioactive.active.ranking import RankOptions
from bioactive.engine.ray_data import RayEngine
from bioactive.errors import BioactiveError
from bioactive.evaluation.blocks import Unwatched
from bioactive.simulation.experiment import read_experiment
from bioactive.simulation.simulate import Options, read_rows, simulate

from .test_simulate import config  # noqa: F401  a fixture

ray = pytest.importorskip("ray", reason="ray is not installed")
pytest.importorskip("pyarrow", reason="pyarrow is not installed")
psutil = pytest.importorskip("psutil", reason="psutil is not installed")

# Ray and its parts warn of themselves, and leave sockets to the end of the process.
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]
ENGINE = RayEngine(workers=2, timeout=120)
OPTIONS = RankOptions(n=40, batch_size=2)


@pytest.fixture(scope="module", autouse=True)
def cluster() -> Iterator[None]:
    """A cluster of two CPUs on this machine, whose workers run torch on one thread as the tests do."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    # By default workers give way to everything else: on a busy machine they hardly run.
    os.environ["RAY_worker_niceness"] = "0"  # noqa: SIM112
    try:
        ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level=50)
    except Exception as problem:  # too busy a machine, or one without room in shared memory
        pytest.skip(f"Ray does not start here: {problem}")
    yield
    ray.shutdown()


@pytest.fixture
def pool(tmp_path: Path) -> Path:
    """Texts of several lengths, blanks and repeats: seven blocks of 32."""
    texts = [f"aspirin relieved gout {'in two weeks ' * (number % 4)}{number % 180}" for number in range(200)]
    rows = [{"text": text if number % 11 else " ", "id": number} for number, text in enumerate(texts)]
    srsly.write_jsonl(tmp_path / "pool.jsonl", rows)
    return tmp_path / "pool.jsonl"


class Killer(Unwatched):
    """Kills one worker when the first block is done."""

    def __init__(self) -> None:
        self.killed: list[int] = []

    def done(self, items: int) -> None:
        """The first time, a kill -9."""
        if not self.killed:
            victim = workers()[0]
            os.kill(victim, signal.SIGKILL)
            self.killed.append(victim)


def workers() -> list[int]:
    """The processes of the actors of this process's cluster."""
    mine = psutil.Process().children(recursive=True)
    return [each.pid for each in mine if "MapWorker" in " ".join(each.cmdline())]


def test_ranking_is_the_local_one_when_a_worker_is_killed_in_its_midst(model: Path, pool: Path, tmp_path: Path) -> None:
    nlp, killer = spacy.load(model), Killer()
    local = rank_file(Run(nlp, pool, tmp_path / "local.jsonl"), OPTIONS)
    found = rank_file(Run(nlp, pool, tmp_path / "ray.jsonl", watch=killer, engine=ENGINE, model=str(model)), OPTIONS)
    assert len(killer.killed) == 1
    assert (tmp_path / "ray.jsonl").read_bytes() == (tmp_path / "local.jsonl").read_bytes()
    assert found == local and local.duplicates > 0 < local.empty


def test_run_that_was_stopped_goes_on_by_either_engine(model: Path, pool: Path, tmp_path: Path) -> None:
    class Stop(Unwatched):
        def done(self, items: int) -> None:
            blocks.append(items)
            if len(blocks) > 2:
                raise KeyboardInterrupt

    blocks: list[int] = []
    nlp = spacy.load(model)
    stopped = Run(nlp, pool, tmp_path / "out.jsonl", watch=Stop(), engine=ENGINE, model=str(model))
    with pytest.raises(KeyboardInterrupt):
        rank_file(stopped, OPTIONS)
    assert json.loads((tmp_path / "out.jsonl.part.json").read_text())["blocks"] == 2
    rank_file(Run(nlp, pool, tmp_path / "out.jsonl"), OPTIONS)
    rank_file(Run(nlp, pool, tmp_path / "whole.jsonl"), OPTIONS)
    assert (tmp_path / "out.jsonl").read_bytes() == (tmp_path / "whole.jsonl").read_bytes()


def test_simulation_is_the_local_one(config: Path, tmp_path: Path) -> None:  # noqa: F811
    def run(folder: str, options: Options) -> list[list[dict[str, Any]]]:
        paths = simulate(read_experiment(config, {}), tmp_path / folder, options)
        return [[{**row, "seconds": 0, "trained": 0} for row in read_rows(path)] for path in paths]

    told: list[tuple[str, int]] = []
    by_ray = run("ray", Options(jobs=2, engine=ENGINE, on_row=lambda name, seed, row: told.append((name, seed))))
    assert by_ray == run("local", Options())
    assert len(told) == sum(map(len, by_ray))


def test_error_of_the_pool_comes_through(model: Path, tmp_path: Path) -> None:
    (tmp_path / "pool.jsonl").write_text('{"text": "a"}\n{"title": "b"}\n', encoding="utf8")
    run = Run(spacy.load(model), tmp_path / "pool.jsonl", tmp_path / "out.jsonl", engine=ENGINE, model=str(model))
    with pytest.raises(BioactiveError, match=r"\[B323\].*pool.jsonl:2"):
        rank_file(run, OPTIONS)


def test_parquet_at_an_address_is_ranked_as_the_same_json_lines(model: Path, pool: Path, tmp_path: Path) -> None:
    from pyarrow import Table, parquet

    parquet.write_table(Table.from_pylist(list(srsly.read_jsonl(pool))), tmp_path / "pool.parquet")
    nlp: Language = spacy.load(model)
    address = source_path(f"file://{tmp_path / 'pool.parquet'}")
    rank_file(Run(nlp, address, tmp_path / "ray.jsonl", engine=ENGINE, model=str(model)), OPTIONS)
    rank_file(Run(nlp, pool, tmp_path / "local.jsonl"), OPTIONS)
    assert (tmp_path / "ray.jsonl").read_bytes() == (tmp_path / "local.jsonl").read_bytes()


def numbers(count: int) -> Iterator[int]:
    """Items of an engine."""
    yield from range(count)


def dying(item: int) -> int:
    """A function that takes its process with it at one item."""
    if item == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return item


def lasting(item: int) -> int:
    """A function that never comes back from one item."""
    import time

    if item == 1:
        time.sleep(600)
    return item


def made(function: Callable[[int], int]) -> Callable[[int], int]:
    """What a worker makes."""
    return function


@pytest.mark.parametrize(
    ("function", "engine", "code", "before"),
    # Last in this file, as they leave the cluster without the CPU of the worker that was lost or never came back.
    [(dying, RayEngine(2, 300, tries=2), "B962", 3), (lasting, RayEngine(1, 20), "B961", 1)],
)
def test_item_that_cannot_be_done_ends_the_run_with_a_message(
    function: Callable[[int], int], engine: RayEngine, code: str, before: int
) -> None:
    found: list[int] = []
    with pytest.raises(BioactiveError) as problem:
        found.extend(engine.each(partial(made, function), partial(numbers, 6)))
    assert problem.value.code == code
    # What was on the way with the lost worker is lost with it.
    assert found == list(range(len(found))) and len(found) <= before
