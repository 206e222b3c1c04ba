"""The shelf: what sessions come by does not depend on when holes are closed."""

from __future__ import annotations

import random
from typing import Any

import pytest

from bioactive.annotate import shelf as module
from bioactive.annotate.shelf import Shelf
from bioactive.annotate.tasks import Task, TaskKey


def tasks(first: int, count: int) -> list[Task]:
    return [{"text": str(n), "_input_hash": n, "_task_hash": n} for n in range(first, first + count)]


def told(seed: int) -> list[Any]:
    """What a shelf says during a hundred random steps of three sessions."""
    rng, shelf, made, found = random.Random(seed), Shelf({}), 0, []
    for _ in range(100):
        session, step = rng.choice("abc"), rng.choice(["add", "skip", "advance", "remove", "settle"])
        keys: list[TaskKey] = [(n, n) for n in range(made) if rng.random() < 0.3]
        if step == "add":
            shelf.add(tasks(made, 5))
            made += 5
        elif step == "skip":
            found.append(shelf.skip(session))
        elif step == "advance":
            found.append(shelf.advance(session, rng.randint(0, 7)))
        elif step == "remove":
            shelf.remove(keys)
        else:
            shelf.settle(session, keys)
        found.append((shelf.passed(session), [task["text"] for task in shelf.get((n, n) for n in range(made))]))
    return found


@pytest.mark.parametrize("seed", range(20))
def test_closing_holes_changes_nothing_that_is_told(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TIDY", 1_000_000)
    open_holes = told(seed)
    monkeypatch.setattr(module, "TIDY", 0)
    assert told(seed) == open_holes


def test_holes_do_not_pile_up() -> None:
    shelf = Shelf({})
    for first in range(0, 50_000, 10):
        shelf.add(tasks(first, 10))
        shelf.advance("anna", 10)
        shelf.remove((n, n) for n in range(first, first + 9))
        shelf.remove((n, n) for n in range(first - 90, first) if n % 10 == 9)
    assert len(shelf) <= 10 and len(shelf._order) <= 2 * len(shelf) + module.TIDY
    assert shelf.skip("ben") and len(shelf.passed("ben")) == len(shelf)
