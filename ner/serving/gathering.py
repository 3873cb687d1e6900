"""Jobs gathered into batches for a single thread that does them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from threading import Condition, Thread
from typing import Generic, TypeVar

J = TypeVar("J")
R = TypeVar("R")


class QueueFullError(Exception):
    """As many jobs wait as may wait."""


class ClosedError(Exception):
    """No job is taken any more."""


class Gatherer(Generic[J, R]):
    """A queue, and a thread that takes from it as much as belongs into a batch. Any thread may submit.

    Jobs come in order. A job that fails among others is done again alone, as are the others: nobody pays for the
    fault of a neighbour.

    Args:
        work: does a batch: as many results as jobs, in their order.
        weigh: how much of a batch a job fills.
        most: jobs of a batch.
        weight: of a batch; a heavier job comes alone.
        wait: seconds that the first job of a batch waits for others.
        queue: jobs that may wait.
    """

    def __init__(
        self,
        work: Callable[[Sequence[J]], Sequence[R]],
        weigh: Callable[[J], int],
        *,
        most: int,
        weight: int,
        wait: float,
        queue: int,
    ) -> None:
        self._work, self._weigh = work, weigh
        self._most, self._weight, self._wait, self._queue = most, weight, wait, queue
        self._changed = Condition()
        self._waiting: deque[tuple[J, Future[R]]] = deque()
        self._thread: Thread | None = None
        self._closed = False

    def __len__(self) -> int:
        """Jobs that wait."""
        return len(self._waiting)

    def submit(self, job: J) -> Future[R]:
        """Take a job. Its future may be cancelled as long as it waits.

        Raises:
            QueueFullError: too many jobs wait.
            ClosedError: `close` was called.
        """
        future: Future[R] = Future()
        with self._changed:
            if self._closed:
                raise ClosedError
            if len(self._waiting) >= self._queue:
                raise QueueFullError
            self._waiting.append((job, future))
            if self._thread is None:  # a daemon: a program that mounts the server and just ends is not held up
                self._thread = Thread(target=self._run, name="ner-serving", daemon=True)
                self._thread.start()
            self._changed.notify()
        return future

    def close(self) -> None:
        """Take no more jobs, and return once those that were taken are done."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while batch := self._next():
            kept = [(job, future) for job, future in batch if future.set_running_or_notify_cancel()]
            if kept:
                self._do(kept)

    def _next(self) -> list[tuple[J, Future[R]]]:
        """The next batch, as soon as there is one; empty once there will be none."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            if self._wait and self._waiting:
                self._changed.wait_for(lambda: self._closed or self._fitting() < len(self._waiting), self._wait)
            return [self._waiting.popleft() for _ in range(self._fitting())]

    def _fitting(self) -> int:
        """How many of the jobs that wait make up a batch."""
        weight = 0
        for number, (job, _) in enumerate(self._waiting):
            weight += self._weigh(job)
            if number == self._most or (number and weight > self._weight):
                return number
        return len(self._waiting)

    def _do(self, batch: list[tuple[J, Future[R]]]) -> None:
        try:
            results = self._work([job for job, _ in batch])
        except Exception as error:
            if len(batch) == 1:
                batch[0][1].set_exception(error)
            else:
                for one in batch:
                    self._do([one])
            return
        for (_, future), result in zip(batch, results, strict=True):
            future.set_result(result)
