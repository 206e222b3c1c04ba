"""Texts of many requests in one batch: order, shares, room, failures."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from bioactive.errors import BioactiveError
from bioactive.serving.batching import Batcher


class Slow:
    """Turns texts to upper case, once it is let; keeps the batches."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.let = Event()

    def __call__(self, texts: list[str]) -> list[str]:
        self.let.wait(10)
        self.batches.append(texts)
        if "bad" in texts:
            raise KeyError("bad")
        return [text.upper() for text in texts]


@contextlib.asynccontextmanager
async def running(slow: Slow, batch_size: int = 4, room: int = 100) -> AsyncIterator[Batcher[str]]:
    with ThreadPoolExecutor(1) as thread:
        batcher: Batcher[str] = Batcher(slow, thread, batch_size, room)
        work = asyncio.create_task(batcher.run())
        try:
            yield batcher
        finally:
            slow.let.set()
            work.cancel()


async def asked(batcher: Batcher[str], *requests: list[str]) -> list[asyncio.Task[list[str]]]:
    """Requests that wait, the first of them at work."""
    tasks = []
    for texts in requests:
        tasks.append(asyncio.create_task(batcher.ask(texts)))
        await asyncio.sleep(0.02)
    return tasks


def test_each_request_gets_its_own_texts_in_order() -> None:
    async def main() -> None:
        slow = Slow()
        slow.let.set()
        async with running(slow, room=1000) as batcher:
            requests = [[f"{i}-{j}" for j in range(i % 7)] for i in range(60)]
            found = await asyncio.gather(*(batcher.ask(texts) for texts in requests))
            assert found == [[text.upper() for text in texts] for texts in requests]
            assert batcher.waiting == 0
            assert all(0 < len(batch) <= 4 for batch in slow.batches)

    asyncio.run(main())


def test_requests_that_come_meanwhile_share_a_batch() -> None:
    async def main() -> None:
        slow = Slow()
        async with running(slow) as batcher:
            tasks = await asked(batcher, ["a"], ["b"], ["c"], ["d"])
            slow.let.set()
            assert await asyncio.gather(*tasks) == [["A"], ["B"], ["C"], ["D"]]
        assert slow.batches == [["a"], ["b", "c", "d"]]

    asyncio.run(main())


def test_a_long_request_does_not_keep_others_out() -> None:
    async def main() -> None:
        slow = Slow()
        async with running(slow) as batcher:
            tasks = await asked(batcher, ["a"], [f"long{i}" for i in range(10)], ["short"])
            slow.let.set()
            await asyncio.gather(*tasks)
        assert slow.batches[1] == ["long0", "long1", "short"]
        assert [len(batch) for batch in slow.batches] == [1, 3, 4, 4]

    asyncio.run(main())


def test_a_request_that_fails_fails_alone() -> None:
    async def main() -> None:
        slow = Slow()
        async with running(slow) as batcher:
            tasks = await asked(batcher, ["a"], ["b", "bad"], ["c"])
            slow.let.set()
            found = await asyncio.gather(*tasks, return_exceptions=True)
            assert found[0] == ["A"] and found[2] == ["C"]
            assert isinstance(found[1], BioactiveError) and found[1].code == "B833" and "KeyError" in found[1].message
            assert await batcher.ask(["later"]) == ["LATER"]
            assert batcher.waiting == 0

    asyncio.run(main())


def test_too_many_waiting_texts_are_refused() -> None:
    async def main() -> None:
        slow = Slow()
        async with running(slow, room=3) as batcher:
            tasks = await asked(batcher, ["a", "b", "c", "d"])  # an idle server takes it
            with pytest.raises(BioactiveError, match="B832"):
                await batcher.ask(["e"])
            slow.let.set()
            assert await tasks[0] == ["A", "B", "C", "D"]
            assert await batcher.ask(["e"]) == ["E"]

    asyncio.run(main())


def test_a_request_that_nobody_waits_for_is_dropped() -> None:
    async def main() -> None:
        slow = Slow()
        async with running(slow) as batcher:
            tasks = await asked(batcher, ["a"], ["gone"], ["c"])
            tasks[1].cancel()
            await asyncio.sleep(0)
            slow.let.set()
            assert await tasks[2] == ["C"]
            assert batcher.waiting == 0
        assert all("gone" not in batch for batch in slow.batches)

    asyncio.run(main())
