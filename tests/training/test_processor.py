from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import torch

from ner import threads
from ner.config import TrainingConfig
from ner.training import processor
from ner.training.processor import choose_threads, denormals_flushed, fastest, step_of_an_lstm

CPU = torch.device("cpu")


class Machine:
    """A clock that work moves on by the seconds that it takes on so many threads."""

    def __init__(self, seconds: dict[int, float]) -> None:
        self.seconds, self.now, self.done = seconds, 0.0, dict.fromkeys(seconds, 0)

    def work(self) -> None:
        self.now += self.seconds[torch.get_num_threads()]
        self.done[torch.get_num_threads()] += 1


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[int, float]], Machine]:
    def make(seconds: dict[int, float]) -> Machine:
        made = Machine(seconds)
        monkeypatch.setattr(processor.time, "perf_counter", lambda: made.now)
        return made

    return make


@pytest.fixture(autouse=True)
def threads_restored() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize(
    ("seconds", "best"),
    [
        ({1: 1.0}, 1),
        ({1: 1.0, 2: 0.6}, 2),
        ({1: 1.0, 2: 0.95}, 1),  # not worth the risk
        ({1: 1.0, 2: 0.6, 3: 0.4}, 3),
        ({1: 1.0, 2: 0.6, 4: 0.58, 6: 0.4}, 6),
        ({1: 1.0, 2: 1.4, 4: 0.5, 8: 0.49}, 4),
    ],
)
def test_the_fastest_number_of_threads(
    machine: Callable[[dict[int, float]], Machine], seconds: dict[int, float], best: int
) -> None:
    assert fastest(max(seconds), machine(seconds).work) == best


def test_threads_that_wait_for_each_other_are_given_up_at_once(
    machine: Callable[[dict[int, float]], Machine],
) -> None:
    busy = machine({1: 1.0, 2: 100.0})
    assert fastest(2, busy.work) == 1
    assert busy.done == {1: 6, 2: 2}  # the first of each starts the threads


def test_the_configuration_goes_before_the_probe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(threads, "available_cores", lambda: 3)
    monkeypatch.setattr(processor, "fastest", lambda most, work: most - 1)
    assert choose_threads(TrainingConfig(threads=4), CPU) == torch.get_num_threads() == 4
    assert choose_threads(TrainingConfig(threads=4, deterministic=True), CPU) == 4
    assert choose_threads(TrainingConfig(deterministic=True), CPU) == torch.get_num_threads() == 1
    assert choose_threads(TrainingConfig(), CPU) == torch.get_num_threads() == 2
    assert choose_threads(TrainingConfig(), torch.device("cuda")) == torch.get_num_threads() == 3


def test_the_step_that_is_timed_can_be_taken_again_and_again() -> None:
    work = step_of_an_lstm(4)
    assert work() is None and fastest(1, work) == 1  # a graph that was gone through once would raise


@pytest.mark.parametrize("before", [False, True])
def test_denormal_numbers_are_zero_inside_and_as_before_outside(before: bool) -> None:
    if not torch.set_flush_denormal(before):
        pytest.skip("this processor computes with denormal numbers in any case")

    def lost() -> bool:
        return not bool(torch.tensor(1e-40) * 0.5 > 0)

    try:
        with pytest.raises(KeyError), denormals_flushed():
            assert lost()
            raise KeyError
        assert lost() is before
    finally:
        torch.set_flush_denormal(False)
