"""Pretrained word vectors, parsed once and then memory-mapped."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ner.errors import DataError
from ner.features.compressed import locate
from ner.features.lookup import Lookup
from ner.features.vector_cache import CacheEntry, Contents
from ner.features.vector_files import read_blocks

MISSING = -1


@dataclass(frozen=True, eq=False)
class Vectors:
    """The vectors of a file.

    Attributes:
        words: N distinct words, in the order of the file.
        matrix: their vectors, [N, D], read-only and perhaps still on disk.
        path: the file, as the user named it.
        sha256: of the file's bytes as they are on disk.
        duplicates: how many rows were left out because their word had come before.
    """

    words: list[str]
    matrix: NDArray[np.float32]
    path: str
    sha256: str
    duplicates: int = 0

    @property
    def dim(self) -> int:
        """D, the size of a vector."""
        return self.matrix.shape[1]

    @cached_property
    def _lookup(self) -> Lookup:
        return Lookup(dict(zip(self.words, range(len(self.words)), strict=True)).get, MISSING)

    def lookup(self, word: str) -> int:
        """The row of a word as it is written, in lower case, with digits set to 0, or with both; else -1."""
        return self._lookup[word]

    def rows(self, words: Collection[str]) -> NDArray[np.int64]:
        """The rows of words, [W]; see `lookup`."""
        return self._lookup.rows(words)


def read_vectors(path: str | Path, cache: bool = True) -> Vectors:
    """Read a file of vectors: GloVe text, word2vec text or binary, fastText ``.vec``; plain, gzip, xz or zip.

    The first reading writes a memory-mapped copy under ``$NER_CACHE`` (or ``~/.cache/ner``), which later readings use
    for as long as the file keeps its place, size and time of change. Where no copy can be written, or it is damaged,
    the file is parsed.

    Args:
        path: the file; one inside of a zip archive is ``archive.zip/name``.
        cache: whether a copy may be read and written.

    Raises:
        DataError: the file is missing, or is no file of vectors; with the line.
    """
    entry = CacheEntry.of(path) if cache else None
    contents = entry.load() if entry else None
    if contents is None:
        contents = _parse(path)
        if entry:
            contents = entry.save(contents) or contents
    contents.matrix.flags.writeable = False
    return Vectors(path=str(path), **contents._asdict())


def combine(
    vectors: Sequence[Vectors], words: Collection[str], out: NDArray[np.float32] | None = None
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """The vectors of several files side by side, looked up file by file.

    Args:
        vectors: of D numbers together.
        words: W of them.
        out: where to write, [W, D]; new if None.

    Returns:
        The vectors, [W, D], 0 where a file has no spelling of a word, and which words any file has, [W].
    """
    if out is None:
        out = np.empty((len(words), sum(part.dim for part in vectors)), np.float32)
    found = np.zeros(len(words), np.bool_)
    start = 0
    for part in vectors:
        rows = part.rows(words)
        known = rows != MISSING
        out[known, start : start + part.dim] = part.matrix[rows[known]]
        out[~known, start : start + part.dim] = 0
        found |= known
        start += part.dim
    return out, found


def _parse(path: str | Path) -> Contents:
    """All rows of a file, the first of each word."""
    seen: dict[str, int] = {}
    matrix = np.empty((0, 0), np.float32)
    before = 0
    for words, block in read_blocks(path):
        if not before:
            matrix = np.empty((len(words), block.shape[1]), np.float32)
        firsts = (seen.setdefault(word, row) == row for row, word in enumerate(words, before))
        fresh = np.fromiter(firsts, np.bool_, len(words))
        end = len(seen)
        if end > len(matrix):
            # In place: the largest files would not fit into memory twice.
            matrix.resize((2 * end, block.shape[1]), refcheck=False)
        matrix[end - np.count_nonzero(fresh) : end] = block[fresh]
        before += len(words)
    if not seen:
        raise DataError("the file holds no vectors.", path)
    matrix.resize((len(seen), matrix.shape[1]), refcheck=False)
    return Contents(list(seen), matrix, _sha256(path), before - len(seen))


def _sha256(path: str | Path) -> str:
    digest = hashlib.sha256()
    with locate(path)[0].open("rb") as stream:
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()
