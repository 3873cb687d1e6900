"""The words that have a row of their own in the embedding table, and that table's first values."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import chain, islice
from operator import lt
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ner.errors import ModelError
from ner.features.lookup import Lookup, find_sorted, spellings
from ner.features.vectors import MISSING, Vectors, combine
from ner.features.word_lists import read_words, write_words

UNKNOWN = 0


class Vocabulary:
    """Words and their rows: row 0 is the unknown word, word ``words[i]`` has row ``i + 1``.

    A word is looked up as it is written, in lower case, with its digits set to 0, with both, and is the unknown word
    if none of these is there. No row is kept for padding, since batches number distinct words.

    The rows that training changes come first, so that an optimizer need not look at the others.

    Args:
        words: without repeats; in code point order up to the last one trained, and again from there on, which spares
            an index.
        trained: the first so many rows, the unknown word's included, are changed by training.

    Raises:
        ValueError: the words are not in order, or ``trained`` does not fit them.
    """

    def __init__(self, words: Sequence[str], trained: int) -> None:
        if not 1 <= trained <= len(words) + 1:
            raise ValueError(f"{trained} trained rows do not fit {len(words)} words")
        self._parts = [(0, trained - 1), (trained - 1, len(words))]
        for start, stop in self._parts:
            if not all(map(lt, islice(words, start, stop), islice(words, start + 1, stop))):
                raise ValueError("the words are not distinct and in code point order")
        self.words, self.trained = words, trained
        self._lookup = Lookup(self._find, UNKNOWN)

    @classmethod
    def build(
        cls,
        counts: Mapping[str, int],
        vectors: Sequence[Vectors] = (),
        min_count: int = 1,
        fine_tune: bool = True,
    ) -> Vocabulary:
        """The vocabulary of a training corpus and the vector files; nothing from dev or test belongs in here.

        All words of the vector files are kept, so that a word first seen when tagging finds its vector.

        Args:
            counts: how often each word occurs in training.
            vectors: whose words are taken.
            min_count: training words rarer than this and without a vector of their own get no row.
            fine_tune: training changes every row that a training word is looked up in; if not, only the rows of
                training words without a vector under any spelling.
        """
        with_vector = set(chain.from_iterable(part.words for part in vectors))
        known = with_vector.union(word for word, count in counts.items() if count >= min_count)
        # A training word without a row of its own trains the one that its lookup ends at.
        reached = {next(filter(known.__contains__, spellings(word)), None) for word in counts} - {None}
        novel = {word for word in known - with_vector if all(part.lookup(word) == MISSING for part in vectors)}
        trained = known.intersection(reached) if fine_tune else novel
        return cls([*sorted(trained), *sorted(known - trained)], len(trained) + 1)

    @classmethod
    def load(cls, path: Path, trained: int) -> Vocabulary:
        """Read what `save` wrote.

        Raises:
            ModelError: the file is missing, cut short or no vocabulary with so many trained rows.
        """
        try:
            return cls(read_words(path), trained)
        except ValueError as error:
            raise ModelError(f"{path}: {error}. Copy the model again.") from None

    def save(self, path: Path) -> None:
        """Write the words as text: the row of a word is the number of its line."""
        write_words(path, self.words)

    def __len__(self) -> int:
        """The number of rows, the unknown word's included."""
        return len(self.words) + 1

    def lookup(self, word: str) -> int:
        """The row of a word."""
        return self._lookup[word]

    def encode(self, words: Collection[str]) -> NDArray[np.int64]:
        """The rows of words, [W]."""
        return self._lookup.rows(words)

    def _find(self, word: str) -> int | None:
        for start, stop in self._parts:
            position = find_sorted(self.words, word, start, stop)
            if position is not None:
                return position + 1
        return None


def initial_matrix(
    vocabulary: Vocabulary, vectors: Sequence[Vectors], dim: int, rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """The embedding table before training.

    A word with a vector, be it under a fallback spelling, starts from it; where several files are concatenated and
    one lacks the word, that part is 0. All others, the unknown word too, are drawn from U(-sqrt(3/D), sqrt(3/D)) (Ma
    & Hovy 2016, section 3.1).

    Args:
        vocabulary: of V rows.
        vectors: whose vectors are concatenated, D numbers together.
        dim: D where there are no vectors.
        rng: the source of the random rows.

    Returns:
        The table, [V, D], and which of its rows come from the vectors, [V].
    """
    dim = sum(part.dim for part in vectors) or dim
    matrix = np.empty((len(vocabulary), dim), np.float32)
    pretrained = np.zeros(len(vocabulary), np.bool_)
    if vectors:
        _, pretrained[1:] = combine(vectors, vocabulary.words, out=matrix[1:])
    bound = np.sqrt(3 / dim)
    matrix[~pretrained] = rng.uniform(-bound, bound, (np.count_nonzero(~pretrained), dim))
    return matrix, pretrained
