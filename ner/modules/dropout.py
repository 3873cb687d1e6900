"""Dropout, plain and variational: which values of a sequence are dropped together."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class VariationalDropout(nn.Module):
    """One mask a sentence, the same at every token (Gal & Ghahramani 2016; "locked" dropout).

    A feature that is dropped is gone from the whole sentence, so that the noise does not drown what a recurrent
    network carries from token to token. Kept values are scaled by 1 / (1 - p); nothing happens in evaluation mode.

    Args:
        p: the chance of a feature to be dropped, 0 <= p < 1.

    Raises:
        ValueError: p is no such number.
    """

    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        self.p = check_probability(p)

    def forward(self, x: Tensor) -> Tensor:
        """``x`` ``[B, T, D]`` times a mask ``[B, 1, D]``."""
        if not self.training or self.p == 0:
            return x
        return x * dropout_mask((x.shape[0], 1, x.shape[2]), self.p, x)

    def extra_repr(self) -> str:
        """The probability, as ``print(module)`` shows it."""
        return f"p={self.p}"


def check_probability(p: float) -> float:
    """``p`` itself, if it can be the probability of a dropout.

    Raises:
        ValueError: it cannot.
    """
    if not 0 <= p < 1:
        raise ValueError(f"expected a dropout probability of 0 or more and less than 1, got {p}")
    return p


def dropout_mask(shape: tuple[int, ...], p: float, like: Tensor) -> Tensor:
    """A tensor of ``shape``, of type and device of ``like``: 0 with probability ``p``, otherwise 1 / (1 - p)."""
    return torch.empty(shape, dtype=like.dtype, device=like.device).bernoulli_(1 - p).div_(1 - p)


def make_dropout(p: float, variational: bool) -> nn.Module:
    """The dropout that a configuration asks for: :class:`VariationalDropout`, or every value by itself.

    Raises:
        ValueError: ``p`` is no probability less than 1.
    """
    return VariationalDropout(p) if variational else nn.Dropout(check_probability(p))
