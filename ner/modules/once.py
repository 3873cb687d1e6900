"""Backward passes written by hand: what they give is a number, whose own gradient nobody can ask for unnoticed."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

Backward = Callable[..., tuple[Tensor | None, ...]]


def once_differentiable(backward: Backward) -> Backward:
    """For the ``backward`` of a ``torch.autograd.Function``: differentiating its result is an error.

    torch's decorator of this name says so only where the incoming gradient has a history. A loss has none, so that a
    penalty on the size of its gradient would count as a constant, and train nothing, without a word.
    """

    @functools.wraps(backward)
    def computed(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        with torch.no_grad():
            found = backward(ctx, *gradients)
        if not torch.is_grad_enabled():  # as it is unless create_graph=True asks for a graph of the backward pass
            return found
        anchor = torch.zeros((), requires_grad=True)
        return tuple(None if gradient is None else _Once.apply(gradient, anchor) for gradient in found)

    return computed


class _Once(torch.autograd.Function):
    """Hands a gradient on."""

    @staticmethod
    def forward(ctx: Any, gradient: Tensor, anchor: Tensor) -> Tensor:
        return gradient.view_as(gradient)

    @staticmethod
    def backward(ctx: Any, *_: Tensor) -> tuple[Tensor | None, ...]:
        raise RuntimeError(
            "second derivatives are not supported: this gradient comes from a backward pass written by hand, which "
            "can be differentiated only once"
        )
