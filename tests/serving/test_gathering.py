"""The queue and its thread, with numbers as jobs: what comes together, what is refused, what is finished."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from threading import Event
from typing import Any

import pytest

pytest.importorskip("fastapi")

from ner.serving.gathering import ClosedError, Gatherer, QueueFullError


class Work:
    """Doubles numbers, once it may; 13 is bad luck."""

    def __init__(self, **options: Any) -> None:
        self.batches: list[list[int]] = []
        self.begun, self.may = Event(), Event()
        limits = {"most": 8, "weight": 100, "wait": 0.0, "queue": 16, **options}
        self.gatherer: Gatherer[int, int] = Gatherer(self.do, lambda job: job, **limits)

    def do(self, jobs: Sequence[int]) -> list[int]:
        self.begun.set()
        assert self.may.wait(10)
        self.batches.append(list(jobs))
        if 13 in jobs:
            raise ZeroDivisionError
        return [2 * job for job in jobs]

    def held(self) -> Future[int]:
        """Keep the thread busy with a first job, so that others wait."""
        future = self.gatherer.submit(0)
        assert self.begun.wait(10)
        return future


def results(futures: list[Future[int]]) -> list[int]:
    return [future.result(10) for future in futures]


def test_what_comes_while_the_thread_is_busy_is_done_together_in_order() -> None:
    work = Work()
    futures = [work.held(), *map(work.gatherer.submit, [5, 4, 3])]
    assert len(work.gatherer) == 3
    work.may.set()
    assert results(futures) == [0, 10, 8, 6]
    assert work.batches == [[0], [5, 4, 3]]


def test_batches_have_a_size_and_a_weight() -> None:
    work = Work(most=3, weight=10)
    futures = [work.held(), *map(work.gatherer.submit, [1, 1, 1, 1, 99, 6, 4, 1])]
    work.may.set()
    assert results(futures) == [0, 2, 2, 2, 2, 198, 12, 8, 2]
    assert work.batches == [[0], [1, 1, 1], [1], [99], [6, 4], [1]]


def test_one_at_a_time() -> None:
    work = Work(most=1)
    futures = [work.held(), *map(work.gatherer.submit, [1, 2])]
    work.may.set()
    assert results(futures) == [0, 2, 4] and work.batches == [[0], [1], [2]]


def test_a_batch_waits_for_others_but_not_once_it_is_full() -> None:
    work = Work(wait=30.0, most=2)
    work.may.set()
    futures = [work.gatherer.submit(job) for job in (1, 2, 3, 4, 5)]
    assert results(futures[:4]) == [2, 4, 6, 8]
    assert work.batches == [[1, 2], [3, 4]] and not futures[4].done()
    work.gatherer.close()
    assert results(futures[4:]) == [10]


def test_a_full_queue_refuses_and_takes_again_when_there_is_room() -> None:
    work = Work(queue=2)
    futures = [work.held(), *map(work.gatherer.submit, [1, 2])]
    with pytest.raises(QueueFullError):
        work.gatherer.submit(3)
    work.may.set()
    assert results(futures) == [0, 2, 4]
    assert work.gatherer.submit(3).result(10) == 6


def test_the_end_finishes_what_was_taken_and_takes_no_more() -> None:
    work = Work(most=1)
    futures = [work.held(), *map(work.gatherer.submit, range(1, 9))]
    work.may.set()
    work.gatherer.close()
    assert all(future.done() for future in futures)
    assert results(futures) == [2 * job for job in range(9)]
    with pytest.raises(ClosedError):
        work.gatherer.submit(1)
    work.gatherer.close()


def test_an_end_without_a_job() -> None:
    Work().gatherer.close()


def test_nobody_pays_for_a_neighbour() -> None:
    work = Work()
    held, before, bad, after = work.held(), *map(work.gatherer.submit, [1, 13, 2])
    work.may.set()
    assert results([held, before, after]) == [0, 2, 4]
    with pytest.raises(ZeroDivisionError):
        bad.result(10)
    assert work.batches == [[0], [1, 13, 2], [1], [13], [2]]


def test_who_has_left_is_not_worked_for() -> None:
    work = Work()
    held, kept, left = work.held(), work.gatherer.submit(1), work.gatherer.submit(2)
    assert left.cancel() and not held.cancel()
    work.may.set()
    assert results([held, kept]) == [0, 2]
    assert work.batches == [[0], [1]]
