"""The tasks of the memory experiment ask what docs/recurrent.md says they ask."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch

SCRIPTS = Path(__file__).parents[2] / "scripts"


@pytest.fixture
def lag(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(SCRIPTS))
    module = importlib.import_module("long_lag")
    monkeypatch.setitem(sys.modules, "long_lag", module)
    return module


def test_remember_asks_for_the_symbol_before_the_distractors(lag: ModuleType) -> None:
    distances = torch.tensor([0, 3, 7])
    batch = lag.remember(distances, torch.Generator().manual_seed(0))
    for x, length, y, distance in zip(batch.x, batch.lengths, batch.y, distances, strict=True):
        tokens = x.argmax(1)[:length].tolist()
        assert x[:length].sum(1).eq(1).all()
        assert tokens[0] == y
        assert len(tokens) == distance + 2
        assert all(lag.SYMBOLS <= token < lag.SYMBOLS + lag.DISTRACTORS for token in tokens[1:-1])
        assert tokens[-1] == lag.SYMBOLS + lag.DISTRACTORS


def test_add_asks_for_the_sum_of_the_marked_numbers(lag: ModuleType) -> None:
    distances = torch.tensor([0, 3, 7, 7])
    batch = lag.add(distances, torch.Generator().manual_seed(0))
    for x, length, y, kept, distance in zip(batch.x, batch.lengths, batch.y, batch.kept, distances, strict=True):
        marked = x[:length, 1].nonzero().squeeze(1).tolist()
        assert marked == [kept, length - 1]
        assert marked[1] - marked[0] - 1 == distance
        torch.testing.assert_close(y, x[marked, 0].sum())


def test_right_answers(lag: ModuleType) -> None:
    symbols = torch.eye(lag.SYMBOLS)[:4]
    assert lag.TASKS["remember"].right(symbols, torch.tensor([0, 1, 2, 5])) == 0.75
    numbers = torch.tensor([[0.5], [1.0]])
    assert lag.TASKS["add"].right(numbers, torch.tensor([0.53, 1.05])) == 0.5


def test_a_short_training_learns_a_short_distance_and_repeats_itself(lag: ModuleType) -> None:
    training = lag.Training((1, 1), (1,), steps=120)
    first, second = (lag.run(lag.ENCODERS["GRU"], lag.TASKS["remember"], training, seed=0) for _ in range(2))
    assert first == second
    assert first.accuracy[1] > 0.9 > 2 / lag.SYMBOLS
    assert first.steps <= 120


def test_uniform_start_has_smaller_eigenvalues(lag: ModuleType) -> None:
    torch.manual_seed(0)
    radius = {}
    for name in ("RNN, U uniform", "RNN, U orthogonal"):
        cell = lag.Network(lag.ENCODERS[name], lag.TASKS["add"]).encoder.layers[0][0]
        radius[name] = float(torch.linalg.eigvals(cell.weight_hh.detach()).abs().max())
    assert radius["RNN, U uniform"] < 0.8 < 0.999 < radius["RNN, U orthogonal"] < 1.001
