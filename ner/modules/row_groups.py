"""A padded batch in groups of a few sentences, each a scan as long as its longest sentence.

On a CPU an LSTM takes no longer a token for 16 sentences than for 160, and among 160, though they were sorted by
length, an eighth of the places is padding. Lengths of groups are rounded up a little, and numbers of sentences to a
power of two: oneDNN compiles and keeps a kernel for every shape, of which there are then a few dozen, however many
batches there are.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

GROUP = 16


class RowGroups:
    """Where each token of a batch stands in the scans of the groups, one after the other, and the way back.

    Args:
        lengths: tokens a sentence, int64 [B]; best in order.
        steps: T.
        directions: 1 (left to right) or 2 (and right to left), each sentence reversed inside its length.
    """

    def __init__(self, lengths: np.ndarray, steps: int, directions: int) -> None:
        B, T = len(lengths), steps
        starts = np.arange(0, B, GROUP)
        rows = _power_of_two(np.minimum(GROUP, B - starts))
        longest = _rounded(np.maximum(np.maximum.reduceat(lengths, starts), 1))
        self._shapes = list(zip(longest.tolist(), rows.tolist(), strict=True))
        sizes = longest * rows
        group, row = np.divmod(np.arange(B), GROUP)
        first, step = (np.cumsum(sizes) - sizes)[group] + row, rows[group]
        times = np.arange(T)
        inside = times < lengths[:, None]  # [B, T]
        tokens = np.flatnonzero(inside)
        self._padding = torch.from_numpy(np.flatnonzero(~inside))
        self._steps, self._sentences = T, B
        self._places, self._rows = [], []
        for read in (times, lengths[:, None] - 1 - times)[:directions]:
            places = np.where(inside, first[:, None] + read * step[:, None], 0).ravel()
            order = np.zeros(sizes.sum(), np.int64)  # padding reads whatever: it comes last and is read by no token
            order[places[tokens]] = tokens
            self._places.append(torch.from_numpy(places))
            self._rows.append(torch.from_numpy(order))

    def to_scans(self, batch: Tensor) -> list[list[Tensor]]:
        """``[B, T, D]`` as ``[steps, sentences, D]`` of each group, for each direction."""
        flat = batch.reshape(-1, batch.shape[2])
        sizes = [steps * rows for steps, rows in self._shapes]
        return [
            [part.view(*shape, -1) for part, shape in zip(scan.split(sizes), self._shapes, strict=True)]
            for scan in (flat.index_select(0, rows) for rows in self._rows)
        ]

    def to_tokens(self, scans: Sequence[Sequence[Tensor]]) -> Tensor:
        """``[steps, sentences, H]`` of each group, for each direction, as ``[B, T, N * H]``, zero at padding."""
        sides = [
            torch.cat([part.flatten(0, 1) for part in scan]).index_select(0, places)
            for scan, places in zip(scans, self._places, strict=True)
        ]
        tokens = torch.cat(sides, 1).index_fill_(0, self._padding, 0)
        return tokens.view(self._sentences, self._steps, -1)


def _power_of_two(numbers: np.ndarray) -> np.ndarray:
    """The least that is not smaller, of numbers up to `GROUP`."""
    return 2 ** np.ceil(np.log2(numbers)).astype(np.int64)


def _rounded(lengths: np.ndarray) -> np.ndarray:
    """Up to a multiple of 2 beyond 16, of 4 beyond 32, and so on: by less than an eighth."""
    unit = 2 ** np.maximum(np.ceil(np.log2(np.maximum(lengths, 1))).astype(np.int64) - 4, 0)
    return -(-lengths // unit) * unit
