"""Engines: the local loop, and what of the Ray one needs no Ray."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from bioactive.cli import main
from bioactive.engine import engine_named
from bioactive.engine.local import Here
from bioactive.engine.ray_data import Worker, in_time, room_for
from bioactive.engine.telling import packed, raised, told
from bioactive.errors import BioactiveError, error


def test_local_engine_makes_its_function_once_and_keeps_the_order() -> None:
    made = []

    def make() -> object:
        made.append(True)
        return lambda item: item * 2

    assert list(Here().each(make, lambda: range(4))) == [0, 2, 4, 6]
    assert made == [True]


def test_local_engine_reads_no_further_than_it_is_asked() -> None:
    read = []

    def items() -> Iterator[int]:
        for number in range(10):
            read.append(number)
            yield number

    results = Here().each(lambda: abs, items)
    assert [next(results), next(results)] == [0, 1]
    assert read == [0, 1]


def test_unknown_engine_is_named() -> None:
    with pytest.raises(BioactiveError, match=r"\[B963\].*'spark'"):
        engine_named("spark")
    assert engine_named("local") is None


def test_ray_engine_refuses_what_its_workers_cannot_load(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("ray", reason="ray is not installed")
    with pytest.raises(SystemExit):
        main(["rank", "model", "pool.jsonl", "out.jsonl", "--engine", "ray", "--gpu-id", "0"])
    assert "[B966]" in capsys.readouterr().err


# (10 - 0.1) / 0.9 is 11: more actors than CPUs, as each takes nine tenths of one.
@pytest.mark.parametrize(("cpus", "wanted", "count"), [(1.0, 0, 1), (2.0, 0, 2), (10.0, 0, 11), (16.0, 3, 3)])
def test_actors_leave_room_for_the_reading(cpus: float, wanted: int, count: int) -> None:
    assert room_for({"CPU": cpus}, wanted) == count


@pytest.mark.parametrize(("free", "wanted"), [({}, 0), ({"CPU": 0.5}, 0), ({"CPU": 2.0}, 3)])
def test_cluster_without_room_is_said_and_not_waited_for(free: dict[str, float], wanted: int) -> None:
    with pytest.raises(BioactiveError, match=r"\[B960\]"):
        room_for(free, wanted)


def test_result_that_never_comes_ends_in_a_message() -> None:
    def stuck() -> Iterator[int]:
        yield 1
        time.sleep(60)

    results = in_time(stuck(), 0.2)
    assert next(results) == 1
    with pytest.raises(BioactiveError, match=r"\[B961\].*0\.2 seconds"):
        next(results)


def test_fault_of_the_results_reaches_the_reader() -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise KeyError("a")

    results = in_time(broken(), 60)
    assert next(results) == 1
    with pytest.raises(KeyError):
        next(results)


def test_failures_travel_with_their_codes() -> None:
    known = error("B301", path="a")
    assert raised(told(known), 3, 2).args == known.args
    other = raised(told(ValueError("first\nsecond")), 3, 2)
    assert (
        other.code == "B962"
        and "After 3 finished" in other.message
        and "2 times, last by: ValueError: first." in str(other)
    )


class Flaky:
    """A function that fails so many times."""

    def __init__(self, failures: int, problem: Exception) -> None:
        self.failures, self.problem, self.calls = failures, problem, 0

    def __call__(self, item: int) -> int:
        self.calls += 1
        if self.calls <= self.failures:
            raise self.problem
        return item + 1


@pytest.mark.parametrize(
    ("failures", "problem", "calls", "outcome"),
    [
        (0, OSError("x"), 1, [2, None]),
        (2, OSError("x"), 3, [2, None]),
        (3, OSError("x"), 3, [None, ["", "OSError: x"]]),
        (1, error("B301", path="a"), 1, [None, ["B301", error("B301", path="a").message]]),
    ],
)
def test_worker_tries_again_but_not_what_a_user_caused(
    failures: int, problem: Exception, calls: int, outcome: list[object]
) -> None:
    work = Flaky(failures, problem)
    found = Worker(lambda: work, 3)({"value": [packed([1, None])]})
    assert found == {"value": [packed(outcome)]}
    assert work.calls == calls


def test_worker_that_cannot_begin_says_so_with_each_item() -> None:
    def make() -> object:
        raise error("B301", path="a")

    worker = Worker(make, 3)
    assert worker({"value": [packed([1, None])]}) == {"value": [packed([None, told(error("B301", path="a"))])]}


def test_results_are_fetched_one_ahead_and_no_more_once_nobody_wants_them() -> None:
    fetched: list[int] = []

    def endless() -> Iterator[int]:
        while True:
            fetched.append(len(fetched))
            yield fetched[-1]

    results = in_time(endless(), 60)
    assert [next(results), next(results)] == [0, 1]
    results.close()
    time.sleep(0.1)
    assert len(fetched) <= 3
