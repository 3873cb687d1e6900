from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from ner.config import OptimizerConfig
from ner.modules.words import WordTable
from ner.training.optimizers import build_optimizer, clip_gradients, schedule


class Small(nn.Module):
    """One of everything that is decayed or not."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.table = WordTable(6, 4, 3)
        self.embedding = nn.Embedding(5, 3)
        self.linear = nn.Linear(3, 2)
        self.constant = nn.Parameter(torch.zeros(2, 2), requires_grad=False)

    def forward(self, numbers: Tensor) -> Tensor:
        return self.linear(self.table(numbers) + self.embedding(numbers)).pow(2).sum()


def steps(model: Small, optimizer: torch.optim.Optimizer, rates: list[float]) -> dict[str, Tensor]:
    for number, rate in enumerate(rates):
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.zero_grad()
        model(torch.tensor([number % 4, 1, 3])).backward()
        optimizer.step()
    return {name: parameter.detach().clone() for name, parameter in model.named_parameters()}


@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
@pytest.mark.parametrize(
    ("name", "kind", "options"),
    [
        ("sgd", torch.optim.SGD, {"momentum": 0.8}),
        ("adam", torch.optim.Adam, {}),
        ("adamw", torch.optim.AdamW, {}),
        ("nadam", torch.optim.NAdam, {}),
    ],
)
def test_it_is_torch_s_own_with_decay_on_matrices_alone(
    name: str, kind: Any, options: dict[str, float], weight_decay: float
) -> None:
    config = OptimizerConfig.model_validate({"name": name, "lr": 0.1, "momentum": 0.8, "weight_decay": weight_decay})
    ours = Small()
    rates = [0.1, 0.05, 0.2, 0.01]
    found = steps(ours, build_optimizer(ours, config), rates)
    theirs = Small()
    plain = [theirs.table.weight, theirs.embedding.weight, theirs.linear.bias]
    groups = [
        {"params": [theirs.linear.weight], "weight_decay": weight_decay},
        {"params": plain, "weight_decay": 0.0},
    ]
    expected = steps(theirs, kind(groups, lr=0.1, **options), rates)
    for key in expected:
        torch.testing.assert_close(found[key], expected[key], msg=key)
    assert not torch.equal(found["linear.weight"], Small().linear.weight)


def test_what_needs_no_gradient_is_left_alone() -> None:
    model = Small()
    optimizer = build_optimizer(model, OptimizerConfig())
    held = {id(parameter) for group in optimizer.param_groups for parameter in group["params"]}
    assert id(model.constant) not in held and len(held) == 4


def rate(done: float, epochs: int = 10, **options: Any) -> float:
    return schedule(OptimizerConfig.model_validate({"lr": 0.5, **options}), epochs)(done)


def test_the_inverse_schedule_is_the_paper_s() -> None:
    for epoch in range(50):
        expected = 0.5 / (1 + 0.05 * epoch)
        assert rate(epoch, schedule="inverse") == rate(epoch + 0.9, schedule="inverse") == pytest.approx(expected)


def test_linear_and_cosine_end_at_nothing() -> None:
    for kind in ("linear", "cosine"):
        assert rate(0, schedule=kind) == 0.5
        assert rate(5, schedule=kind) == pytest.approx(0.25)
        assert rate(10, schedule=kind) == pytest.approx(0)
        assert rate(12, schedule=kind) == pytest.approx(0)  # resumed with fewer epochs
    assert rate(2.5, schedule="linear") == pytest.approx(0.375)
    assert rate(2.5, schedule="cosine") == pytest.approx(0.25 * (1 + math.cos(math.pi / 4)))
    assert rate(7.3, schedule="constant") == 0.5


@given(st.sampled_from(["inverse", "linear", "cosine", "constant"]), st.floats(0, 20), st.floats(0, 5))
@settings(deadline=None)
def test_a_rate_is_never_negative_nor_above_the_given_one(kind: str, done: float, warmup: float) -> None:
    assert 0 <= rate(done, schedule=kind, warmup=warmup) <= 0.5


def test_warmup_rises_from_almost_nothing_to_the_schedule() -> None:
    assert 0 < rate(0, warmup=2, schedule="constant") < 0.001
    assert rate(1, warmup=2, schedule="constant") == pytest.approx(0.25, rel=0.01)
    assert rate(2, warmup=2, schedule="linear") == rate(2, schedule="linear")


@pytest.mark.parametrize("scale", [1e-6, 0.1, 1.0, 100.0, 1e6])
def test_clipping_is_torch_s_own(scale: float) -> None:
    torch.manual_seed(2)
    shapes = [(3, 4), (5,), (2, 2, 2)]
    ours, theirs = ([nn.Parameter(torch.zeros(shape)) for shape in shapes] for _ in range(2))
    for one, other in zip(ours, theirs, strict=True):
        one.grad = scale * torch.randn(one.shape)
        other.grad = one.grad.clone()
    clip_gradients([*ours, nn.Parameter(torch.zeros(3))], 5.0)
    torch.nn.utils.clip_grad_norm_(theirs, 5.0)
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one.grad, other.grad)


def test_a_clip_of_nothing_clips_nothing() -> None:
    parameter = nn.Parameter(torch.zeros(3))
    parameter.grad = torch.full((3,), 1e6)
    clip_gradients([parameter], 0.0)
    assert parameter.grad.tolist() == [1e6] * 3
    clip_gradients([nn.Parameter(torch.zeros(3))], 1.0)  # no gradient at all
