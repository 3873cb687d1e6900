"""Files of pretrained word vectors: GloVe text, word2vec text and binary, fastText ``.vec``.

A text file has a row a line: the word, a blank or tab, and D numbers. A word may hold blanks itself, so rows are
split from the right. The first line may be a header, ``N D``. A binary file has that header, and N rows of the word,
a blank and D little-endian float32 numbers.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ner.errors import DataError
from ner.features.compressed import open_binary

_BLOCK = 1 << 22  # bytes read at a time
_LONGEST_ROW = 1 << 24  # bytes: bounds what a file without line ends can allocate
_LARGEST_DIM = 1 << 16
_HEADER = re.compile(rb"\s*(\d{1,12})[ \t]+(\d{1,12})\s*")
_NUMBER = re.compile(rb"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_BOM = b"\xef\xbb\xbf"
_LONGEST_WORD = 1 << 16  # bytes, in a binary file
_REMEDY = "Get the file again, or mend it."
_NOT_UTF8 = "expected a word in UTF-8, found {}."
_FORMATS = "Vectors are read from GloVe text, word2vec text and binary, and fastText .vec files."
_TEXT = frozenset(b"\t\n\v\f\r") | frozenset(range(0x20, 0x7F))


class Header(NamedTuple):
    """The first line of a word2vec file: how many rows of how many numbers."""

    rows: int
    dim: int


class Block(NamedTuple):
    """Consecutive rows of a file: N words and their vectors, [N, D]."""

    words: list[str]
    matrix: NDArray[np.float32]


def read_blocks(path: str | Path) -> Iterator[Block]:
    """Read a file of vectors, some megabytes at a time, in its order and with its duplicates.

    Args:
        path: plain, gzip, xz or zip; a file inside of a zip archive is ``archive.zip/name``.

    Raises:
        DataError: the file cannot be read; a row is cut short or too long, holds anything but finite numbers, or a
            word that is not UTF-8; there are fewer or more rows than the header says, or none.
    """
    with open_binary(path) as stream:
        start = _read(stream, _BLOCK)
        first, _, rest = start.partition(b"\n")
        match = _HEADER.fullmatch(first.removeprefix(_BOM))
        header = Header(int(match[1]), int(match[2])) if match else None
        if header is not None and not 0 < header.dim <= _LARGEST_DIM:
            raise DataError(f"expected a size of vectors up to {_LARGEST_DIM}, found {header.dim}.", path, 1)
        if header is not None and _is_binary(rest, header.dim):
            yield from _read_binary(stream, rest, header, path)
        else:
            yield from _read_text(stream, start if header is None else rest, header, path)


def _read(stream: IO[bytes], size: int) -> bytes:
    """So many bytes; fewer only at the end of the file, unlike ``stream.read`` of a compressed file."""
    parts = []
    while size > 0 and (part := stream.read(size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _is_binary(rest: bytes, dim: int) -> bool:
    """Whether what follows the header is binary: its first row is no row of text, nor a damaged one."""
    row, _, _ = rest.partition(b"\n")
    if _count_numbers(row.split()) >= dim:
        return False
    _, _, numbers = rest.partition(b" ")
    return not _TEXT.issuperset(numbers[: 4 * dim])


def _count_numbers(pieces: list[bytes]) -> int:
    """How many pieces at the end are numbers, the first piece, which is a word, apart."""
    count = 0
    for piece in reversed(pieces[1:]):
        try:
            float(piece)
        except ValueError:
            break
        count += 1
    return count


def _read_text(stream: IO[bytes], start: bytes, header: Header | None, path: str | Path) -> Iterator[Block]:
    line = 1 if header is None else 2
    found, dim = 0, 0 if header is None else header.dim
    for rows in _rows(stream, start.removeprefix(_BOM), path):
        dim = dim or _first_dim(rows[0], path)
        yield _parse(rows, line + found, dim, path)
        found += len(rows)
    if header is not None and found != header.rows:
        raise DataError(f"the first line says {header.rows} rows, the file has {found}.", path, remedy=_REMEDY)


def _rows(stream: IO[bytes], start: bytes, path: str | Path) -> Iterator[list[bytes]]:
    """The lines of a file without the white space at their ends and without the empty lines at the file's end."""
    tail = b""
    for chunk in chain([start], iter(lambda: _read(stream, _BLOCK), b"")):
        text = tail + chunk
        # The last line with anything on it waits for the next chunk: only empty lines may follow it.
        cut = text.rfind(b"\n", 0, len(text.rstrip())) + 1
        tail = text[cut:]
        if len(tail) > _LONGEST_ROW:
            raise DataError(f"found a line of more than {_LONGEST_ROW} bytes: this is no file of vectors.", path)
        if cut:
            yield [row.rstrip() for row in text[: cut - 1].split(b"\n")]
    if tail.strip():
        yield [tail.rstrip()]


def _first_dim(row: bytes, path: str | Path) -> int:
    """How many numbers a row has: all at its end, but for the first piece, which is the word unless a blank leads."""
    dim = _count_numbers(row.split() if not row[:1].isspace() else [b"", *row.split()])
    if not 0 < dim <= _LARGEST_DIM:
        raise DataError(f"expected a word and its numbers, found {_show(row)}.", path, 1, _FORMATS)
    return dim


