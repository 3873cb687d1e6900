"""Brown cluster paths of words (Brown et al. 1992) as features: prefixes of several lengths (Ratinov & Roth 2009)."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Sequence
from itertools import chain, islice
from operator import lt
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from ner.errors import DataError, ModelError
from ner.features.compressed import read_lines
from ner.features.lookup import Lookup, find_sorted
from ner.features.packed_words import PackedWords
from ner.features.vectors import MISSING, Vectors, combine
from ner.features.word_lists import read_words, write_words

UNKNOWN = 0
MOST = 32
"""Prefixes of a path that may be features: there is a number for each of every path, whoever wrote the file."""

_PATH = re.compile(r"[01]+")
_PREFIXES = re.compile(r"(?:[01]+ )*([01]+)")
_PACKED = {
    "words": ("uint8", 1),
    "ends": ("uint32", 1),
    "path_of_word": ("uint32", 1),
    "paths": ("uint8", 1),
    "prefixes": ("int64", 1),
}
_FORMS = (
    "A line is: word, tab, path; or word, tab, prefixes and path with blanks between; or path, tab, word, tab, count."
)


class Clusters:
    """Words, the paths of their clusters, and a number for each prefix of a path.

    A word is looked up as it is written, in lower case, with its digits set to 0, with both; number 0 stands for a
    word without a path. A path shorter than a prefix stands for itself.

    Args:
        words: distinct and in code point order; packed, they are only searched.
        paths: distinct texts of 0 and 1.
        path_of_word: for each word the position of its path.
        prefixes: lengths, in bits, of the P prefixes that are features, at most `MOST`.

    Raises:
        ValueError: the words are not in order, or a position, path or length is none; a path stands there twice, or
            there are too many prefixes.
    """

    def __init__(
        self,
        words: Sequence[str] | PackedWords,
        paths: Sequence[str],
        path_of_word: Sequence[int] | NDArray[np.integer],
        prefixes: Sequence[int],
    ) -> None:
        path_of_word = np.asarray(path_of_word, np.int64)
        if not isinstance(words, PackedWords) and not all(map(lt, words, islice(words, 1, None))):
            raise ValueError("the words are not distinct and in code point order")
        if not all(map(_PATH.fullmatch, paths)):
            raise ValueError("a path has anything but 0 and 1")
        if len(path_of_word) != len(words) or path_of_word.min(initial=0) < 0:
            raise ValueError("not every word has a path")
        if path_of_word.max(initial=-1) >= len(paths):
            raise ValueError("a word has a path that is not there")
        if len(set(paths)) < len(paths):
            raise ValueError("a path stands there twice")
        if min(prefixes, default=1) < 1:
            raise ValueError("a prefix has no bit")
        if len(prefixes) > MOST:
            raise ValueError(f"there are {len(prefixes)} prefixes, and {MOST} are the most")
        self.words, self.paths, self.path_of_word, self.prefixes = words, paths, path_of_word, prefixes
        self._lookup = Lookup(self._find, UNKNOWN)
        self._numbers = np.zeros((len(paths) + 1, len(prefixes)), np.int64)
        self.sizes: list[int] = []
        for column, length in enumerate(prefixes):
            number = {prefix: n for n, prefix in enumerate(sorted({path[:length] for path in paths}), UNKNOWN + 1)}
            self._numbers[1:, column] = [number[path[:length]] for path in paths]
            self.sizes.append(len(number) + 1)

    @classmethod
    def build(cls, path: str | Path, prefixes: Sequence[int]) -> Clusters:
        """Read a file of paths, plain or compressed; of a word that comes twice the first path counts.

        Three forms are known: word, tab, path; word, tab, several prefixes and the path with blanks between; and the
        output of the usual clustering programs, path, tab, word, tab, count.

        Args:
            path: of the file.
            prefixes: lengths in bits of the prefixes that become features.

        Raises:
            DataError: the file cannot be read, or a line is in none of the forms.
        """
        path_of: dict[str, str] = {}
        for word, bits in _read(path):
            path_of.setdefault(word, bits)
        if not path_of:
            raise DataError("the file holds no cluster paths.", path, remedy=_FORMS)
        words, paths = sorted(path_of), sorted(set(path_of.values()))
        position = {bits: number for number, bits in enumerate(paths)}
        return cls(words, paths, [position[path_of[word]] for word in words], prefixes)

    @classmethod
    def load(cls, path: Path) -> Clusters:
        """Read what `save` wrote.

        Raises:
            ModelError: the file is missing, cut short or holds no clusters.
        """
        head, *words = read_words(path) or [""]
        try:
            return cls(words, *_checked(json.loads(head)))
        except (ValueError, OverflowError, RecursionError) as error:
            raise ModelError(f"{path}: holds no clusters: {error}. Copy the model again.") from None

    def save(self, path: Path) -> None:
        """Write a line of JSON with ``paths``, ``path_of_word`` and ``prefixes``, then the words, a word a line."""
        head = {"paths": self.paths, "path_of_word": self.path_of_word.tolist(), "prefixes": self.prefixes}
        write_words(path, chain([json.dumps(head, separators=(",", ":"))], self._texts()))

    @classmethod
    def load_packed(cls, path: Path) -> Clusters:
        """Read what `save_packed` wrote.

        Raises:
            ModelError: the file is missing, cut short or holds no clusters.
        """
        try:
            found = load_file(path)
            if {name: (array.dtype.name, array.ndim) for name, array in found.items()} != _PACKED:
                raise ValueError("not the arrays that it should have")
            words = PackedWords(found["words"], found["ends"])
            paths = found["paths"].tobytes().decode("ascii").split()
            return cls(words, paths, found["path_of_word"], found["prefixes"].tolist())
        except (
            OSError,
            ValueError,
            SafetensorError,
            TypeError,
            AttributeError,
        ) as error:  # the last, of types unknown
            raise ModelError(f"{path}: holds no clusters: {error}. Copy the model again.") from None

    def save_packed(self, path: Path) -> None:
        """Write ``words`` side by side in UTF-8, their ``ends``, ``path_of_word``, ``paths`` and ``prefixes``."""
        words = self.words if isinstance(self.words, PackedWords) else PackedWords.pack(self.words)
        arrays: dict[str, NDArray[Any]] = {
            "words": words.content,
            "ends": words.ends,
            "path_of_word": self.path_of_word.astype(np.uint32),
            "paths": np.frombuffer(" ".join(self.paths).encode("ascii"), np.uint8),
            "prefixes": np.array(self.prefixes, np.int64),
        }
        path.write_bytes(save(arrays))

    def encode(self, words: Collection[str]) -> NDArray[np.int64]:
        """The numbers of the words' prefixes, [W, P], each below the prefix's ``sizes``."""
        return self._numbers[self._lookup.rows(words)]

    def means(self, vectors: Sequence[Vectors]) -> list[NDArray[np.float32]]:
        """For each prefix length the mean vectors of the words under each prefix, [size, D]; 0 without such words.

        Args:
            vectors: whose vectors are concatenated, D numbers together.
        """
        words = [word for word in self._texts() if any(part.lookup(word) != MISSING for part in vectors)]
        matrix, _ = combine(vectors, words)
        found = []
        for numbers, size in zip(self.encode(words).T, self.sizes, strict=True):
            means = np.zeros((size, matrix.shape[1]), np.float32)
            np.add.at(means, numbers, matrix)
            means /= np.maximum(np.bincount(numbers, minlength=size), 1)[:, None]
            found.append(means)
        return found

    def _texts(self) -> Sequence[str]:
        return self.words.unpack() if isinstance(self.words, PackedWords) else self.words

    def _find(self, word: str) -> int | None:
        known = self.words
        position = known.find(word) if isinstance(known, PackedWords) else find_sorted(known, word, 0, len(known))
        return None if position is None else int(self.path_of_word[position]) + 1


def _read(path: str | Path) -> Iterator[tuple[str, str]]:
    """Words and their whole paths."""
    for number, line in enumerate(read_lines(path), 1):
        columns = line.split("\t")
        if len(columns) == 2 and (match := _PREFIXES.fullmatch(columns[1])):
            yield columns[0], match[1]
        elif len(columns) == 3 and _PATH.fullmatch(columns[0]) and columns[2].isdecimal():
            yield columns[1], columns[0]
        elif line:
            raise DataError(f"expected a word and its cluster path, found {line[:60]!r}.", path, number, _FORMS)


def _checked(head: Any) -> tuple[list[str], list[int], list[int]]:
    """The parts of a saved head, if they are of the types that they should be."""
    parts = []
    for name, kind in (("paths", str), ("path_of_word", int), ("prefixes", int)):
        part = head.get(name) if isinstance(head, dict) else None
        if not isinstance(part, list) or not set(map(type, part)) <= {kind}:
            raise ValueError(f"{name} is no list of {kind.__name__}")
        parts.append(part)
    paths, path_of_word, prefixes = parts
    return paths, path_of_word, prefixes
