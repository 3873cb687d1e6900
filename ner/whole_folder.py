"""A folder of files that is written whole or not at all."""

from __future__ import annotations

import ctypes
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_HERE, _RENAME_EXCHANGE = -100, 2  # AT_FDCWD and the flag, as in Linux's fcntl.h


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """A new folder to write files into, which then stands in place of the one that there may be.

    Raises:
        OSError: it cannot be written; what stood there is untouched, as it is where the caller raises.
    """
    fresh = folder.with_name(folder.name + ".new")
    try:
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        yield fresh
        for path in fresh.iterdir():
            _flush(path)
        _swap(fresh, folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _flush(path: Path) -> None:
    with path.open("r+b") as file:  # Windows flushes only what may be written to
        os.fsync(file.fileno())


def _swap(fresh: Path, folder: Path) -> None:
    """Put the fresh folder in place of the old one, which the caller finds under the fresh one's name, or nowhere."""
    old = folder.with_name(folder.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        if _exchange(fresh, folder):
            return
        folder.rename(old)  # until the next line only the fresh one exists, whole, under its own name
    try:
        fresh.rename(folder)
    except OSError:
        if old.exists():
            old.rename(folder)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _exchange(one: Path, other: Path) -> bool:
    """Let two folders change names, so that there is no moment without either; False where the system cannot."""
    try:
        rename = ctypes.CDLL(None).renameat2  # of Linux
    except (AttributeError, OSError, TypeError):
        return False
    return rename(_HERE, os.fsencode(one), _HERE, os.fsencode(other), _RENAME_EXCHANGE) == 0
