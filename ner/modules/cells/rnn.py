"""The simple recurrent network: the state is all there is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ner.modules.cells import base
from ner.modules.cells.product import RecurrentProduct
from ner.modules.once import once_differentiable


class RNNCell(base.Cell):
    """Simple recurrent network (Elman 1990, "Finding structure in time")::

        h_t = tanh(W x_t + U h_{t-1} + b)        h_0 = 0

    x_t ``[D]`` input, h_t ``[H]`` state and output, W ``[H, D]``, U ``[H, H]``, b ``[H]``.
    """

    gates = ("hidden",)
    fused_on = ("cuda",)

    def __init__(self, input_size: int, hidden_size: int, layer_norm: bool = False) -> None:
        super().__init__(nn.RNN(input_size, hidden_size), layer_norm)
        self.bias_hh.requires_grad_(False)

    @classmethod
    def scan(cls, cells: Sequence[RNNCell], x: Tensor, mask: Tensor | None = None) -> base.Scan:
        """See :meth:`ner.modules.cells.base.Cell.scan`; the states are ``hidden``."""
        hidden = _RNN.apply(base.project(cells, x), *base.recurrent_weights(cells), mask)
        return base.Scan(hidden, {"hidden": hidden.detach()})


class _RNN(torch.autograd.Function):
    """The loop over time, forward and backward."""

    @staticmethod
    def forward(ctx: Any, addends: Tensor, weight: Tensor, gain: Tensor | None, mask: Tensor | None) -> Tensor:
        """W x + b ``[N, T, B, H]``, U ``[N, H, H]``, gains ``[N, H]``, mask ``[N, B, H]`` to h ``[N, T, B, H]``."""
        N, T, B, H = addends.shape
        hidden = addends.new_zeros(N, T + 1, B, H)  # h_0 stands before the sequence
        h = hidden.unbind(1)
        ctx.product = RecurrentProduct(weight, gain, mask)
        for t, addend in enumerate(addends.unbind(1)):
            ctx.product.forward(addend, h[t], out=h[t + 1]).tanh_()
        ctx.save_for_backward(hidden)
        return hidden[:, 1:]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        """With a_t what stands inside tanh: dL/da_t = dL/dh_t * (1 - h_t^2), and U carries it to h_{t-1}."""
        (hidden,) = ctx.saved_tensors
        # dL/dh_t; one step more, as h has, so that h_0 receives its share like any other
        hidden_grads = nn.functional.pad(grad, (0, 0, 0, 0, 1, 0))
        slopes = 1 - hidden[:, 1:].square()
        grads = torch.empty_like(slopes)
        d_h, d_a, slope = hidden_grads.unbind(1), grads.unbind(1), slopes.unbind(1)
        ctx.product.start_backward()
        for t in reversed(range(len(d_a))):
            torch.mul(d_h[t + 1], slope[t], out=d_a[t])
            ctx.product.backward(t, d_a[t], into=d_h[t])
        return grads, *ctx.product.gradients(hidden[:, :-1], grads), None
