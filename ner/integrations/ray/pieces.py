"""The stream of a part, which the readers take like that of any file."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ner.errors import DataError
from ner.integrations.ray.cutting import Part
from ner.integrations.ray.inputs import Input, check_unchanged
from ner.integrations.ray.places import locate, reported

_BLOCK = 1 << 16


class _File(io.BufferedReader):
    """A file under the name that messages have for it; of ``row_groups`` only, where there are such."""

    def __init__(self, file: Any, name: str) -> None:
        super().__init__(file, 1 << 20)
        self._shown = name

    @property
    def name(self) -> str:
        """For messages."""
        return self._shown


class _Lines(io.RawIOBase):
    """The lines of a file that begin in a stretch of its bytes."""

    def __init__(self, file: Any, part: Part, name: str) -> None:
        self._file, self.name = file, name
        self.first_byte = line_start(file, part.start)
        self._left = (file.size() if part.stop < 0 else line_start(file, part.stop)) - self.first_byte
        file.seek(self.first_byte)

    def readable(self) -> bool:
        """True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Bytes read, 0 at the end."""
        block = self._file.read(min(self._left, len(buffer)))
        buffer[: len(block)] = block
        self._left -= len(block)
        return len(block)


@contextmanager
def opened_part(one: Input, part: Part, read: str) -> Iterator[Any]:
    """A binary stream of a part.

    Raises:
        DataError: the file was changed since the job began, or cannot be opened, or, raised within, has a fault: its
            line is counted from the beginning of the file.
    """
    check_unchanged(one)
    place = locate(one.name)
    with reported(place):
        file = place.system.open_input_file(place.path)
    with file:
        if part.is_whole or read == "parquet":
            stream = _File(file, one.shown)
            if not part.is_whole:
                stop = _row_groups(stream) if part.stop < 0 else part.stop
                stream.row_groups = range(part.start, stop)  # type: ignore[attr-defined]
            yield stream
            return
        lines = _Lines(file, part, one.shown)
        try:
            yield lines
        except DataError as error:
            if error.line is None or not lines.first_byte:
                raise
            before = _line_ends(file, lines.first_byte)
            raise DataError(error.message, error.path, before + error.line, error.remedy) from None


def line_start(file: Any, place: int) -> int:
    """Where the first line begins from a place on; the size of the file where there is none."""
    if not place:
        return 0
    at = min(place - 1, file.size())
    file.seek(at)
    while block := file.read(_BLOCK):
        found = block.find(b"\n")
        if found >= 0:
            return int(at + found + 1)
        at += len(block)
    return int(at)


def _line_ends(file: Any, stop: int) -> int:
    """So many lines end before a place."""
    file.seek(0)
    count, left = 0, stop
    while left and (block := file.read(min(left, 1 << 22))):
        count += block.count(b"\n")
        left -= len(block)
    return count


def _row_groups(stream: Any) -> int:
    import pyarrow.parquet  # type: ignore[import-untyped]

    return int(pyarrow.parquet.read_metadata(stream).num_row_groups)
