"""What a command prints and writes."""

from __future__ import annotations

import json
import os
import sys
from io import TextIOWrapper
from typing import Any

from ner.printable import printable


def show(text: str) -> None:
    """Print what is read by people: names and words in it come from files that nobody vouches for."""
    print(printable(text))


def accept_any_text() -> None:
    """Let standard output and error hold what their encoding does not have, spelled out, instead of failing on it."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def write_json(value: Any, target: str | os.PathLike[str]) -> None:
    """Write a value as indented JSON, whole or not at all; ``-`` is standard output.

    Raises:
        DataError: the file cannot be written.
    """
    from ner.corpus.atomic import replacing

    with replacing(target) as stream:
        stream.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")
