"""Which format a file is in, by its name and its look."""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePath
from typing import Literal

from ner.corpus.source import first_bytes

Format = Literal["columns", "jsonl", "brat", "parquet", "spacy", "doccano", "label-studio"]
_BY_SUFFIX: dict[str, Format] = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".ann": "brat",
    ".parquet": "parquet",
    ".spacy": "spacy",
}

_JSON = re.compile(rb"\[?\s*\{\s*(\"([^\"\\]|\\.)*\"\s*:|\})")  # an array is no JSONL, but its reader will say so
_DOCCANO = re.compile(rb'"Comments"\s*:\s*\[')  # of every export, and of nothing else
_TASKS = re.compile(rb'"(annotations|completions|predictions)"\s*:\s*\[')
_OF_TASKS = re.compile(rb'"(data"\s*:\s*\{|result"\s*:\s*\[)')
_REGION = re.compile(rb'"labels"\s*:\s*\[\s*"')
_LOOK = 1 << 16  # bytes: the first record may begin with a long text


def format_of_name(path: str | os.PathLike[str]) -> Format | None:
    """The format that the suffix tells, ``.gz`` passed over; None where it tells none."""
    return _BY_SUFFIX.get(PurePath(os.fspath(path).removesuffix(".gz")).suffix.lower())


def format_of(path: str | os.PathLike[str]) -> Format:
    """The format of a file that is there.

    By its suffix; or brat, if it is a folder or has an ``.ann`` beside it; or by its first bytes: JSONL begins with a
    brace, parquet with ``PAR1``, and the exports of doccano and Label Studio have keys of their own. Everything else
    is columns, and so is standard input.

    Raises:
        DataError: the file is missing, or may not be read.
    """
    by_name = format_of_name(path)
    file = Path(path)
    if by_name is not None:
        return _json(first_bytes(path, _LOOK)) if by_name == "jsonl" and file.is_file() else by_name
    if file.is_dir() or (file.suffix == ".txt" and file.with_suffix(".ann").exists()):
        return "brat"
    if os.fspath(path) == "-":
        return "columns"
    start = first_bytes(path, _LOOK)
    if start.startswith(b"PAR1"):
        return "parquet"
    return _json(start) if _JSON.match(start.removeprefix(b"\xef\xbb\xbf").lstrip()) else "columns"


def _json(start: bytes) -> Format:
    """The kind of JSON that begins so."""
    is_array = start.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"[")
    if (_TASKS.search(start) and _OF_TASKS.search(start)) or (is_array and _REGION.search(start)):
        return "label-studio"
    return "doccano" if _DOCCANO.search(start) else "jsonl"
