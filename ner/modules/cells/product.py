"""The product with the state, U h_{t-1}: the one thing that every cell does at every step."""

from __future__ import annotations

import torch
from torch import Tensor

NORM_EPSILON = 1e-5


class Norm:
    """Layer norm, without gain and bias, of each block of ``size`` values, and its gradient.

    Args:
        values: ``[..., g * size]``.
        size: H.

    Attributes:
        normal: the values, each block with mean 0 and variance 1.
    """

    def __init__(self, values: Tensor, size: int) -> None:
        self.values, self.size = values.unflatten(-1, (-1, size)), size
        normal, self.mean, self.rstd = torch.native_layer_norm(self.values, [size], None, None, NORM_EPSILON)
        self.normal = normal.flatten(-2)

    def backward(self, grad: Tensor) -> Tensor:
        """The gradient of the values, given that of :attr:`normal`."""
        values_grad: Tensor = torch.ops.aten.native_layer_norm_backward(
            grad.view_as(self.values),
            self.values,
            [self.size],
            self.mean,
            self.rstd,
            None,
            None,
            [True, False, False],
        )[0]
        return values_grad.flatten(-2)


# One pass each over a whole sequence, where the formula written out takes three and as many temporary tensors.
through_sigmoid = torch.ops.aten.sigmoid_backward
"""``(grad, y)`` to grad * y (1 - y): from the gradient of y = sigma(a) to that of a."""
through_tanh = torch.ops.aten.tanh_backward
"""``(grad, y)`` to grad * (1 - y^2): from the gradient of y = tanh(a) to that of a."""


class RecurrentProduct:
    """U h_{t-1} of every step, with recurrent dropout and layer norm, and the gradients that come back through it.

    The loop forward calls :meth:`forward` for t = 0 ... T-1, the loop backward :meth:`backward` for t = T-1 ... 0,
    and then :meth:`gradients` once: the gradient of U is one product over the whole sequence, not a sum of T small
    ones.

    Args:
        weight: U of the N directions, ``[N, H, G]``.
        gain: gains of the layer norm, ``[N, G]``; None for no norm.
        mask: what h_{t-1} is multiplied by, ``[N, B, H]``; None for no dropout.
    """

    def __init__(self, weight: Tensor, gain: Tensor | None, mask: Tensor | None) -> None:
        self.weight, self.mask = weight, mask
        self.gain = None if gain is None else gain.unsqueeze(1)
        self.norms: list[Norm] = []

    def forward(self, addend: Tensor, hidden: Tensor, out: Tensor) -> Tensor:
        """``out`` = ``addend`` + U h, for h ``[N, B, H]`` and the two others ``[N, B, G]``."""
        if self.mask is not None:
            hidden = hidden * self.mask
        if self.gain is None:
            return torch.baddbmm(addend, hidden, self.weight, out=out)
        self.norms.append(Norm(torch.bmm(hidden, self.weight), hidden.shape[-1]))
        return torch.addcmul(addend, self.norms[-1].normal, self.gain, out=out)

    def start_backward(self) -> None:
        """Lay U out for products from the other side; twice as fast as leaving that to each step."""
        self.back_weight = self.weight.transpose(1, 2).contiguous()  # [N, G, H]
        self.raw_grads: list[Tensor] = []

    def backward(self, t: int, grad: Tensor, into: Tensor) -> None:
        """Add what comes through U to ``into``, dL/dh_{t-1} ``[N, B, H]``, given that of the sum, ``[N, B, G]``."""
        if self.gain is not None:
            grad = self.norms[t].backward(grad * self.gain)
            self.raw_grads.append(grad)
        if self.mask is None:
            into.baddbmm_(grad, self.back_weight)
        else:
            into.addcmul_(torch.bmm(grad, self.back_weight), self.mask)

    def gradients(self, hidden: Tensor, grads: Tensor) -> tuple[Tensor, Tensor | None]:
        """The gradients of U ``[N, H, G]`` and the gains ``[N, G]``, from all h_{t-1} and those of all sums."""
        if self.mask is not None:
            hidden = hidden * self.mask.unsqueeze(1)
        gain = None
        if self.gain is not None:
            gain = (grads * torch.stack([norm.normal for norm in self.norms], 1)).sum((1, 2))
            grads = torch.stack(self.raw_grads[::-1], 1)
        return torch.bmm(hidden.flatten(1, 2).transpose(1, 2), grads.flatten(1, 2)), gain
