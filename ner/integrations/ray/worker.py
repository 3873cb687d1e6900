"""Tags parts: what an actor does, and what is said of a part when it is done."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from ner import errors
from ner.errors import ConfigError, DataError, ModelError, NerError
from ner.integrations.ray.job import Job, fingerprint
from ner.integrations.ray.pieces import opened_part
from ner.integrations.ray.places import locate, write_whole
from ner.tagger import Tagger, load
from ner.tagging import tag_file


class Done(NamedTuple):
    """What became of a part.

    Attributes:
        part: its number.
        tokens: in it.
        fault: what `fault_of` made of an error; empty where there was none.
        warnings: of the package's own, a line each.
    """

    part: int
    tokens: int
    fault: str = ""
    warnings: str = ""


class Worker:
    """A model, and the parts of a job.

    Args:
        job: to be worked on.
        output: the name of the folder; see `ner.integrations.ray.places`.
        device: where the network runs.
        threads: that it runs on.
    """

    def __init__(self, job: Job, output: str, device: str = "cpu", threads: int = 1) -> None:
        self._job, self._output, self._device, self._threads = job, output, device, threads

    def tag(self, number: int) -> Done:
        """Tag a part and write it whole; errors of the user's and warnings come back in what is said."""
        with _kept_warnings() as warnings:
            try:
                tokens, fault = self._tag(number), ""
            except (NerError, OSError) as error:
                tokens, fault = 0, fault_of(error)
        return Done(number, tokens, fault, "\n".join(warnings))

    @cached_property
    def _tagger(self) -> Tagger:
        job = self._job
        if fingerprint(job.model)[0] != job.checksum:
            raise ModelError(
                f"{job.model}: another model than where the job was begun; every machine must see the same"
            )
        return load(job.model, self._device, job.precision, self._threads)

    def _tag(self, number: int) -> int:
        job, part = self._job, self._job.parts[number]
        tokens: list[int] = []
        tagger, target = self._tagger, locate(self._output).beside(job.name_of(number))
        with opened_part(job.inputs[part.input], part, job.read) as stream:

            def write(path: Path) -> None:
                found = tag_file(
                    tagger, stream, path, read=job.read, write=job.write, options=job.options, data=job.data
                )
                if job.write == "conll" and number + 1 < len(job.parts):
                    _end_sentence(path)
                tokens.append(found)

            write_whole(target, write)
        return tokens[0]


def _end_sentence(path: Path) -> None:
    """Add the line end and empty line that a column file may lack: its last sentence would go on in the next file."""
    with path.open("r+b") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - 4))
        end = file.read()
        line_end = b"\r\n" if end.endswith(b"\r\n") else b"\n"
        shown = end.replace(b"\r\n", b"\n")
        if shown and not shown.endswith(b"\n\n"):
            file.write(line_end if shown.endswith(b"\n") else 2 * line_end)


class _Kept(logging.Handler):
    """Keeps what is said."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line."""
        self.lines.append(record.getMessage())


@contextmanager
def _kept_warnings() -> Iterator[list[str]]:
    logger, kept = logging.getLogger("ner"), _Kept()
    logger.addHandler(kept)
    try:
        yield kept.lines
    finally:
        logger.removeHandler(kept)


def fault_of(error: NerError | OSError) -> str:
    """An error as a text that goes to another process."""
    if isinstance(error, DataError):
        path = None if error.path is None else str(error.path)
        return json.dumps(["DataError", [error.message, path, error.line, error.remedy]])
    return json.dumps([type(error).__name__, [str(error)]])


def error_of(fault: str) -> NerError:
    """The error that a fault tells."""
    name, arguments = json.loads(fault)
    if name == "DataError":
        return DataError(*arguments)
    kind = getattr(errors, name, NerError)
    return kind(*arguments) if kind in (ConfigError, ModelError) else NerError(*arguments)
