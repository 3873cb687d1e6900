"""How many threads to run on: what the machine, the container and the user allow; and work shared out among them."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Barrier, Lock
from typing import TypeVar

J = TypeVar("J")
R = TypeVar("R")

_NO_LIMIT = 1 << 16

_pools: dict[tuple[int, int], ThreadPoolExecutor] = {}
_plain_pools: dict[tuple[int, int], ThreadPoolExecutor] = {}
_pools_lock = Lock()


def available_cores() -> int:
    """Cores that this process may use: the machine's, less what affinity and a container's quota take away."""
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # macOS and Windows have no affinity
        cores = os.cpu_count() or 1
    return max(1, min(cores, _quota()))


def choose_threads(wanted: int | None = None) -> int:
    """A number of threads: the one that is asked for, or as many as there are cores for this process.

    ``OMP_NUM_THREADS`` is a limit to what is chosen here, not to what is asked for. Processes that a launcher such as
    ``accelerate launch`` starts side by side share the cores.
    """
    processes = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    return wanted or max(1, min(available_cores() // processes, _limit()))


def set_threads(wanted: int | None = None) -> int:
    """Let torch use so many threads, chosen as by `choose_threads`; the number."""
    import torch

    number = choose_threads(wanted)
    if torch.get_num_threads() != number:
        torch.set_num_threads(number)
    return number


@contextmanager
def single_threaded() -> Iterator[None]:
    """Keep torch's operations on the calling thread."""
    import torch

    before = torch.get_num_threads()
    if before == 1:
        yield
        return
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def in_order(function: Callable[[J], R], jobs: Sequence[J]) -> Iterator[R]:
    """Results of jobs for torch in the order of the jobs, each done by one of as many threads as torch may use.

    One thread a job, not several inside each operation: these would wait for each other at every step of an LSTM,
    which takes a hundred times as long as the step where another program has one of the cores, and sums would
    depend on their number. All jobs are begun before this returns, save a single one.
    """
    import torch

    if len(jobs) < 2 or (number := min(torch.get_num_threads(), available_cores())) < 2:
        return _here(function, jobs)
    pool = _pool(number)
    return _results(deque(pool.submit(function, job) for job in jobs))


def in_order_by(function: Callable[[J], R], jobs: Sequence[J], number: int) -> Iterator[R]:
    """As `in_order`, of jobs that have nothing to do with torch, by at most so many threads."""
    if len(jobs) < 2 or number < 2:
        return map(function, jobs)
    with _pools_lock:
        pool = _plain_pools.get((os.getpid(), number))
        if pool is None:
            pool = _plain_pools[os.getpid(), number] = ThreadPoolExecutor(number, thread_name_prefix="ner")
    return _results(deque(pool.submit(function, job) for job in jobs))


def _here(function: Callable[[J], R], jobs: Sequence[J]) -> Iterator[R]:
    for job in jobs:
        with single_threaded():
            result = function(job)
        yield result


def _results(futures: deque[Future[R]]) -> Iterator[R]:
    try:
        while futures:
            yield futures.popleft().result()
    finally:  # after an error or an interrupt nobody waits for the others
        for future in futures:
            future.cancel()


def _pool(number: int) -> ThreadPoolExecutor:
    """The threads of this process: those of the parent do not live on after a fork."""
    import torch

    with _pools_lock:
        pool = _pools.get((os.getpid(), number))
        if pool is None:
            pool = ThreadPoolExecutor(number, thread_name_prefix="ner")
            started = Barrier(number + 1)

            def begin() -> None:
                torch.get_num_threads()  # the first question takes over the number of all: before it is set
                torch.set_num_threads(1)
                torch.set_flush_denormal(True)
                started.wait()

            before = torch.get_num_threads()
            try:
                for _ in range(number):
                    pool.submit(begin)
                started.wait()
            except BaseException:  # else the threads that did start would wait for ever, and the process for them
                started.abort()
                raise
            finally:
                torch.set_num_threads(before)  # what threads that others start later will find
            _pools[os.getpid(), number] = pool
        return pool


def _limit() -> int:
    """What the user allows every program; a list is for nested regions, which torch has none of."""
    first = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()
    return int(first) if first.isdecimal() and int(first) else _NO_LIMIT


def _quota() -> int:
    """Whole cores of the cgroup's quota (version 2), rounded up."""
    try:
        limit, period = Path("/sys/fs/cgroup/cpu.max").read_text(encoding="ascii").split()
        return -(-int(limit) // int(period))
    except (OSError, ValueError):  # no cgroup, or "max"
        return _NO_LIMIT
