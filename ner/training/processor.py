"""The processor as a training wants it: as many threads as pay at present, and no time spent on denormal numbers."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import nn

from ner.config import TrainingConfig
from ner.threads import set_threads

_ROUNDS = 5
_WORTH = 0.9  # of the time with fewer threads: several are at the mercy of whatever else runs
_HOPELESS = 3.0  # times the time with fewer threads: no further round is waited for


def choose_threads(config: TrainingConfig, device: torch.device) -> int:
    """Let torch use as many threads as the configuration says, or as a probe finds best; the number chosen.

    Sums depend on the number of threads in their last bits, so that a training that is to be repeated bit by bit
    gets one, whatever a probe would find.
    """
    if config.threads or device.type != "cpu":
        return set_threads(config.threads)
    return set_threads(1 if config.deterministic else fastest(set_threads(), step_of_an_lstm(config.batch_size)))


def fastest(most: int, work: Callable[[], object]) -> int:
    """The number of threads, 1 to ``most`` by doubling, on which work for torch is done soonest.

    Threads inside an operation wait for each other at every step of an LSTM. Where another program has one of the
    cores, that takes up to a hundred times as long as the step.
    """
    numbers = [2**power for power in range(most.bit_length()) if 2**power < most] + [most]
    best, shortest = 1, _seconds(1, work, limit=float("inf"))
    for number in numbers[1:]:
        needed = _seconds(number, work, limit=_HOPELESS * shortest)
        if needed < _WORTH * shortest:
            best, shortest = number, needed
    return best


def step_of_an_lstm(batch_size: int) -> Callable[[], object]:
    """Forward and backward through a layer of usual size, on a batch of short sentences."""
    layer = nn.LSTM(100, 200)
    words = torch.zeros(10, batch_size, 100)
    return lambda: layer(words)[0].sum().backward()


def _seconds(threads: int, work: Callable[[], object], limit: float) -> float:
    """The median of some rounds, or of those before one took longer than the limit."""
    set_threads(threads)
    work()  # threads are started, memory is fetched
    rounds: list[float] = []
    while len(rounds) < _ROUNDS and max(rounds, default=0.0) <= limit:
        begun = time.perf_counter()
        work()
        rounds.append(time.perf_counter() - begun)
    return statistics.median(rounds)


@contextmanager
def denormals_flushed() -> Iterator[None]:
    """On this thread, numbers too small for the usual form of a float are zero while the context lasts.

    The moments that an optimizer keeps of rows out of use shrink to such numbers, with which a processor computes
    ten times slower.
    """
    before = not (torch.tensor(1e-40) * 1.0 > 0)
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(before)
