"""Words in order as bytes side by side: read in a moment, since none of them is made before it is asked for.

A list of 200,000 words takes longer to read than a sentence takes to tag.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from ner.features.lookup import find_sorted

_WORTH = 1 << 12  # questions, after which all words are cut out once


class PackedWords:
    """Words as UTF-8, found by halving: in this encoding, the order of bytes is that of code points.

    Whether they are in order is not looked at, which would take as long as reading them: of words that are not, some
    are not found.

    Args:
        content: the words, one after the other, uint8 [N].
        ends: where each of them ends, uint32 [W].

    Raises:
        ValueError: an end is before the one that stands before it, or the last is not that of the content.
    """

    def __init__(self, content: NDArray[np.uint8], ends: NDArray[np.uint32]) -> None:
        if (np.diff(ends.astype(np.int64), prepend=0) < 0).any() or int(ends[-1] if len(ends) else 0) != len(content):
            raise ValueError("the words do not end where they should")
        self.content, self.ends = content, ends
        self._bytes, self._places = content.tobytes(), memoryview(b"\0\0\0\0" + ends.tobytes()).cast("I")
        self._asked = 0
        self._cut: list[bytes] | None = None

    @classmethod
    def pack(cls, words: Iterable[str]) -> PackedWords:
        """From words in code point order."""
        encoded = list(map(_encode, words))
        ends = np.fromiter(accumulate(map(len, encoded)), np.uint32, len(encoded))
        return cls(np.frombuffer(b"".join(encoded), np.uint8), ends)

    def __len__(self) -> int:
        return len(self.ends)

    def __getitem__(self, position: int) -> bytes:
        """A word, by its number from 0."""
        return self._bytes[self._places[position] : self._places[position + 1]]

    def unpack(self) -> list[str]:
        """The words as texts."""
        return [self[number].decode(errors="surrogatepass") for number in range(len(self))]

    def find(self, word: str) -> int | None:
        """Where exactly this word stands, or None."""
        self._asked += 1
        if self._cut is None and self._asked > _WORTH:
            self._cut = list(map(self.__getitem__, range(len(self))))
        return find_sorted(self._cut or self, _encode(word), 0, len(self))


def _encode(word: str) -> bytes:
    """Of any word that Python can hold."""
    return word.encode(errors="surrogatepass")
