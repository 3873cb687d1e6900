"""Token lists cut into batches of like length, and what a network says of one: whatever the network runs on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ner.features.stretches import places, stretches

_ROWS = 16
"""Batches have a multiple of so many sentences, where they have more: oneDNN's bf16 LSTM cuts the batch into equal
blocks, and of 163 sentences, which is prime, it takes four times as long as of 160."""


@dataclass(frozen=True, slots=True)
class Emitted:
    """What the network says of B sentences, before anything is decided.

    Attributes:
        sentences: their numbers, int64 [B].
        position: of each token among all tokens, int64 [B, T]; 0 at padding.
        mask: where there is a token, bool [B, T].
        emissions: [B, T, K], a tensor or an array, by what the network runs on.
        lengths: int64 [B], of the same kind and on the same device.
    """

    sentences: np.ndarray
    position: np.ndarray
    mask: np.ndarray
    emissions: Any
    lengths: Any


class Place(NamedTuple):
    """Where the tokens of B sentences stand among those of all.

    Attributes:
        mask, position: of the sentences' own tokens; see `Emitted`.
        read: position of each token that is read, int64 [B, R].
        lengths: own tokens of each sentence, int64 [B].
        around: tokens that are read before the sentence, and in all, int64 [B, 2]; None where it is read alone.
    """

    mask: np.ndarray
    position: np.ndarray
    read: np.ndarray
    lengths: np.ndarray
    around: np.ndarray | None


class Batching:
    """Which sentences are computed together, and which tokens are read for them.

    Args:
        sentences: their tokens.
        documents: as of `ner.corpus.beside.Beside`.
        reach: tokens around a sentence that are read with it.
    """

    def __init__(self, sentences: Sequence[list[str]], documents: Sequence[int] | None, reach: int) -> None:
        self._lengths = np.fromiter(map(len, sentences), dtype=np.int64, count=len(sentences))
        self._starts = np.cumsum(self._lengths) - self._lengths
        self._read = stretches(self._lengths, documents, reach)
        self._alone = self._read.sizes is self._lengths

    def place(self, chosen: np.ndarray) -> Place:
        """Where the tokens of some sentences stand, by their numbers."""
        lengths, starts = self._lengths[chosen], self._starts[chosen]
        mask, position = places(starts, lengths)
        if self._alone:
            return Place(mask, position, position, lengths, None)
        first, sizes = self._read.first[chosen], self._read.sizes[chosen]
        _, read = places(first, sizes)
        return Place(mask, position, read, lengths, np.stack([starts - first, sizes], axis=1))

    def batches(self, budget: int) -> Iterator[np.ndarray]:
        """Numbers of the sentences that are not empty, shortest first, in groups of at most so many tokens, padding
        and what is read around them included; a longer sentence stands alone.
        """
        lengths = self._read.sizes
        order = np.argsort(lengths, kind="stable")
        first = int(np.searchsorted(lengths[order], 1))
        while first < len(order):
            ahead = lengths[order[first : first + budget]]
            size = max(1, int(np.searchsorted(ahead * np.arange(1, len(ahead) + 1), budget, side="right")))
            if size > _ROWS:
                size -= size % _ROWS
            yield order[first : first + size]
            first += size
