from __future__ import annotations

import pytest
import torch
from torch import nn

from ner.training.average import MovingAverage


@pytest.mark.parametrize("decay", [0.5, 0.999])
def test_it_follows_the_formula(decay: float) -> None:
    torch.manual_seed(1)
    parameters = [nn.Parameter(torch.randn(3)), nn.Parameter(torch.randn(2, 2))]
    expected = [parameter.detach().double() for parameter in parameters]
    average = MovingAverage(parameters, decay)
    for step in range(30):
        with torch.no_grad():
            for parameter in parameters:
                parameter.add_(torch.randn(parameter.shape))
        average.update()
        held = min(decay, (1 + step) / (10 + step))
        expected = [held * e + (1 - held) * p.detach().double() for e, p in zip(expected, parameters, strict=True)]
    for found, one in zip(average.average, expected, strict=True):
        torch.testing.assert_close(found.double(), one, atol=1e-5, rtol=1e-5)


def test_it_stands_in_for_the_weights_and_gives_them_back() -> None:
    parameter = nn.Parameter(torch.tensor([1.0, 2.0]))
    average = MovingAverage([parameter], 0.9)
    with torch.no_grad():
        parameter.fill_(7)
    average.update()
    kept = average.average[0].clone()
    with pytest.raises(KeyError), average.applied():
        assert torch.equal(parameter.detach(), kept) and not (kept == 7).any()
        raise KeyError
    assert parameter.tolist() == [7, 7] and torch.equal(average.average[0], kept)


def test_without_a_decay_nothing_is_held_or_changed() -> None:
    parameter = nn.Parameter(torch.ones(2))
    average = MovingAverage([parameter], 0.0)
    average.update()
    with average.applied():
        assert parameter.tolist() == [1, 1]
    assert average.average == [] and average.steps == 0
