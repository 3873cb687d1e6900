"""Standard input that says when it is about to wait, so that what was read so far can be written first."""

from __future__ import annotations

import io
import select
import sys
from collections.abc import Callable
from typing import BinaryIO, cast

from ner.corpus.source import Source


class FailedMeanwhileError(Exception):
    """What went wrong meanwhile, in its ``__cause__``; no `OSError`, which would seem to be the input's."""


class Watched(io.RawIOBase):
    """Reads from a descriptor, and calls a function before each read that would wait.

    Args:
        descriptor: of a pipe, a terminal or a file.
        before_waiting: called with nothing to read; it may raise.
    """

    name = "<stdin>"

    def __init__(self, descriptor: int, before_waiting: Callable[[], None]) -> None:
        self._file = io.FileIO(descriptor, closefd=False)
        self._before_waiting = before_waiting

    def readable(self) -> bool:
        """True."""
        return True

    def fileno(self) -> int:
        """The descriptor."""
        return self._file.fileno()

    def readinto(self, buffer: bytearray) -> int | None:  # type: ignore[override]
        """Bytes read, 0 at the end."""
        if not self.is_ready():
            try:
                self._before_waiting()
            except Exception as error:
                raise FailedMeanwhileError from error
        return self._file.readinto(buffer)

    def is_ready(self) -> bool:
        """Whether a read would come back at once, with something or at the end of the input."""
        return bool(select.select([self], [], [], 0)[0])


def watched(source: Source, before_waiting: Callable[[], None]) -> Source:
    """The source, watched if it is standard input and the system can tell whether there is anything to read."""
    if source != "-":
        return source
    try:
        watch = Watched(sys.stdin.fileno(), before_waiting)
        watch.is_ready()
    except (OSError, ValueError):  # no descriptor, or none that `select` takes
        return source
    return cast(BinaryIO, watch)
