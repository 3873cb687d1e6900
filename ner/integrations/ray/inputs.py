"""Which files are to be tagged: files, folders and patterns, in an order that hangs on nothing but their names."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ner.errors import ConfigError, DataError
from ner.integrations.ray.places import Place, locate, reported
from ner.tagging.pipeline import INPUTS, by_name

KINDS = tuple(kind for kind in INPUTS if kind != "dataset")

_MAGIC = re.compile(r"[*\[]")
_SAVED = ("dataset_dict.json", "state.json")  # of a folder that `datasets` wrote


@dataclass(frozen=True, slots=True)
class Input:
    """A file to be tagged.

    Attributes:
        shown: its name in messages, as the user would write it.
        name: see `ner.integrations.ray.places.Place`.
        size: in bytes.
        modified: when it was changed last, in nanoseconds since 1970; 0 where nobody knows.
    """

    shown: str
    name: str
    size: int
    modified: int


def find_inputs(named: Iterable[str | os.PathLike[str]]) -> list[Input]:
    """The files that are named: as they come, those of a folder or pattern by their paths.

    Hidden files, and those whose name begins with an underscore, are left out of folders, at any depth.

    Raises:
        DataError: there is no such file, or none in a folder or under a pattern; a file is named twice.
    """
    found = [one for name in named for one in _files(os.fspath(name))]
    seen = set()
    for one in found:
        if one.name in seen:
            raise DataError("is among the inputs twice.", one.shown, remedy="Name it once.")
        seen.add(one.name)
    if not found:
        raise ConfigError("no input: name files, folders or patterns")
    return found


def kind_of(inputs: Sequence[Input], read: str | None) -> str:
    """What all of the files are.

    Raises:
        ConfigError: they differ, by their names, or are nothing that can be cut into parts.
    """
    if read is None:
        kinds = {by_name(_bare(one.shown), KINDS) or "text": one.shown for one in inputs}
        if len(kinds) > 1:
            some = ", ".join(f"{kind} ({name})" for kind, name in sorted(kinds.items()))
            raise ConfigError(f"--from: the inputs are of several kinds, {some}; tag them one kind at a time")
        (read,) = kinds
    if read not in KINDS:
        raise ConfigError(f"--from {read}: --engine ray reads {', '.join(KINDS)}; without it, ner tag reads {read}")
    return read


def _bare(shown: str) -> str:
    """Without the options of a URI."""
    return shown.partition("?")[0] if "://" in shown else shown


def _files(name: str) -> list[Input]:
    head, mark, options = name.partition("?") if "://" in name else (name, "", "")
    magic = _MAGIC.search(head)
    if magic and not ("://" not in name and Path(name).exists()):
        base = head[: head.rfind("/", 0, magic.start()) + 1]
        pattern = re.compile(_expression(head[len(base) :]))
        found = [
            one
            for one in _under(locate((base or ".") + mark + options), base)
            if pattern.fullmatch(_bare(one.shown)[len(base) :])
        ]
        if not found:
            raise DataError("no file has a name like that.", name, remedy="Check it; ** stands for folders, too.")
        return found
    place = locate(name)
    with reported(place):
        info = place.system.get_file_info(place.path)
    if info.type.name == "Directory":
        found = _under(place, head.rstrip("/") + "/")
        if not found:
            raise DataError("there is no file in the folder.", name, remedy="Name another.")
        if any(one.shown.rpartition("/")[2] in _SAVED for one in found):
            raise DataError(
                "is a data set that save_to_disk wrote, which --engine ray does not read.",
                name,
                remedy="Tag it without --engine, or save it as parquet.",
            )
        return found
    if info.type.name != "File":
        raise DataError("no such file.", name, remedy="Check the path; it is relative to the folder you are in.")
    return [_input(name, place, info)]


def _under(folder: Place, shown: str) -> list[Input]:
    """The files in a folder and in those in it, by their paths."""
    from pyarrow import fs  # type: ignore[import-untyped]

    with reported(folder):
        infos = folder.system.get_file_info(fs.FileSelector(folder.path, allow_not_found=True, recursive=True))
    found = []
    for info in sorted(infos, key=lambda one: one.path):
        inner = info.path[len(folder.path) :].lstrip("/")
        if info.type.name == "File" and not any(part.startswith((".", "_")) for part in inner.split("/")):
            found.append(_input(shown + inner, folder.of(info.path), info))
    return found


def _input(shown: str, place: Place, info: Any) -> Input:
    return Input(shown, place.name, info.size or 0, getattr(info, "mtime_ns", None) or 0)


def _expression(pattern: str) -> str:
    """A shell's pattern as a regular expression: ``*`` and ``[...]`` stay within a folder, ``**/`` does not."""
    pieces = re.split(r"(\*\*/|\*|\[[^\]/]+\])", pattern)
    known = {"**/": "(?:[^/]+/)*", "*": "[^/]*"}
    return "".join(
        known.get(piece) or (f"[{_class(piece[1:-1])}]" if number % 2 else re.escape(piece))
        for number, piece in enumerate(pieces)
    )


def _class(inner: str) -> str:
    negated = inner[:1] in ("!", "^")
    return ("^" if negated else "") + re.sub(r"([\\\[\]^])", r"\\\1", inner[negated:])
