"""Files and folders here and in object stores, by one kind of name: a path, or a URI such as ``s3://bucket/folder``.

What pyarrow knows (``s3``, ``gs``, ``abfs``, ``hdfs``) needs nothing else; other schemes are those of fsspec, and of
the library that serves them. Options of the file system stand behind a question mark, as pyarrow reads them:
``s3://bucket/folder?region=eu-west-1``.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from ner.errors import DataError

_URI = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]*)://([^/?]*)/?([^?]*)(\?.*)?")


class Place(NamedTuple):
    """A file or a folder.

    Attributes:
        system: a `pyarrow.fs.FileSystem`.
        path: in it.
        name: by which it is found again in another process, on another machine.
    """

    system: Any
    path: str
    name: str

    @property
    def is_local(self) -> bool:
        """Whether it is a path of this machine."""
        return bool(self.system.type_name == "local")

    def of(self, path: str) -> Place:
        """Another place in the same file system, by its path there."""
        if self.is_local:
            return Place(self.system, path, path)
        match = _URI.fullmatch(self.name)
        assert match is not None
        inner = path.removeprefix(_root(match[1], match[2], match[4] or "")[1]).lstrip("/")
        return Place(self.system, path, f"{match[1]}://{match[2]}/{inner}{match[4] or ''}")

    def beside(self, name: str) -> Place:
        """What is named so in this folder."""
        return self.of(f"{self.path.rstrip('/')}/{name}")


def locate(name: str | os.PathLike[str]) -> Place:
    """The place that a user names.

    Raises:
        DataError: a scheme that nothing here knows, or whose library is not installed.
    """
    name = os.fspath(name)
    match = _URI.fullmatch(name)
    if match is None or match[1].lower() == "file":
        from pyarrow import fs  # type: ignore[import-untyped]

        path = Path(name if match is None else f"/{match[3]}").resolve()
        return Place(fs.LocalFileSystem(), path.as_posix(), str(path))
    system, root = _root(match[1], match[2], match[4] or "")
    return Place(system, f"{root}/{match[3]}".rstrip("/") if root else match[3].rstrip("/"), name)


@lru_cache(maxsize=64)
def _root(scheme: str, host: str, options: str) -> tuple[Any, str]:
    """A file system, and in it the path of its bucket or root."""
    import pyarrow
    from pyarrow import fs

    uri = f"{scheme}://{host}"
    try:
        system, root = fs.FileSystem.from_uri(uri + options)
        return system, root.rstrip("/")
    except pyarrow.ArrowInvalid:  # a scheme that it does not know
        pass
    except (OSError, ImportError, ValueError) as error:
        raise DataError(f"cannot be reached: {error}.", uri, remedy="Check name, options and credentials.") from None
    try:
        import fsspec  # type: ignore[import-untyped]

        found, root = fsspec.core.url_to_fs(uri)
    except (ImportError, ValueError, OSError) as error:
        raise DataError(f"cannot be reached: {error}.", uri, remedy="Name a path, or a scheme known here.") from None
    return fs.PyFileSystem(fs.FSSpecHandler(found)), root.rstrip("/")


@contextmanager
def reported(place: Place) -> Iterator[None]:
    """What a file system complains of, as an error of the place.

    Raises:
        DataError: whatever `OSError` there was.
    """
    try:
        yield
    except OSError as error:
        raise DataError(
            f"cannot be read or written: {error}.", place.name, remedy="Check path, rights and credentials."
        ) from None


def listed(folder: Place) -> list[str]:
    """The names in a folder, in order; none where there is no folder.

    Raises:
        DataError: it cannot be read.
    """
    from pyarrow import fs

    with reported(folder):
        found = folder.system.get_file_info(fs.FileSelector(folder.path, allow_not_found=True))
    return sorted(info.base_name for info in found)


def read_whole(place: Place) -> bytes:
    """All that stands in a small file.

    Raises:
        DataError: it cannot be read.
    """
    with reported(place), place.system.open_input_file(place.path) as file:
        return bytes(file.read())


def write_whole(place: Place, write: Callable[[Path], None]) -> None:
    """Write a file so that it stands under its name whole or not at all, whoever is killed or unplugged meanwhile.

    Args:
        place: of the file; one that stands there is replaced.
        write: writes it under a path of this machine.

    Raises:
        DataError: it cannot be written.
    """
    if place.is_local:
        _write_here(Path(place.path), write)
        return
    with tempfile.TemporaryDirectory(prefix="ner-") as folder:
        local = Path(folder) / place.path.rpartition("/")[2]
        write(local)
        base, _, name = place.path.rpartition("/")
        fresh = f"{base}/.{name}.{secrets.token_hex(4)}.new"
        with reported(place):
            with local.open("rb") as source, place.system.open_output_stream(fresh) as target:
                shutil.copyfileobj(source, target, 1 << 22)
            place.system.move(fresh, place.path)


def _write_here(path: Path, write: Callable[[Path], None]) -> None:
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}.new")
    try:
        write(fresh)
        with fresh.open("r+b") as file:
            os.fsync(file.fileno())  # or after a power failure its name might stand without its content
        fresh.replace(path)
    except DataError as error:
        place = path if error.path is not None and os.fspath(error.path) == str(fresh) else error.path
        raise DataError(error.message, place, error.line, error.remedy) from None
    finally:
        fresh.unlink(missing_ok=True)


def write_once(place: Place, content: bytes) -> bytes:
    """Write a small file if there is none, and give back what stands there: of several that try, all get the same.

    In an object store, which cannot refuse a second one, two that try within the same moment may differ.

    Raises:
        DataError: it cannot be written.
    """
    if place.is_local:
        path = Path(place.path)
        fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}.new")
        with reported(place):
            try:
                fresh.write_bytes(content)
                _link(fresh, path)
            finally:
                fresh.unlink(missing_ok=True)
    elif place.path.rpartition("/")[2] not in listed(place.of(place.path.rpartition("/")[0])):
        write_whole(place, lambda path: _write_bytes(path, content))
    return read_whole(place)


def _link(fresh: Path, path: Path) -> None:
    """Give a file a second name, unless there is one of that name."""
    try:
        os.link(fresh, path)
    except FileExistsError:
        pass
    except OSError:  # a file system without links
        if not path.exists():
            fresh.replace(path)


def _write_bytes(path: Path, content: bytes) -> None:
    path.write_bytes(content)
