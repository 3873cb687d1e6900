"""Dropout, plain, variational and of groups: which values of a sequence are dropped together."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

DRAWS = 2**16  # what two random bytes can be: a probability is held to the nearest 1 / DRAWS


class Dropout(nn.Module):
    """Every value is dropped by itself with probability p, the rest scaled by 1 / (1 - p) (Srivastava et al. 2014).

    ``nn.Dropout`` with a cheaper generator on the CPU, where drawing the mask would take as long as the character
    CNN: see :func:`dropout_mask`. Nothing happens in evaluation mode.

    Args:
        p: the chance of a value to be dropped, 0 <= p < 1.

    Raises:
        ValueError: p is no such number.
    """

    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        if not 0 <= p < 1:
            raise ValueError(f"expected a dropout probability of 0 or more and less than 1, got {p}")
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        """``x``, of any shape, with values dropped."""
        if not self.training or self.p == 0:
            return x
        if x.device.type != "cpu":
            return functional.dropout(x, self.p)
        return x * dropout_mask(x.shape, self.p, x)

    def extra_repr(self) -> str:
        """The probability, as ``print(module)`` shows it."""
        return f"p={self.p}"


class VariationalDropout(Dropout):
    """One mask a sentence, the same at every token (Gal & Ghahramani 2016; "locked" dropout).

    A feature that is dropped is gone from the whole sentence, so that the noise does not drown what a recurrent
    network carries from token to token. Arguments and errors as for :class:`Dropout`.
    """

    def forward(self, x: Tensor) -> Tensor:
        """``x`` ``[B, T, D]`` times a mask ``[B, 1, D]``."""
        if not self.training or self.p == 0:
            return x
        return x * dropout_mask((x.shape[0], 1, x.shape[2]), self.p, x)


class GroupDropout(nn.Module):
    """Drops whole groups of a token's features, so that none of them can be relied on alone.

    The groups lie side by side. Each is 0 with probability p, or scaled by 1 / (1 - p): at every token by itself, or,
    if variational, at all tokens of a sentence. Nothing happens in evaluation mode.

    Args:
        p: the chance of a group to be dropped, 0 <= p < 1.
        sizes: of the groups, D in all.
        variational: one draw a sentence.

    Raises:
        ValueError: p is no such number.
    """

    def __init__(self, p: float, sizes: Sequence[int], variational: bool = False) -> None:
        super().__init__()
        if not 0 <= p < 1:
            raise ValueError(f"expected a dropout probability of 0 or more and less than 1, got {p}")
        self.p = p
        self.sizes = tuple(sizes)
        self.variational = variational

    def forward(self, x: Tensor) -> Tensor:
        """``x`` ``[B, T, D]`` without some of its groups."""
        if not self.training or self.p == 0:
            return x
        kept = dropout_mask((x.shape[0], 1 if self.variational else x.shape[1], len(self.sizes)), self.p, x)
        return x * kept.repeat_interleave(torch.tensor(self.sizes, device=x.device), dim=2)

    def extra_repr(self) -> str:
        """The probability and the sizes, as ``print(module)`` shows them."""
        return f"p={self.p}, sizes={self.sizes}"


def dropout_mask(shape: tuple[int, ...], p: float, like: Tensor) -> Tensor:
    """A tensor of ``shape``, of type and device of ``like``: 0 with probability ``p``, otherwise 1 / (1 - p).

    Each element is decided by two random bytes, so that one draw of torch's generator, of 64 bits, serves four:
    a third of the time of ``bernoulli_``, which draws for each.
    """
    dropped = min(round(p * DRAWS), DRAWS - 1)
    mask = torch.empty(shape, dtype=like.dtype, device=like.device)
    size = mask.numel()
    draws = torch.empty((size + 3) // 4, dtype=torch.int64, device=like.device).random_(-(2**63), None)
    kept = draws.view(torch.int16)[:size].view(shape) >= dropped - DRAWS // 2
    return mask.copy_(kept).mul_(DRAWS / (DRAWS - dropped))


def make_dropout(p: float, variational: bool) -> Dropout:
    """The dropout that a configuration asks for: :class:`VariationalDropout`, or every value by itself.

    Raises:
        ValueError: ``p`` is no probability less than 1.
    """
    return VariationalDropout(p) if variational else Dropout(p)
