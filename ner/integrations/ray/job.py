"""What is to be done, as the output folder keeps it, so that a job which was killed is gone on with, and no other."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ner.config import DataConfig
from ner.description import DESCRIPTION, describe, model_folder
from ner.errors import DataError
from ner.integrations.ray.cutting import Part
from ner.integrations.ray.inputs import Input
from ner.integrations.ray.places import Place, listed, write_once
from ner.prediction import Precision
from ner.runs import runs_in
from ner.tagger import exported_folder
from ner.tagging.options import TagOptions
from ner.version import __version__

MANIFEST, DONE = "_job.json", "_SUCCESS"
_FORMAT = 1
_ENDINGS = {"text": "txt", "conll": "conll", "jsonl": "jsonl", "parquet": "parquet"}

WRITES = tuple(_ENDINGS)
"""What can be written in parts: that which is nothing but its pieces, one behind the other."""


@dataclass(frozen=True)
class Job:
    """All that decides on what is written.

    Attributes:
        model: its path or name, as workers load it.
        checksum: of the model.
        read, write: what the inputs are, and the outputs.
        options, data: as `ner.tag_file` takes them.
        precision: of the model.
        part_size: bytes of a part.
        inputs, parts: the files, and how they are cut.
    """

    model: str
    checksum: str
    read: str
    write: str
    options: TagOptions
    data: DataConfig
    precision: Precision
    part_size: int
    inputs: list[Input]
    parts: list[Part]

    def name_of(self, number: int) -> str:
        """The name of a part's output; names sort as parts do."""
        return f"part-{number:0{max(5, len(str(len(self.parts) - 1)))}d}.{_ENDINGS[self.write]}"

    def to_bytes(self) -> bytes:
        """As JSON, one input and one part a line, so that it can be read and searched."""
        tree = {
            "format": _FORMAT,
            "version": __version__,
            "model": self.checksum,
            "read": self.read,
            "write": self.write,
            "options": dataclasses.asdict(self.options),
            "data": self.data.model_dump(mode="json"),
            "precision": self.precision,
            "part_size": self.part_size,
        }
        head = json.dumps(tree, indent=1)[:-2]
        inputs = ",\n  ".join(json.dumps([one.name, one.size, one.modified]) for one in self.inputs)
        parts = ",\n  ".join(json.dumps([self.name_of(number), *part]) for number, part in enumerate(self.parts))
        return f'{head},\n "inputs": [\n  {inputs}],\n "parts": [\n  {parts}]\n}}\n'.encode()


def begin(job: Job, folder: Place, shown: str) -> list[int]:
    """Take an output folder for a job, or go on with the job that stands in it.

    Args:
        job: what is to be done.
        folder: is made where there is none.
        shown: its name in messages.

    Returns:
        the numbers of the parts that are not there yet.

    Raises:
        DataError: there is something else in the folder, or a job that is not the same in everything that decides on
            what is written.
    """
    names = listed(folder)
    if MANIFEST not in names and any(not name.startswith(".") for name in names):
        raise DataError(
            f"the folder is not empty, and has no {MANIFEST} of a job that could be gone on with.",
            shown,
            remedy="Name a new one.",
        )
    try:
        folder.system.create_dir(folder.path, recursive=True)
    except OSError as error:
        raise DataError(f"cannot be made: {error}.", shown, remedy="Name another folder.") from None
    expected = job.to_bytes()
    found = write_once(folder.beside(MANIFEST), expected)
    if found != expected:
        faults = list(_differences(found, expected))
        more = f"; and {len(faults) - 5} more" if len(faults) > 5 else ""
        raise DataError(
            f"holds the parts of another job: {'; '.join(faults[:5])}{more}.",
            shown,
            remedy="Repeat that job's command on its inputs to go on with it, or name a new folder.",
        )
    done, wanted = set(listed(folder)), [job.name_of(number) for number in range(len(job.parts))]
    strange = sorted(name for name in done.difference(wanted) if name.startswith("part-"))
    if strange:
        raise DataError(
            f"holds {strange[0]}, which is no part of this job and would be taken for one.",
            shown,
            remedy="Move it elsewhere.",
        )
    return [number for number, name in enumerate(wanted) if name not in done]


def fingerprint(model: str | os.PathLike[str]) -> tuple[str, int]:
    """The checksum of what a model, or a folder of seeds, tags with; and how many tokens around a sentence it reads.

    Raises:
        ModelError: there is no model.
    """
    if str(model).startswith("hub:"):
        from ner.integrations.hub import fetch

        model = fetch(str(model))
    exported = exported_folder(model)
    folders = [exported] if exported else [model_folder(path) for path in runs_in(Path(model))]
    whole = hashlib.sha256()
    for folder in folders:
        whole.update((folder / DESCRIPTION).read_bytes())  # it has the checksums of all other files
    return whole.hexdigest(), max(describe(folder).model.encoder.context for folder in folders)


def _differences(found: bytes, expected: bytes) -> Iterator[str]:
    """What another job has otherwise, in words."""
    now = json.loads(expected)
    try:
        then = json.loads(found)
        old = {name: (size, modified) for name, size, modified in then["inputs"]}
        kept = {key: then[key] for key in now}
    except (ValueError, KeyError, TypeError):
        yield f"its {MANIFEST} cannot be read"
        return
    new = {name: (size, modified) for name, size, modified in now["inputs"]}
    for key in ("format", "version", "model", "read", "write", "precision", "part_size"):
        if kept[key] != now[key]:
            then_, now_ = (str(value)[:16] for value in (kept[key], now[key]))
            yield f"{key.replace('_', ' ')} {then_}, not {now_}"
    for section in ("options", "data"):
        for key, value in now[section].items():
            before: Any = kept[section].get(key)
            if before != value:
                yield f"{section}.{key} {before!r}, not {value!r}"
    for name in [*old, *(name for name in new if name not in old)]:
        if name not in new:
            yield f"the input {name}, which is missing now"
        elif name not in old:
            yield f"no input {name}"
        elif old[name] != new[name]:
            yield f"the input {name} as it was before it was changed ({old[name][0]:,} bytes, now {new[name][0]:,})"
    if list(old) != list(new) and old.keys() == new.keys():
        yield "the inputs in another order"
    elif old == new and [part[1:] for part in kept["parts"]] != [part[1:] for part in now["parts"]]:
        yield "another cutting of the same inputs"
