"""From a word to its row, with the fallback that every word-level feature shares.

A word that is not found as it is written is tried in lower case, then with its digits set to 0, then with both
(Reimers & Gurevych 2017, and the vector files of Collobert et al. 2011 ask for the digits).
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterator
from typing import AnyStr, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

Item = TypeVar("Item", covariant=True)

_DIGIT = re.compile(r"\d")  # of any script, as in the preprocessing of the vectors
_REMEMBERED = 1 << 16  # words
_LONGEST = 64  # characters of a word worth remembering


def spellings(word: str) -> Iterator[str]:
    """The word as it is, in lower case, with 0 for each decimal digit, with both; without repeats."""
    yield word
    lower = word.lower()
    if lower != word:
        yield lower
    zeros = _DIGIT.sub("0", word)
    if zeros != word:
        yield zeros
        if lower != word:
            yield _DIGIT.sub("0", lower)


class Lookup(dict[str, int]):
    """``lookup[word]`` is the row of the word's first known spelling; the dictionary itself is a bounded memory.

    It forgets everything when it is full, and never keeps a word of more than 64 characters, so that a stream
    without end runs in bounded memory. What it remembers never changes an answer; threads may share it.

    Args:
        find: the row of exactly this word, or None.
        unknown: the row of a word of which no spelling is found.
    """

    def __init__(self, find: Callable[[str], int | None], unknown: int) -> None:
        super().__init__()
        self._find, self._unknown = find, unknown

    def __missing__(self, word: str) -> int:
        row = self._unknown
        for spelling in spellings(word):
            found = self._find(spelling)
            if found is not None:
                row = found
                break
        if len(word) <= _LONGEST:
            if len(self) >= _REMEMBERED:
                self.clear()
            self[word] = row
        return row

    def rows(self, words: Collection[str]) -> NDArray[np.int64]:
        """The rows of words, [W]."""
        return np.fromiter(map(self.__getitem__, words), np.int64, len(words))


class Ordered(Protocol[Item]):
    """What can be searched by halving."""

    def __len__(self) -> int: ...

    def __getitem__(self, position: int, /) -> Item: ...


def find_sorted(words: Ordered[AnyStr], word: AnyStr, start: int, stop: int) -> int | None:
    """Where a word stands in ``words[start:stop]``, which is in code point order; None where it does not.

    A model's lists are kept in this order because it spares the index: a dictionary of 400,000 words takes longer to
    build than the words take to read, and a sentence needs only a few of them.
    """
    position = bisect_left(words, word, start, stop)
    return position if position < stop and words[position] == word else None
