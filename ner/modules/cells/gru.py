"""The gated recurrent unit: two gates on the state itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ner.modules.cells import base
from ner.modules.cells.product import RecurrentProduct, through_sigmoid, through_tanh
from ner.modules.once import once_differentiable


class GRUCell(base.Cell):
    """Gated recurrent unit (Cho et al. 2014, "Learning phrase representations using RNN encoder-decoder", 2.3)::

        r_t = sigma(W_r x_t + b_r + U_r h_{t-1})                    reset gate
        z_t = sigma(W_z x_t + b_z + U_z h_{t-1})                    update gate
        n_t = tanh(W_n x_t + b_n + r_t * (U_n h_{t-1} + b_u))       candidate
        h_t = (1 - z_t) * n_t + z_t * h_{t-1}                       h_0 = 0

    x_t ``[D]`` input, h_t ``[H]`` state and output, * the product of elements. Two conventions, both torch's:

    - z_t is the share of the *old* state, as in Cho et al.: z = 1 holds. Chung et al. 2014 have it the other way.
    - The reset gate is applied *after* the product U_n h_{t-1} and its bias b_u (the last third of ``bias_hh``). In
      Cho et al. it is applied before, U (r * h); after is what lets one product a step serve all three gates.

    With recurrent dropout the gates and the candidate see the masked h_{t-1}; z carries on the whole one.
    """

    gates = ("reset", "update", "candidate")
    fused_on = ("cuda",)

    def __init__(self, input_size: int, hidden_size: int, layer_norm: bool = False) -> None:
        super().__init__(nn.GRU(input_size, hidden_size), layer_norm)

    @classmethod
    def scan(cls, cells: Sequence[GRUCell], x: Tensor, mask: Tensor | None = None) -> base.Scan:
        """See :meth:`ner.modules.cells.base.Cell.scan`; the states are the three gates and ``hidden``."""
        bias = torch.stack([cell.bias_hh for cell in cells])
        weight, gain = base.recurrent_weights(cells)
        hidden, *states = _GRU.apply(base.project(cells, x), bias, weight, gain, mask)
        return base.Scan(hidden, dict(zip((*cls.gates, "hidden"), (*states, hidden.detach()), strict=True)))


class _GRU(torch.autograd.Function):
    """The loop over time, forward and backward."""

    @staticmethod
    def forward(
        ctx: Any, addends: Tensor, bias: Tensor, weight: Tensor, gain: Tensor | None, mask: Tensor | None
    ) -> tuple[Tensor, ...]:
        """From W x + b ``[N, T, B, 3H]``, the bias beside U ``[N, 3H]``, U ``[N, H, 3H]``, gains ``[N, 3H]`` and mask
        ``[N, B, H]`` to h and the three gates, each ``[N, T, B, H]``.
        """
        N, T, B, G = addends.shape
        H = G // 3
        hidden = addends.new_zeros(N, T + 1, B, H)  # h_0 stands before the sequence
        products = torch.empty_like(addends)  # U h + its bias, for all gates
        gates = addends.new_empty(N, T, B, 3, H)
        h, p = hidden.unbind(1), products.unbind(1)
        x_rz, x_n = addends[..., : 2 * H].unbind(1), addends[..., 2 * H :].unbind(1)
        p_rz, p_n = products[..., : 2 * H].unbind(1), products[..., 2 * H :].unbind(1)
        rz, r, z, n = gates[..., :2, :].flatten(3).unbind(1), *(gates[..., k, :].unbind(1) for k in range(3))
        bias = bias.unsqueeze(1)  # [N, 1, 3H]
        ctx.product = RecurrentProduct(weight, gain, mask)
        for t in range(T):
            ctx.product.forward(bias, h[t], out=p[t])
            torch.add(x_rz[t], p_rz[t], out=rz[t]).sigmoid_()
            torch.addcmul(x_n[t], r[t], p_n[t], out=n[t]).tanh_()
            torch.lerp(n[t], h[t], z[t], out=h[t + 1])
        ctx.save_for_backward(hidden, gates, products)
        states = gates.unbind(-2)
        ctx.mark_non_differentiable(*states)
        return hidden[:, 1:], *states

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor, *_: Tensor) -> tuple[Tensor | None, ...]:
        """Every gate's gradient is dL/dh_t times a factor that is known before the loop, so the loop is short."""
        hidden, gates, products = ctx.saved_tensors
        r, z, n = gates.unbind(-2)
        previous, product_n = hidden[:, :-1], products.unflatten(-1, (3, -1))[..., 2, :]
        # of what stands inside each activation, and of U_n h + b_u, which the reset gate scales
        to_n = through_tanh(1 - z, n)
        factors = torch.stack((through_sigmoid(to_n * product_n, r), through_sigmoid(previous - n, z), to_n * r), -2)
        # dL/dh_t; one step more, as h has, so that h_0 receives its share like any other
        hidden_grads = nn.functional.pad(grad, (0, 0, 0, 0, 1, 0))
        grads = torch.empty_like(gates)
        d_h, d_p, d_flat = hidden_grads.unbind(1), grads.unbind(1), grads.flatten(-2).unbind(1)
        factor, update = factors.unbind(1), z.unbind(1)
        ctx.product.start_backward()
        for t in reversed(range(len(d_p))):
            torch.mul(d_h[t + 1].unsqueeze(-2), factor[t], out=d_p[t])
            d_h[t].addcmul_(d_h[t + 1], update[t])
            ctx.product.backward(t, d_flat[t], into=d_h[t])
        products_grad = grads.flatten(-2)
        weight, gain = ctx.product.gradients(previous, products_grad)
        bias = products_grad.sum((1, 2))
        grads[..., 2, :] = hidden_grads[:, 1:] * to_n
        return products_grad, bias, weight, gain, None
