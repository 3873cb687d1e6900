"""Which files are to be tagged: files, folders and patterns, in an order that hangs on nothing but their names."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ner.corpus.source import several
from ner.errors import ConfigError, DataError
from ner.integrations.ray.places import Place, locate, reported
from ner.integrations.ray.walking import files_below
from ner.tagging.pipeline import INPUTS, kind_by_name

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


def find_inputs(
    named: str | os.PathLike[str] | Iterable[str | os.PathLike[str]], besides: Place | None = None
) -> list[Input]:
    """The files that are named: as they come, those of a folder or pattern by their paths.

    Hidden files, and those whose name begins with an underscore, are left out of folders, at any depth.

    Args:
        named: files, folders and patterns; or one of them.
        besides: a folder of which no file is taken: the parts of an earlier go, where it lies among the inputs.

    Raises:
        DataError: there is no such file, or none in a folder or under a pattern; a file is there twice, or is named
            and lies in the folder of which none is taken.
    """
    names = several(named)
    found = [one for name in names for one in _files(os.fspath(name))]
    if besides is not None:
        found = _outside(found, besides, {os.fspath(name) for name in names})
    seen = set()
    for one in found:
        if one.name in seen:
            raise DataError("is among the inputs twice, perhaps by a link.", one.shown, remedy="Name it once.")
        seen.add(one.name)
    if not found:
        raise ConfigError("no input: name files, folders or patterns")
    return found


def _outside(found: list[Input], folder: Place, named: set[str]) -> list[Input]:
    """Without what lies in a folder, unless that is all there is, or was named by itself."""
    beginning = f"{_bare(folder.name).rstrip('/')}/"
    inside = [one for one in found if _bare(one.name).startswith(beginning)]
    for one in inside:
        if len(inside) == len(found) or one.shown in named:
            raise DataError("lies in the output folder.", one.shown, remedy="Name another one: --output FOLDER.")
    return [one for one in found if not _bare(one.name).startswith(beginning)]


def kind_of(inputs: Sequence[Input], read: str | None) -> str:
    """What all of the files are.

    Raises:
        ConfigError: they differ, by their names, or are nothing that can be cut into parts, or a name promises what
            is not tagged.
    """
    if read is None:
        kinds = {kind_by_name(_bare(one.shown)): one.shown for one in inputs}
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
    if not name:
        raise ConfigError("an input without a name: name files, folders or patterns")
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
    place = _checked(locate(name), name)
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
    return [Input(name, place.name, *_size_and_time(info))]


def check_unchanged(one: Input) -> None:
    """Raise a `DataError` if a file is no longer what it was when it was found, or another on this machine."""
    place = locate(one.name)
    with reported(place):
        info = place.system.get_file_info(place.path)
    size, modified = _size_and_time(info)
    if (size, modified) != (one.size, one.modified):
        raise DataError(
            f"is not what it was when the job began: {size:,} bytes and not {one.size:,}, or changed since.",
            one.shown,
            remedy="Leave inputs alone while they are tagged, see that all machines have the same, and begin anew.",
        )


def _under(folder: Place, shown: str) -> list[Input]:
    """The files in a folder and in those in it, by their paths."""
    return [
        Input(shown + inner, _checked(place, shown + inner).name, size, modified)
        for inner, place, size, modified in files_below(folder)
    ]


def _checked(place: Place, shown: str) -> Place:
    try:
        place.path.encode()
    except UnicodeEncodeError:
        raise DataError("its name is not UTF-8, as --engine ray needs it.", shown, remedy="Rename it.") from None
    return place


def _size_and_time(info: Any) -> tuple[int, int]:
    return info.size or 0, getattr(info, "mtime_ns", None) or 0


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
