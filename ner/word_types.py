"""Vectors of word types, kept between batches: in running text nearly every word has been seen before."""

from __future__ import annotations

from threading import Lock

import numpy as np
import torch
from torch import Tensor

from ner.features.encoder import FeatureEncoder
from ner.model import SequenceTagger

_CHUNK = 4096


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
        self._lock = Lock()
        self._forget()

    def look_up(self, words: list[str]) -> tuple[Tensor, np.ndarray]:
        """A table of vectors [W, D], and the row of each word in it, int64 [len(words)]. Threads may share it."""
        with self._lock:
            if len(self._numbers) > self._limit or self._numbers.characters > self._characters:
                self._forget()
            try:
                rows = np.fromiter(map(self._numbers.__getitem__, words), dtype=np.int64, count=len(words))
                for start in range(self._known, len(self._numbers.words), _CHUNK):
                    self._append(self._numbers.words[start : start + _CHUNK])
            except BaseException:  # a number without a vector would spoil every call that follows
                self._forget()
                raise
            return self._table[: self._known], rows

    def _forget(self) -> None:
        self._numbers, self._known, self._table = _Numbers(), 0, torch.empty(0)

    def _append(self, words: list[str]) -> None:
        """Compute the vectors of words. Rows that were handed out stay as they are: others may be reading them."""
        device = self._model.project.weight.device
        types = self._encoder.encode(words)
        arrays = (types.words, types.chars, types.shapes, types.clusters)
        vectors = self._model.words(*(torch.from_numpy(array).to(device) for array in arrays))
        vectors = vectors.to(self._model.project.weight.dtype)
        stop = self._known + len(words)
        if stop > len(self._table):
            larger = vectors.new_empty(max(stop, 2 * len(self._table)), vectors.shape[1])
            if self._known:
                larger[: self._known] = self._table[: self._known]
            self._table = larger
        self._table[self._known : stop] = vectors
        self._known = stop


class _Numbers(dict[str, int]):
    """Numbers words as they come."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.characters = 0

    def __missing__(self, word: str) -> int:
        number = len(self.words)
        self.words.append(word)
        self.characters += len(word)
        self[word] = number
        return number
