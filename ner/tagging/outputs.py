"""Where what was tagged goes: an output takes units in their order, and is whole in the end or not there."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import IO, Any, Protocol

from ner.corpus.atomic import replacing
from ner.tagging.options import TagOptions
from ner.tagging.units import Tagged, Unit
from ner.tagging.writers import Writer

Target = str | os.PathLike[str] | IO[Any]


class Output(Protocol):
    """Takes what was tagged."""

    def write(self, pieces: Iterable[tuple[Unit, Tagged]]) -> None:
        """Take the next units, each with what was found in it."""

    def flush(self) -> None:
        """Let the reader of the output have what was written so far, where that can be."""


Opener = Callable[[Target, TagOptions, str], AbstractContextManager[Output]]
"""Takes the target, what is written beside the entities, and a title."""


def as_text(
    render: Writer, frame: Callable[[str], tuple[str, str]] = lambda title: ("", ""), between: str = ""
) -> Opener:
    """The output of formats in which every unit is a piece of text.

    Args:
        render: makes the piece.
        frame: makes, of the title, what stands before the first and behind the last piece.
        between: stands between the pieces that are not empty.
    """

    @contextmanager
    def opened(target: Target, options: TagOptions, title: str) -> Iterator[Output]:
        head, foot = frame(title)
        with replacing(target) if isinstance(target, (str, os.PathLike)) else nullcontext(target) as stream:
            stream.write(head)
            yield _Text(stream, render, options, between)
            stream.write(foot)

    return opened


class _Text:
    def __init__(self, stream: IO[str], render: Writer, options: TagOptions, between: str) -> None:
        self._stream, self._render, self._options, self._between = stream, render, options, between
        self._begun = False

    def write(self, pieces: Iterable[tuple[Unit, Tagged]]) -> None:
        rendered = (self._render(unit, tagged, self._options) for unit, tagged in pieces)
        if not self._between:
            self._stream.write("".join(rendered))
            return
        for piece in filter(None, rendered):
            self._stream.write(self._between + piece if self._begun else piece)
            self._begun = True

    def flush(self) -> None:
        self._stream.flush()
