"""Opening a user's file of vectors, clusters or names: plain, gzip, xz or zip, told apart by their first bytes."""

from __future__ import annotations

import gzip
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, cast

from ner.errors import DataError


def locate(path: str | Path) -> tuple[Path, str | None]:
    """The file on disk, and the member where the path goes on inside a zip archive: ``glove.zip/glove.100d.txt``."""
    path = Path(path)
    for archive in path.parents:
        if archive.is_file():
            return archive, path.relative_to(archive).as_posix()
    return path, None


@contextmanager
def open_binary(path: str | Path) -> Iterator[IO[bytes]]:
    """Open a file for reading bytes, decompressed. Whatever goes wrong while it is open is reported with its name.

    Raises:
        DataError: there is no such file, it cannot be read, or its compression is damaged or cut short.
    """
    try:
        with ExitStack() as stack:
            yield _open(path, stack)
    except FileNotFoundError:
        raise DataError(
            "no such file.", path, remedy="Check the path; it is relative to the folder you are in."
        ) from None
    except (EOFError, gzip.BadGzipFile, zlib.error, lzma.LZMAError, zipfile.BadZipFile) as error:
        raise DataError(f"the file is damaged or cut short: {error}.", path, remedy="Get it again.") from None
    except OSError as error:
        raise DataError(f"the file cannot be read: {error.strerror or error}.", path) from None
    except (NotImplementedError, RuntimeError) as error:  # an unknown compression, a password
        raise DataError(f"the archive cannot be read: {error}.", path, remedy="Unpack it first.") from None


def read_lines(path: str | Path) -> list[str]:
    """The lines of a file in UTF-8, ended by LF or CRLF and by no other character; without a byte order mark.

    Raises:
        DataError: as in `open_binary`, or a line is not UTF-8.
    """
    with open_binary(path) as stream:
        content = stream.read()
    try:
        lines = content.decode("utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DataError("the line is not UTF-8.", path, line, "Convert the file to UTF-8.") from None
    return [line.removesuffix("\r") for line in lines]


def _open(path: str | Path, stack: ExitStack) -> IO[bytes]:
    file, member = locate(path)
    raw = stack.enter_context(file.open("rb"))
    magic = raw.read(6)
    raw.seek(0)
    if magic.startswith(b"PK\x03\x04"):
        archive = stack.enter_context(zipfile.ZipFile(raw))
        return stack.enter_context(archive.open(_member(path, archive, member)))
    if member is not None:
        raise DataError("is inside of a file that is no zip archive.", path)
    if magic.startswith(b"\x1f\x8b"):
        return stack.enter_context(cast(IO[bytes], gzip.GzipFile(fileobj=raw)))
    if magic == b"\xfd7zXZ\x00":
        return stack.enter_context(lzma.LZMAFile(raw))
    return raw


def _member(path: str | Path, archive: zipfile.ZipFile, member: str | None) -> str:
    names = [info.filename for info in archive.infolist() if not info.is_dir()]
    if member is None and len(names) == 1:
        return names[0]
    if member is not None and member in names:
        return member
    raise DataError(
        f"expected one file in the archive, found {len(names)}: {', '.join(names[:10]) or 'it is empty'}."
        if member is None
        else f"there is no {member} in the archive, which holds {', '.join(names[:10])}.",
        path,
        remedy="Name one of them behind the archive, such as vectors.zip/vectors.txt.",
    )
