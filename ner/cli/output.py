"""What a command prints and writes."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from io import TextIOWrapper
from typing import Any

import typer

from ner.printable import printable


def show(text: str) -> None:
    """Print what is read by people: names and words in it come from files that nobody vouches for."""
    print(printable(text))


def accept_any_text() -> None:
    """Let standard output and error hold what their encoding does not have, spelled out, instead of failing on it."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


@contextmanager
def warning(as_typed: Callable[[str], str]) -> Iterator[None]:
    """Show what the package warns of meanwhile, a line each on standard error; where nobody can read them, nowhere.

    Args:
        as_typed: makes of a message what the command's user typed.
    """
    handler = _Warnings(as_typed)
    logger = logging.getLogger("ner")
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


class _Warnings(logging.Handler):
    def __init__(self, as_typed: Callable[[str], str]) -> None:
        super().__init__(logging.WARNING)
        self._as_typed = as_typed

    def emit(self, record: logging.LogRecord) -> None:
        with suppress(OSError):  # a warning is no reason to stop what it warns of
            typer.echo(printable(f"warning: {self._as_typed(record.getMessage())}"), err=True)


def write_json(value: Any, target: str | os.PathLike[str]) -> None:
    """Write a value as indented JSON, whole or not at all; ``-`` is standard output.

    Raises:
        DataError: the file cannot be written.
    """
    from ner.corpus.atomic import replacing

    with replacing(target) as stream:
        stream.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")
