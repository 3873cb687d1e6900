"""Vectors of word types, kept between batches: in running text nearly every word has been seen before."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ner.features.encoder import FeatureEncoder
from ner.model import SequenceTagger


class WordTypeCache:
    """Vectors of word types, computed once and kept while there is room.

    Args:
        model, encoder: make the vectors.
        limit: word types kept; once there are more, the cache starts anew before the next look-up.
        characters: that all of them may have together.
    """

    def __init__(
        self, model: SequenceTagger, encoder: FeatureEncoder, limit: int = 100_000, characters: int = 4_000_000
    ) -> None:
        self._model, self._encoder = model, encoder
        self._limit, self._characters = limit, characters
        self._numbers = _Numbers()
        self._table = torch.empty(0)

    def look_up(self, words: list[str]) -> tuple[Tensor, np.ndarray]:
        """A table of vectors [W, D], and the row of each word in it, int64 [len(words)]."""
        if len(self._numbers) > self._limit or self._numbers.characters > self._characters:
            self._numbers = _Numbers()
        known = len(self._numbers)
        rows = np.fromiter(map(self._numbers.__getitem__, words), dtype=np.int64, count=len(words))
        if len(self._numbers) > known:
            self._extend(known)
        return self._table, rows

    def _extend(self, known: int) -> None:
        fresh = self._numbers.words[known:]
        device = self._model.project.weight.device
        parts = [] if not known else [self._table[:known]]
        for start in range(0, len(fresh), 4096):
            types = self._encoder.encode(fresh[start : start + 4096])
            arrays = (types.words, types.chars, types.shapes, types.clusters)
            parts.append(self._model.words(*(torch.from_numpy(array).to(device) for array in arrays)))
        self._table = torch.cat(parts)


class _Numbers(dict[str, int]):
    """Numbers words as they come."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.characters = 0

    def __missing__(self, word: str) -> int:
        number = self[word] = len(self.words)
        self.words.append(word)
        self.characters += len(word)
        return number
