"""The files in a folder and in those in it, here or in an object store, each once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import NamedTuple

from ner.errors import DataError
from ner.integrations.ray.places import Place, reported


class Found(NamedTuple):
    """A file.

    Attributes:
        inner: its path below the folder.
        place: where it is; links are followed.
        size: in bytes.
        modified: when it was changed last, in nanoseconds since 1970; 0 where nobody knows.
    """

    inner: str
    place: Place
    size: int
    modified: int


def files_below(folder: Place) -> list[Found]:
    """All files by their paths, but those that are hidden or whose name, or a folder's, begins with an underscore.

    Raises:
        DataError: a folder cannot be read; or links lead to one of them twice, as does one to a folder around it.
    """
    with reported(folder):
        return sorted(_here(folder) if folder.is_local else _elsewhere(folder), key=lambda found: found.inner)


def _here(folder: Place) -> Iterator[Found]:
    # Not by pyarrow, which follows a link to a folder around it as deep as the system lets it.
    ahead, seen = [("", folder.path)], {folder.path}
    while ahead:
        before, path = ahead.pop()
        if not before and not os.path.exists(path):  # noqa: PTH110
            return
        with os.scandir(path) as entries:
            for entry in entries:
                if _is_hidden(entry.name):
                    continue
                inner = before + entry.name
                real = os.path.realpath(entry.path) if entry.is_symlink() else entry.path
                if entry.is_dir():
                    if real in seen:
                        raise DataError(
                            f"its links lead to {real} twice.", f"{folder.path}/{inner}", remedy="Remove one of them."
                        )
                    seen.add(real)
                    ahead.append((f"{inner}/", real))
                elif entry.is_file():
                    status = entry.stat()
                    yield Found(inner, folder.of(real), status.st_size, status.st_mtime_ns)


def _elsewhere(folder: Place) -> Iterator[Found]:
    from pyarrow import fs  # type: ignore[import-untyped]

    for info in folder.system.get_file_info(fs.FileSelector(folder.path, allow_not_found=True, recursive=True)):
        inner = info.path[len(folder.path) :].lstrip("/")
        if info.type.name == "File" and not any(map(_is_hidden, inner.split("/"))):
            yield Found(inner, folder.of(info.path), info.size or 0, getattr(info, "mtime_ns", None) or 0)


def _is_hidden(name: str) -> bool:
    return name.startswith((".", "_"))
