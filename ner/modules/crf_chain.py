r"""The scores of linear chains, and the form in which they are summed.

A path :math:`y` of a sentence of :math:`n` tokens has the score

.. math:: s(y) = a_{y_1} + \sum_{t=1}^n u_t(y_t) + \sum_{t=2}^n A_{y_{t-1} y_t} + b_{y_n}

with start scores :math:`a`, emissions :math:`u`, transitions :math:`A` and end scores :math:`b`. To have nothing
special at either end, every sentence of a batch fills T + 2 positions, -1 to T, and there is one more tag, number K:
*outside*, the only one before its first token and after its last. Start and end scores are then transitions from and
to this tag, padding is like any other position, and an empty sentence has one path, of score 0.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import pad


def full_precision(device: torch.device) -> AbstractContextManager[None]:
    """Without autocast: sums over all paths need the digits."""
    if torch.is_autocast_enabled(device.type):
        return torch.autocast(device.type, enabled=False)
    return nullcontext()


def join_edges(start: Tensor, transitions: Tensor, end: Tensor) -> Tensor:
    """All transitions, [K + 1, K + 1] from row to column, the last of both for the outside; 0 between the two."""
    return torch.cat((torch.cat((transitions, start[None])), pad(end, (0, 1))[:, None]), 1)


class Chain(NamedTuple):
    """The scores of a batch of sentences, of one floating dtype and device. What is forbidden scores ``-inf``."""

    emissions: Tensor  # [B, T, K]; anything at padding
    edges: Tensor  # [K + 1, K + 1] of `join_edges`
    lengths: Tensor  # [B] long

    def change(self, of_scores: Callable[[Tensor], Tensor]) -> Chain:
        """The chain with all of its scores changed in the same way."""
        return Chain(of_scores(self.emissions), of_scores(self.edges), self.lengths)

    def forbid(self, edges: Tensor) -> Chain:
        """The chain without the edges that a mask, bool [K + 1, K + 1], has."""
        return self._replace(edges=self.edges.masked_fill(edges, float("-inf")))

    def allow(self, tags: Tensor) -> Chain:
        """The chain with no other tags than these, bool [B, T, K], at each token."""
        return self._replace(emissions=self.emissions.masked_fill(~tags, float("-inf")))

    def sentences(self, rows: Tensor) -> Chain:
        """The chain of some sentences, by their places in the batch."""
        return self._replace(emissions=self.emissions[rows], lengths=self.lengths[rows])

    def outside(self) -> Tensor:
        """[T + 2, B] bool: position, from -1 to T, is no token of sentence b."""
        T = self.emissions.shape[1]
        # Position -1 counts as T, which is outside of all.
        positions = torch.arange(-1, T + 1, device=self.lengths.device) % (T + 1)
        return positions[:, None] >= self.lengths

    def by_time(self) -> Tensor:
        """A copy of the emissions as [T, K, B]: with sentences innermost, vectors are long even if tags are few."""
        B, T, K = self.emissions.shape
        return self.emissions.reshape(B, T * K).t().clone(memory_format=torch.contiguous_format).view(T, K, B)


def enclose(emissions: Tensor, outside: Tensor, never: float) -> Tensor:
    """Emissions [T, K, B] as [T + 2, K + 1, B], at all positions and of all tags; ``never`` where a tag cannot be."""
    enclosed = pad(emissions, (0, 0, 0, 1, 1, 1), value=never).masked_fill_(outside[:, None], never)
    enclosed[:, -1].masked_fill_(outside, 0.0)
    return enclosed
