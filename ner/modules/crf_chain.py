"""The scores of a batch of linear chains, and what can be done to them before anything is summed."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import NamedTuple

import torch
from torch import Tensor

from ner.modules.crf_constraints import Masks


def full_precision(device: torch.device) -> AbstractContextManager[None]:
    """Without autocast: sums over all paths need the digits."""
    if torch.is_autocast_enabled(device.type):
        return torch.autocast(device.type, enabled=False)
    return nullcontext()


class Chain(NamedTuple):
    """The scores of a batch of sentences, all of one floating dtype and device.

    What is forbidden has the score ``-inf``. Emissions at padding may be anything.
    """

    emissions: Tensor  # [B, T, K]
    start: Tensor  # [K]
    transitions: Tensor  # [K, K], from row to column
    end: Tensor  # [K]
    lengths: Tensor  # [B], long, on the device of the scores

    def change(self, of_scores: Callable[[Tensor], Tensor]) -> Chain:
        """The chain with all of its scores changed in the same way."""
        emissions, start, transitions, end, lengths = self
        return Chain(of_scores(emissions), of_scores(start), of_scores(transitions), of_scores(end), lengths)

    def forbid(self, masks: Masks) -> Chain:
        """The chain without what the masks forbid, in any sentence."""
        never = float("-inf")
        return self._replace(
            start=self.start.masked_fill(masks.start, never),
            transitions=self.transitions.masked_fill(masks.transitions, never),
            end=self.end.masked_fill(masks.end, never),
        )

    def allow(self, tags: Tensor) -> Chain:
        """The chain with no other tags than these, bool [B, T, K], at each token."""
        return self._replace(emissions=self.emissions.masked_fill(~tags, float("-inf")))

    def sentences(self, rows: Tensor) -> Chain:
        """The chain of some sentences, by their places in the batch."""
        return self._replace(emissions=self.emissions[rows], lengths=self.lengths[rows])

    def outside(self) -> Tensor:
        """[T + 2, B] bool: position, from -1 to T, is no token of sentence b."""
        T = self.emissions.shape[1]
        positions = torch.arange(-1, T + 1, device=self.lengths.device)
        positions[0] = T  # as far outside as the other end
        return positions[:, None] >= self.lengths

    def by_time(self) -> Tensor:
        """The emissions as [T, K, B], contiguous: with sentences innermost, vectors are long even if tags are few."""
        B, T, K = self.emissions.shape
        return self.emissions.reshape(B, T * K).t().contiguous().view(T, K, B)