def _parse(rows: list[bytes], line: int, dim: int, path: str | Path) -> Block:
    """Parse rows, of which the first stands on ``line``."""
    pairs = [
        row.partition(b" ")[::2] if row.count(b" ") == dim else _split(row, dim, path, line + position)
        for position, row in enumerate(rows)
    ]
    matrix = _floats(b" ".join([numbers for _, numbers in pairs]), len(rows), dim)
    if matrix is None:
        pairs = [_split(row, dim, path, line + position) for position, row in enumerate(rows)]
        matrix = np.stack([_check(numbers, path, line + position) for position, (_, numbers) in enumerate(pairs)])
    words = [word for word, _ in pairs]
    try:
        return Block(b"\n".join(words).decode().split("\n"), matrix)
    except UnicodeDecodeError:
        wrong = _first_undecodable(words)
        raise DataError(_NOT_UTF8.format(_show(words[wrong])), path, line + wrong, _REMEDY) from None


def _split(row: bytes, dim: int, path: str | Path, line: int) -> tuple[bytes, bytes]:
    """The word, which may hold blanks, and its numbers, which tabs or several blanks may separate."""
    pieces = row.rsplit(None, dim)
    if row[:1].isspace() and len(pieces) == dim:
        pieces.insert(0, b"")
    found = len(pieces) - 1
    if found == dim:
        word = pieces[0].lstrip()
        _, blank, last = word.rpartition(b" ")
        if not (blank and b"." in last and _NUMBER.fullmatch(last)):
            return word, b" ".join(pieces[1:])
        found = _count_numbers(row.split())  # a word does not end in a number such as 0.123
    raise DataError(f"expected a word and {dim} numbers, found {max(found, 0)} numbers.", path, line, _REMEDY)


def _floats(text: bytes, count: int, dim: int) -> NDArray[np.float32] | None:
    """The numbers of a text, [count, dim]; None if it holds anything else or another number of them."""
    if any(sign in text for sign in (b"\t", b"\v", b"\f", b"\r")):
        return None  # what is one number between blanks may be two
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", DeprecationWarning)  # an error in newer versions of numpy
            values = np.fromstring(text, np.float32, sep=" ")
    except (ValueError, DeprecationWarning):
        return None
    return values.reshape(count, dim) if len(values) == count * dim and np.isfinite(values).all() else None


def _check(numbers: bytes, path: str | Path, line: int) -> NDArray[np.float32]:
    """What `_floats` does for one row, with an error that names what is no number."""
    pieces = numbers.split()
    for piece in pieces:
        with np.errstate(over="ignore"):
            if not _NUMBER.fullmatch(piece) or not np.isfinite(np.float32(piece)):
                raise DataError(f"expected a finite number, found {_show(piece)}.", path, line, _REMEDY)
    return np.array(list(map(float, pieces)), np.float32)


def _read_binary(stream: IO[bytes], buffer: bytes, header: Header, path: str | Path) -> Iterator[Block]:
    size, found = 4 * header.dim, 0
    while found < header.rows:
        words: list[bytes] = []
        vectors: list[bytes] = []
        position = 0
        while found + len(words) < header.rows:
            blank = buffer.find(b" ", position, position + _LONGEST_WORD)
            end = blank + 1 + size
            if blank < 0 or end > len(buffer):
                break
            words.append(buffer[position:blank].lstrip(b"\n"))  # some writers end a row with a line end
            vectors.append(buffer[blank + 1 : end])
            position = end
        buffer = buffer[position:]
        if words:
            yield _binary_block(words, vectors, found + 1, path)
            found += len(words)
        elif len(buffer) > _LONGEST_WORD + size or not (more := _read(stream, _BLOCK)):
            raise DataError(
                f"row {found + 1} of {header.rows} is cut short: expected a word, a blank and {size} bytes.",
                path,
                remedy=_REMEDY,
            )
        else:
            buffer += more
    if buffer.strip() or _read(stream, _BLOCK).strip():
        raise DataError(f"the first line says {header.rows} rows, the file has more.", path, remedy=_REMEDY)


def _binary_block(words: list[bytes], vectors: list[bytes], row: int, path: str | Path) -> Block:
    matrix = np.frombuffer(b"".join(vectors), "<f4").astype(np.float32, copy=False).reshape(len(words), -1)
    finite = np.isfinite(matrix).all(1)
    if not finite.all():
        wrong = int(np.argmin(finite))
        raise DataError(
            f"row {row + wrong}, {_show(words[wrong])}, holds a number that is not finite.", path, remedy=_REMEDY
        )
    if any(b"\n" in word for word in words):
        wrong = next(position for position, word in enumerate(words) if b"\n" in word)
        raise DataError(f"row {row + wrong}: the word {_show(words[wrong])} has a line end.", path, remedy=_REMEDY)
    try:
        return Block([word.decode() for word in words], matrix)
    except UnicodeDecodeError:
        wrong = _first_undecodable(words)
        raise DataError(f"row {row + wrong}: {_NOT_UTF8.format(_show(words[wrong]))}", path, remedy=_REMEDY) from None


def _first_undecodable(words: list[bytes]) -> int:
    return next(position for position, word in enumerate(words) if word.decode(errors="ignore").encode() != word)


def _show(found: bytes) -> str:
    """Some bytes of a file as they may stand in a message."""
    text = found.decode(errors="backslashreplace")
    return repr(text if len(text) <= 60 else text[:60] + "...")
