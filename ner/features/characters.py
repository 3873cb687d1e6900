"""Characters of words as numbers, for the character CNN."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ner.errors import ModelError
from ner.features.word_lists import read_words, write_words

PADDING, UNKNOWN = 0, 1
_FIRST = 2


class CharacterVocabulary:
    """Characters and their numbers: 0 is padding, 1 the unknown character, ``characters[i]`` is ``i + 2``.

    Args:
        characters: distinct Unicode code points.

    Raises:
        ValueError: one of them is no single character, or occurs twice.
    """

    def __init__(self, characters: Sequence[str]) -> None:
        if any(len(character) != 1 for character in characters) or len(set(characters)) != len(characters):
            raise ValueError("the characters must be single and distinct")
        self.characters = characters
        codes = np.fromiter(map(ord, characters), np.int64, len(characters))
        # One entry beyond the last known code point stands for all that follow.
        self._numbers = np.full(codes.max(initial=0) + 2, UNKNOWN, np.int32)
        self._numbers[codes] = np.arange(_FIRST, _FIRST + len(characters))

    @classmethod
    def build(cls, words: Iterable[str]) -> CharacterVocabulary:
        """The characters of the training words, in code point order."""
        return cls(sorted(set(chain.from_iterable(words))))

    @classmethod
    def load(cls, path: Path) -> CharacterVocabulary:
        """Read what `save` wrote.

        Raises:
            ModelError: the file is missing, cut short or no list of characters.
        """
        try:
            return cls(read_words(path))
        except ValueError as error:
            raise ModelError(f"{path}: {error}") from None

    def save(self, path: Path) -> None:
        """Write the characters as text, a character a line."""
        write_words(path, self.characters)

    def __len__(self) -> int:
        """How many numbers there are, with padding and the unknown character."""
        return len(self.characters) + _FIRST

    def encode(self, words: Sequence[str], max_length: int) -> NDArray[np.int64]:
        """The characters of words, padded behind to the longest of them.

        Args:
            words: W of them.
            max_length: a longer word is represented by its first half and last half of so many characters; an odd one
                goes to the first half.

        Returns:
            Numbers, [W, C] with 1 <= C <= ``max_length``.
        """
        lengths = np.fromiter(map(len, words), np.int64, len(words))
        if lengths.max(initial=0) > max_length:
            tail = max_length // 2
            head = max_length - tail
            words = [word if len(word) <= max_length else word[:head] + word[len(word) - tail :] for word in words]
            np.minimum(lengths, max_length, out=lengths)
        codes = np.frombuffer("".join(words).encode("utf-32-le", "surrogatepass"), "<u4")
        encoded = np.full((len(words), lengths.max(initial=1)), PADDING, np.int64)
        held = np.arange(encoded.shape[1]) < lengths[:, None]
        encoded[held] = self._numbers[np.minimum(codes, len(self._numbers) - 1)]
        return encoded
