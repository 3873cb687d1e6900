from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from ner.training.seeds import make_deterministic, seed_epoch


def draws(seed: int, epoch: int, process: int = 0) -> tuple[tuple[int, ...], tuple[float, ...]]:
    order = seed_epoch(seed, epoch, process)
    return tuple(order.permutation(50).tolist()), tuple(torch.rand(5).tolist())


def test_an_epoch_draws_the_same_whatever_came_before() -> None:
    first = draws(3, 7)
    torch.rand(100)
    draws(3, 6)
    assert draws(3, 7) == first


def test_seeds_and_epochs_differ() -> None:
    found = {draws(seed, epoch) for seed in (0, 1, 2**32 - 1) for epoch in range(5)}
    assert len({order for order, _ in found}) == len({noise for _, noise in found}) == 15


def test_processes_share_the_order_and_not_the_noise() -> None:
    orders, noises = zip(*(draws(1, 2, process) for process in range(4)), strict=True)
    assert len(set(orders)) == 1 and len(set(noises)) == 4


@pytest.fixture
def settings_restored() -> Iterator[None]:
    yield
    torch.use_deterministic_algorithms(False)


def test_deterministic_algorithms_are_asked_for(settings_restored: None) -> None:
    make_deterministic()
    assert torch.are_deterministic_algorithms_enabled() and not torch.backends.cudnn.benchmark
