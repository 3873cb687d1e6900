"""Writing a file so that nothing half-written ever stands under its final name."""

from __future__ import annotations

import gzip
import io
import os
import secrets
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, TextIO, cast

from ner.errors import DataError


def refuse_same(source: object, target: object) -> None:
    """Where a file is read from and written to.

    Raises:
        DataError: both are one file, which would be lost.
    """
    if not (isinstance(source, (str, os.PathLike)) and isinstance(target, (str, os.PathLike))):
        return
    with suppress(OSError):
        if "-" not in (source, target) and Path(source).is_file() and Path(source).samefile(target):
            raise DataError("is the input, too, and would be lost.", target, remedy="Name another file to write to.")


@contextmanager
def replacing(target: str | os.PathLike[str]) -> Iterator[TextIO]:
    """A text stream, UTF-8 with LF, that becomes the file ``target`` when the block ends without an exception.

    As `replacing_bytes`.

    Raises:
        DataError: the file cannot be written, for want of room or permission, or a text that UTF-8 cannot hold.
    """
    try:
        with replacing_bytes(target) as file, _text(file) as stream:
            yield stream
    except UnicodeEncodeError as error:
        raise DataError(
            f"{error.object[error.start]!r} is half of a surrogate pair, which UTF-8 cannot hold.",
            _shown(target),
            remedy="Mend the text, or write JSONL, which can.",
        ) from None


@contextmanager
def replacing_bytes(target: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """A binary stream that becomes the file ``target`` when the block ends without an exception.

    Until then the file, if there was one, stands as it was. The new one is written beside it under a hidden name; a
    symbolic link is followed, permissions are kept. A name in ``.gz`` is packed. ``-``, pipes and devices, which
    cannot be replaced, are written to directly.

    Raises:
        DataError: the file cannot be written, for want of room or permission.
    """
    name = os.fspath(target)
    path = Path(os.path.realpath(name))
    direct = name == "-" or (path.exists() and not path.is_file())
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}.new")
    try:
        if name == "-":
            if sys.stdout is None:
                raise DataError("is closed.", _shown(target), remedy="Name a file to write to.")
            yield sys.stdout.buffer
        elif direct:
            with path.open("wb") as file:
                yield file
        else:
            try:
                with fresh.open("xb") as file:
                    if path.exists():
                        fresh.chmod(path.stat().st_mode & 0o7777)
                    with _packed(file, name) as packed:
                        yield packed
                fresh.replace(path)
            finally:
                fresh.unlink(missing_ok=True)
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            raise
        raise DataError(
            f"cannot be written: {error.strerror or error}.", _shown(target), remedy=_remedy(error)
        ) from None


@contextmanager
def replacing_folder(target: str | os.PathLike[str]) -> Iterator[Path]:
    """A new folder that becomes ``target`` when the block ends without an exception; until then its name is hidden.

    Raises:
        DataError: there is something under that name, other than an empty folder; or the folder cannot be written.
    """
    path = Path(target)
    if path.exists() and not (path.is_dir() and not any(path.iterdir())):
        fault = "the folder is not empty." if path.is_dir() else "is a file, where a folder is to be written."
        raise DataError(fault, target, remedy="Name a new one.")
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}.new")
    try:
        fresh.mkdir()
        yield fresh
        if path.is_dir():
            path.rmdir()
        fresh.replace(path)
    except OSError as error:
        remedy = (
            "Make the folder around it first." if isinstance(error, FileNotFoundError) else "Choose another place."
        )
        raise DataError(f"cannot be written: {error.strerror or error}.", target, remedy=remedy) from None
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _shown(target: str | os.PathLike[str]) -> str:
    name = os.fspath(target)
    return "<stdout>" if name == "-" else name


def _remedy(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "Make the folder first."
    if isinstance(error, IsADirectoryError):
        return "Name a file."
    return "Make room, or choose another place; what stood there before is untouched."


@contextmanager
def _text(stream: BinaryIO) -> Iterator[TextIO]:
    """Encodes into the stream, which stays open."""
    text = io.TextIOWrapper(cast(io.BufferedWriter, stream), encoding="utf-8", newline="\n")
    try:
        yield text
        text.flush()
    finally:
        with suppress(OSError, ValueError):  # it flushes first: what failed before fails again
            text.detach()


@contextmanager
def _packed(file: BinaryIO, name: str) -> Iterator[BinaryIO]:
    if not name.endswith(".gz"):
        yield file
        return
    with gzip.GzipFile("", "wb", compresslevel=6, fileobj=file, mtime=0) as packed:  # same in, same bytes out
        yield cast(BinaryIO, packed)
