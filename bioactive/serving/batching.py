"""Texts of many requests at a time: whatever waits while the pipeline works is its next batch.

No request waits for company: an idle pipeline begins at once, a busy one finds more to do when it is done.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from bioactive.errors import BioactiveError, error

T = TypeVar("T")
logger = logging.getLogger("bioactive")


@dataclass
class Job(Generic[T]):
    """The texts of one request.

    texts (Sequence[str]): At least one.
    answer (asyncio.Future[list[T]]): What came of each text, in order, once all are there.
    given (int): How many were given to the pipeline.
    found (list[T]): What came of the first so many texts.
    """

    texts: Sequence[str]
    answer: asyncio.Future[list[T]]
    given: int = 0
    found: list[T] = field(default_factory=list)

    def take(self, number: int) -> list[str]:
        """The next texts, `number` at the most."""
        texts = list(self.texts[self.given : self.given + number])
        self.given += len(texts)
        return texts


class Batcher(Generic[T]):
    """Gives the texts of all requests to one thread, in batches that several requests share.

    predict (Callable[[list[str]], list[T]]): What becomes of texts, in order; called in the thread only.
    thread (ThreadPoolExecutor): Has one worker.
    batch_size (int): Texts that are given at a time, at the most.
    room (int): Texts that may wait; a request for which there is no room is refused.
    """

    def __init__(
        self, predict: Callable[[list[str]], list[T]], thread: ThreadPoolExecutor, batch_size: int, room: int
    ) -> None:
        self.predict = predict
        self.thread = thread
        self.batch_size = batch_size
        self.room = room
        self.waiting = 0
        self._jobs: deque[Job[T]] = deque()
        self._more = asyncio.Event()

    async def ask(self, texts: Sequence[str]) -> list[T]:
        """What becomes of the texts of a request, in order.

        texts (Sequence[str]): The texts.
        RAISES (BioactiveError): B832 when too many texts wait already, B833 when the pipeline fails on these.
        """
        if not texts:
            return []
        # An idle server takes any request that its other limits let through.
        if self.waiting and self.waiting + len(texts) > self.room:
            raise error("B832", waiting=self.waiting, more=len(texts), room=self.room)
        job: Job[T] = Job(texts, asyncio.get_running_loop().create_future())
        self._jobs.append(job)
        self.waiting += len(texts)
        self._more.set()
        try:
            return await job.answer
        finally:
            self.waiting -= len(texts)

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            await self._more.wait()
            batch = self._next()
            if batch:
                await self._work(batch)
            else:
                self._more.clear()

    def _next(self) -> list[tuple[Job[T], list[str]]]:
        """Texts of the next batch by their jobs; each gets its share, so that a long one does not keep others out."""
        batch: list[tuple[Job[T], list[str]]] = []
        left = self.batch_size
        share = max(1, left // max(1, len(self._jobs)))
        for _ in range(len(self._jobs)):
            if not left:
                break
            job = self._jobs.popleft()
            if job.answer.done():  # failed, or nobody waits for it any more
                continue
            texts = job.take(min(share, left))
            left -= len(texts)
            batch.append((job, texts))
            if job.given < len(job.texts):
                self._jobs.append(job)
        return batch

    async def _work(self, batch: list[tuple[Job[T], list[str]]]) -> None:
        try:
            found = iter(await self._predicted([text for _, texts in batch for text in texts]))
        # A pipeline is made of anybody's parts, and they raise anything.
        except Exception as problem:
            if len(batch) == 1:
                self._fail(batch[0][0], problem)
            else:
                for each in batch:
                    await self._work([each])  # the others' texts are not to suffer
            return
        for job, texts in batch:
            job.found += [next(found) for _ in texts]
            if len(job.found) == len(job.texts) and not job.answer.done():
                job.answer.set_result(job.found)

    async def _predicted(self, texts: list[str]) -> list[T]:
        return await asyncio.get_running_loop().run_in_executor(self.thread, self.predict, texts)

    def _fail(self, job: Job[T], problem: Exception) -> None:
        logger.error("The pipeline failed on a request of %d text(s)", len(job.texts), exc_info=problem)
        if not job.answer.done():
            told = problem if isinstance(problem, BioactiveError) else error("B833", problem=type(problem).__name__)
            job.answer.set_exception(told)
