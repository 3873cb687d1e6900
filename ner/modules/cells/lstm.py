"""Long short-term memory, without and with peepholes: a memory cell that gates keep, fill and read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from ner.modules.cells import base
from ner.modules.cells.product import Norm, RecurrentProduct, through_sigmoid, through_tanh
from ner.modules.once import once_differentiable


class LSTMCell(base.Cell):
    """Long short-term memory (Hochreiter & Schmidhuber 1997), with a forget gate (Gers, Schmidhuber & Cummins 2000)::

        i_t = sigma(W_i x_t + U_i h_{t-1} + b_i)        input gate: how much of the candidate enters
        f_t = sigma(W_f x_t + U_f h_{t-1} + b_f)        forget gate: how much of the cell stays
        g_t = tanh (W_g x_t + U_g h_{t-1} + b_g)        candidate, also written c~_t
        o_t = sigma(W_o x_t + U_o h_{t-1} + b_o)        output gate: how much of the cell shows
        c_t = f_t * c_{t-1} + i_t * g_t                 memory cell, c_0 = 0
        h_t = o_t * tanh(c_t)                           output, h_0 = 0

    x_t ``[D]``, all others ``[H]``, * the product of elements. b_f starts at ``forget_bias``: at 1 a new network
    remembers by default (Gers et al. 2000; Jozefowicz et al. 2015). With layer norm h_t = o_t * tanh(LN(c_t)), the
    gain and bias of that norm being ``cell_gain`` and ``cell_bias`` ``[H]`` (Ba et al. 2016, supplement).

    Args:
        input_size: D.
        hidden_size: H.
        layer_norm: see :class:`~ner.modules.cells.base.Cell`.
        forget_bias: what b_f is at the start, in total.
    """

    gates = ("input", "forget", "candidate", "output")
    fused_on: ClassVar[tuple[str, ...]] = ("cpu", "cuda")

    def __init__(self, input_size: int, hidden_size: int, layer_norm: bool = False, forget_bias: float = 1.0) -> None:
        super().__init__(nn.LSTM(input_size, hidden_size), layer_norm)
        self.bias_hh.requires_grad_(False)
        self.bias_ih.data[hidden_size : 2 * hidden_size] = forget_bias
        self.cell_gain = nn.Parameter(torch.ones(hidden_size)) if layer_norm else None
        self.cell_bias = nn.Parameter(torch.zeros(hidden_size)) if layer_norm else None
        self.peephole: nn.Parameter | None = None

    @classmethod
    def scan(cls, cells: Sequence[LSTMCell], x: Tensor, mask: Tensor | None = None) -> base.Scan:
        """See :meth:`ner.modules.cells.base.Cell.scan`; the states are the four gates, ``cell`` and ``hidden``."""
        hidden, *states = _LSTM.apply(
            base.project(cells, x),
            *base.recurrent_weights(cells),
            mask,
            base.stack([cell.peephole for cell in cells]),
            base.stack([cell.cell_gain for cell in cells]),
            base.stack([cell.cell_bias for cell in cells]),
        )
        return base.Scan(hidden, dict(zip((*cls.gates, "cell", "hidden"), (*states, hidden.detach()), strict=True)))


class PeepholeCell(LSTMCell):
    """LSTM whose gates look into the memory cell (Gers & Schmidhuber 2000, "Recurrent nets that time and count")::

        i_t = sigma(W_i x_t + U_i h_{t-1} + p_i * c_{t-1} + b_i)
        f_t = sigma(W_f x_t + U_f h_{t-1} + p_f * c_{t-1} + b_f)
        g_t = tanh (W_g x_t + U_g h_{t-1} + b_g)
        c_t = f_t * c_{t-1} + i_t * g_t
        o_t = sigma(W_o x_t + U_o h_{t-1} + p_o * c_t + b_o)
        h_t = o_t * tanh(c_t)

    Symbols as in :class:`LSTMCell`; ``peephole`` ``[3, H]`` holds p_i, p_f and p_o; each unit sees its own cell only.
    They start at 0, so that training starts from the plain LSTM.
    """

    fused_on: ClassVar[tuple[str, ...]] = ()

    def __init__(self, input_size: int, hidden_size: int, layer_norm: bool = False, forget_bias: float = 1.0) -> None:
        super().__init__(input_size, hidden_size, layer_norm, forget_bias)
        self.peephole = nn.Parameter(torch.zeros(3, hidden_size))


class _LSTM(torch.autograd.Function):
    """The loop over time, forward and backward."""

    @staticmethod
    def forward(
        ctx: Any,
        addends: Tensor,
        weight: Tensor,
        gain: Tensor | None,
        mask: Tensor | None,
        peephole: Tensor | None,
        cell_gain: Tensor | None,
        cell_bias: Tensor | None,
    ) -> tuple[Tensor, ...]:
        """From W x + b ``[N, T, B, 4H]``, U ``[N, H, 4H]``, gains ``[N, 4H]``, mask ``[N, B, H]``, p ``[N, 3, H]``
        and the norm of the cell ``[N, H]`` to h, the four gates and c, each ``[N, T, B, H]``.
        """
        N, T, B, G = addends.shape
        H = G // 4
        hidden = addends.new_zeros(N, T + 1, B, H)  # h_0 and c_0 stand before the sequence
        cell = torch.zeros_like(hidden)
        shown = addends.new_empty(N, T, B, H)  # tanh(c_t), or of its norm
        # the sums become the gates where they stand: no one else needs them
        gates = addends.detach().view(N, T, B, 4, H)
        h, c, s = hidden.unbind(1), cell.unbind(1), shown.unbind(1)
        a, i_f = gates.flatten(3).unbind(1), gates[..., :2, :].unbind(1)
        i, f, g, o = (gates[..., k, :].unbind(1) for k in range(4))
        if peephole is not None:
            p_if, p_o = peephole[:, None, :2], peephole[:, None, 2]  # [N, 1, 2, H], [N, 1, H]
        norms: list[Norm] = []
        ctx.product = RecurrentProduct(weight, gain, mask)
        for t in range(T):
            ctx.product.forward(a[t], h[t], out=a[t])
            if peephole is not None:
                i_f[t].addcmul_(c[t].unsqueeze(-2), p_if)
            i_f[t].sigmoid_()
            g[t].tanh_()
            torch.mul(f[t], c[t], out=c[t + 1]).addcmul_(i[t], g[t])
            if peephole is not None:
                o[t].addcmul_(c[t + 1], p_o)
            o[t].sigmoid_()
            if cell_gain is None or cell_bias is None:
                torch.tanh(c[t + 1], out=s[t])
            else:
                norms.append(Norm(c[t + 1], H))
                torch.addcmul(cell_bias.unsqueeze(1), norms[t].normal, cell_gain.unsqueeze(1), out=s[t]).tanh_()
            torch.mul(o[t], s[t], out=h[t + 1])
        ctx.save_for_backward(hidden, cell, shown, gates, peephole, cell_gain)
        ctx.norms = norms
        states = (*gates.unbind(-2), cell[:, 1:])
        ctx.mark_non_differentiable(*states)
        return hidden[:, 1:], *states

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor, *_: Tensor) -> tuple[Tensor | None, ...]:
        """A gate's gradient is dL/dh_t (output gate) or dL/dc_t (the others) times a factor known before the loop."""
        hidden, cell, shown, gates, peephole, cell_gain = ctx.saved_tensors
        i, f, g, o = gates.unbind(-2)
        to_cell, to_o = through_tanh(o, shown), through_sigmoid(shown, o)
        to_ifg = torch.stack((through_sigmoid(g, i), through_sigmoid(cell[:, :-1], f), through_tanh(i, g)), -2)
        # dL/dh_t; one step more, as h has, so that h_0 receives its share like any other
        hidden_grads = nn.functional.pad(grad, (0, 0, 0, 0, 1, 0))
        grads = torch.empty_like(gates)
        d_h, d_a = hidden_grads.unbind(1), grads.flatten(3).unbind(1)
        d_ifg, d_if, d_o = grads[..., :3, :].unbind(1), grads[..., :2, :].unbind(1), grads[..., 3, :].unbind(1)
        factor_c, factor_o, factor_ifg, forget = (each.unbind(1) for each in (to_cell, to_o, to_ifg, f))
        d_c = torch.zeros_like(hidden[:, 0])
        if peephole is not None:
            p_if, p_o = peephole[:, None, :2], peephole[:, None, 2]
        ctx.product.start_backward()
        for t in reversed(range(len(d_a))):
            torch.mul(d_h[t + 1], factor_o[t], out=d_o[t])
            if cell_gain is None:
                d_c.addcmul_(d_h[t + 1], factor_c[t])
            else:
                d_norm = d_h[t + 1] * factor_c[t] * cell_gain.unsqueeze(1)
                d_c.add_(ctx.norms[t].backward(d_norm))
            if peephole is not None:
                d_c.addcmul_(d_o[t], p_o)
            torch.mul(d_c.unsqueeze(-2), factor_ifg[t], out=d_ifg[t])
            d_c.mul_(forget[t])
            if peephole is not None:
                d_c.add_((d_if[t] * p_if).sum(-2))
            ctx.product.backward(t, d_a[t], into=d_h[t])
        d_peephole = d_cell_gain = d_cell_bias = None
        if peephole is not None:
            seen = torch.stack((cell[:, :-1], cell[:, :-1], cell[:, 1:]), -2)
            d_peephole = (grads[..., (0, 1, 3), :] * seen).sum((1, 2))
        if cell_gain is not None:
            d_norms = hidden_grads[:, 1:] * to_cell
            d_cell_bias = d_norms.sum((1, 2))
            d_cell_gain = (d_norms * torch.stack([norm.normal for norm in ctx.norms], 1)).sum((1, 2))
        d_sum = grads.flatten(3)
        weight, gain = ctx.product.gradients(hidden[:, :-1], d_sum)
        return d_sum, weight, gain, None, d_peephole, d_cell_gain, d_cell_bias
