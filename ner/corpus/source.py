"""Bytes to text: opening, unpacking and decoding, so that every reader reports faults by file and line alike.

Only LF and CR LF end a line. A lone CR, a form feed, U+0085 or U+2028 is a character of the word it stands in. A file
without any LF whose lines end in lone CRs (as on old Macs) is refused rather than read as one line; a CR that ends
the file ends its last line.
"""

from __future__ import annotations

import gzip
import io
import os
import sys
import zlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from ner.errors import DataError

Source = str | os.PathLike[str] | BinaryIO

STRETCH = 1 << 22
"""Bytes of a long file, unpacked, after which it may be cut: `stretch_lines` tells where."""

_BLOCK = 1 << 20
_GZIP = b"\x1f\x8b"
_BOM = b"\xef\xbb\xbf"


def several(paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]]) -> list[str | os.PathLike[str]]:
    """Paths, of which there may be but one: a text is one path, not its characters."""
    return [paths] if isinstance(paths, str | os.PathLike) else list(paths)


def name_of(source: Source) -> str:
    """What a message calls the source: the path as given, or ``<stdin>`` and the like."""
    if isinstance(source, str | os.PathLike):
        return "<stdin>" if source == "-" else os.fspath(source)
    return str(getattr(source, "name", "<stream>"))


@contextmanager
def opened(source: Source) -> Iterator[io.BufferedReader]:
    """The bytes of a file, of ``-`` (standard input) or of a binary stream, unpacked where they are gzip.

    Gzip is known by its first two bytes, not by its name.

    Raises:
        DataError: the file is missing, is a folder, or may not be read.
    """
    with ExitStack() as stack:
        raw: BinaryIO
        if source == "-":
            raw = sys.stdin.buffer
        elif isinstance(source, str | os.PathLike):
            try:
                raw = stack.enter_context(Path(source).open("rb"))
            except FileNotFoundError:
                remedy = "Check the path; it is relative to the folder you are in."
                raise DataError("no such file.", source, remedy=remedy) from None
            except OSError as error:
                raise DataError(f"cannot be read: {error.strerror}.", source) from None
        else:
            raw = source
        if isinstance(raw, io.BufferedReader):
            plain = raw
        else:  # readers want peek and read1, which files and standard input have
            plain = io.BufferedReader(cast(io.RawIOBase, raw))
            stack.callback(plain.detach)  # or the caller's stream would be closed with it
        try:
            packed = plain.peek(2)[:2] == _GZIP
        except OSError as error:
            raise DataError(f"cannot be read: {error.strerror}.", name_of(source), 1) from None
        yield cast(io.BufferedReader, gzip.GzipFile(fileobj=plain)) if packed else plain


def text_blocks(source: Source, *, exact: bool = False) -> Iterator[tuple[int, str]]:
    """The text in large pieces of whole lines, CR LF turned into LF and a byte order mark left out unless ``exact``.

    Yields the 1-based number of a piece's first line and the piece. Every piece but the last ends in LF. Pieces are
    handed on as they arrive, so a pipe is read line by line where it is filled so.

    Raises:
        DataError: the source cannot be opened or unpacked, is not UTF-8, or has only lone CRs for line ends.
    """
    for line, text, _ in _blocks(source, exact):
        yield line, text


def lines(source: Source) -> Iterator[tuple[int, str]]:
    """The lines with their 1-based numbers, without line ends. Raises as `text_blocks` does."""
    for first, text in text_blocks(source):
        yield from enumerate(text.removesuffix("\n").split("\n"), first)


def stretch_lines(source: Source) -> Iterator[tuple[int, str, bool]]:
    """As `lines`, and whether a stretch begins: a line is of stretch N if its first byte is of the Nth `STRETCH`.

    A stream that is a piece of a file says so by an attribute ``first_byte``: where in the file, unpacked, it begins.
    """
    last = -1
    for first, text, stretch in _blocks(source, exact=False):
        for number, line in enumerate(text.removesuffix("\n").split("\n"), first):
            yield number, line, stretch != last
            last = stretch


def _blocks(source: Source, exact: bool) -> Iterator[tuple[int, str, int]]:
    """As `text_blocks`, and the number of the stretch in which all lines of a piece begin."""
    line, place = 1, getattr(source, "first_byte", 0)
    pending: list[bytes] = []
    with opened(source) as stream:
        while True:
            block = _read(stream, source, line)
            head, newline, tail = block.rpartition(b"\n")
            if block and not newline:
                pending.append(block)
                continue
            whole = b"".join([*pending, head, newline])
            pending = [tail] if tail else []
            for stretch, piece in _by_stretch(whole, place):
                text = _decode(piece.removeprefix(_BOM) if not place and not exact else piece, source, line)
                if not (place or block) and "\r" in text.rstrip("\r\n") and "\n" not in text:
                    raise DataError(
                        "the lines end in lone CRs, as on old Macs, not in LF or CR LF.",
                        name_of(source),
                        1,
                        "Convert the file: tr '\\r' '\\n' < FILE > NEW.",
                    )
                if "\r" in text and not exact:
                    text = text.replace("\r\n", "\n")
                    text = text if block or not text.endswith("\r") else f"{text[:-1]}\n"
                if text:
                    yield line, text, stretch
                line += piece.count(b"\n")
                place += len(piece)
            if not block:
                return


def _by_stretch(whole: bytes, place: int) -> Iterator[tuple[int, bytes]]:
    """Whole lines, from this place of a file on, cut where another stretch begins."""
    start = 0
    while start < len(whole):
        stretch = (place + start) // STRETCH
        end = whole.find(b"\n", max(start, (stretch + 1) * STRETCH - 1 - place))
        stop = len(whole) if end < 0 else end + 1
        yield stretch, whole[start:stop]
        start = stop


def first_bytes(source: Source, size: int = 4096) -> bytes:
    """What a file begins with, unpacked; at least ``size`` bytes where it has as many.

    Raises:
        DataError: the source cannot be opened or unpacked.
    """
    start = b""
    with opened(source) as stream:
        while len(start) < size and (block := _read(stream, source, 1)):
            start += block
    return start


def whole_text(source: Source) -> str:
    """All of the text as it stands, line ends included, for formats that count characters.

    Raises:
        DataError: the source cannot be opened or unpacked, or is not UTF-8.
    """
    with opened(source) as stream:
        blocks = list(iter(lambda: _read(stream, source, 1), b""))
    return _decode(b"".join(blocks).removeprefix(_BOM), source, 1)


def _read(stream: io.BufferedReader, source: Source, line: int) -> bytes:
    try:
        return stream.read1(_BLOCK)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(
            f"damaged gzip data: {error}.", name_of(source), line, "The file is cut short or altered: fetch it again."
        ) from None
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror}.", name_of(source), line) from None


def _decode(block: bytes, source: Source, line: int) -> str:
    try:
        return block.decode("utf-8")
    except UnicodeDecodeError as error:
        at = line + block.count(b"\n", 0, error.start)
        begin = block.rfind(b"\n", 0, error.start) + 1
        bad_line = block[begin:].partition(b"\n")[0]
        raise DataError(
            f"byte 0x{block[error.start]:02x} at position {error.start - begin + 1} of the line is not UTF-8.",
            name_of(source),
            at,
            f"Convert the file from what it is in: iconv -f {_guess(block, bad_line)} -t UTF-8 FILE > NEW.",
        ) from None


def _guess(block: bytes, bad_line: bytes) -> str:
    if block.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "UTF-16"
    return "WINDOWS-1252" if any(0x80 <= byte <= 0x9F for byte in bad_line) else "LATIN1"
