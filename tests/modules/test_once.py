"""Gradients of gradients: refused, and never taken for zero."""

from __future__ import annotations

import pytest
import torch

from ner.modules.once import once_differentiable
from ner.modules.recurrent import KINDS, Recurrent

from .crf_by_enumeration import make_crf


class _Square(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient):
        return (2 * ctx.saved_tensors[0] * gradient,)


def test_once_is_as_always_and_twice_is_an_error():
    x = torch.tensor([3.0], requires_grad=True)
    assert torch.autograd.grad(_Square.apply(x), x)[0].item() == 6.0
    (gradient,) = torch.autograd.grad(_Square.apply(x), x, create_graph=True)
    assert gradient.item() == 6.0
    with pytest.raises(RuntimeError, match="second derivatives are not supported"):
        gradient.backward()
    penalized = _Square.apply(x)
    (gradient,) = torch.autograd.grad(penalized, x, create_graph=True)
    with pytest.raises(RuntimeError, match="second derivatives are not supported"):
        (penalized + gradient.square()).backward()  # of which torch's decorator drops the second half


@pytest.mark.parametrize("kind", ["loss", "partial_loss", "log_partition"])
def test_a_penalty_on_the_gradient_of_a_crf_is_refused(kind):
    crf = make_crf(3, dtype=torch.float32)
    emissions, lengths = torch.zeros(2, 4, 3, requires_grad=True), torch.tensor([4, 2])
    target = {
        "loss": [torch.zeros(2, 4, dtype=torch.long)],
        "partial_loss": [torch.ones(2, 4, 3, dtype=torch.bool)],
        "log_partition": [],
    }[kind]
    total = getattr(crf, kind)(emissions, *target, lengths).sum()
    (gradient,) = torch.autograd.grad(total, emissions, create_graph=True)
    with pytest.raises(RuntimeError, match="second derivatives are not supported"):
        (total + gradient.square().sum()).backward()


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"none"}))
def test_a_penalty_on_the_gradient_of_an_encoder_is_refused(kind):
    encoder = Recurrent(kind, 3, 4, layer_norm=True)
    x = torch.randn(2, 5, 3, requires_grad=True)
    total = encoder(x, torch.tensor([5, 3])).sum()
    (gradient,) = torch.autograd.grad(total, x, create_graph=True)
    with pytest.raises(RuntimeError, match="second derivatives are not supported"):
        gradient.square().sum().backward()
