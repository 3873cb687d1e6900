"""Which format a file is in, by its name and its look."""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePath
from typing import Literal

from ner.corpus.source import first_bytes

Format = Literal["columns", "jsonl", "brat", "parquet", "spacy"]
_BY_SUFFIX: dict[str, Format] = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".ann": "brat",
    ".parquet": "parquet",
    ".spacy": "spacy",
}

_JSON = re.compile(rb"\[?\s*\{\s*(\"([^\"\\]|\\.)*\"\s*:|\})")  # an array is no JSONL, but its reader will say so


def format_of_name(path: str | os.PathLike[str]) -> Format | None:
    """The format that the suffix tells, ``.gz`` passed over; None where it tells none."""
    return _BY_SUFFIX.get(PurePath(os.fspath(path).removesuffix(".gz")).suffix.lower())


def format_of(path: str | os.PathLike[str]) -> Format:
    """The format of a file that is there.

    By its suffix; or brat, if it is a folder or has an ``.ann`` beside it; or by its first bytes: JSONL begins with a
    brace, parquet with ``PAR1``. Everything else is columns, and so is standard input.

    Raises:
        DataError: the file is missing, or may not be read.
    """
    by_name = format_of_name(path)
    if by_name is not None:
        return by_name
    file = Path(path)
    if file.is_dir() or (file.suffix == ".txt" and file.with_suffix(".ann").exists()):
        return "brat"
    if os.fspath(path) == "-":
        return "columns"
    start = first_bytes(path)
    if start.startswith(b"PAR1"):
        return "parquet"
    return "jsonl" if _JSON.match(start.removeprefix(b"\xef\xbb\xbf").lstrip()) else "columns"
