"""Many files through one model: `ner.tag_files`."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ner.config import DataConfig
from ner.errors import ConfigError, DataError
from ner.integrations.ray.cutting import check_size, cut
from ner.integrations.ray.inputs import find_inputs, kind_of
from ner.integrations.ray.job import DONE, WRITES, Job, begin, fingerprint
from ner.integrations.ray.places import listed, locate, write_once
from ner.integrations.ray.pool import run_on_ray
from ner.integrations.ray.worker import Done, error_of
from ner.prediction import Precision
from ner.tagging.options import TagOptions
from ner.tagging.pipeline import check_reading

logger = logging.getLogger(__name__)

Runner = Callable[[Job, str, Sequence[int]], Iterator[Done]]
"""Takes a job, the name of its folder and numbers of parts, and tells of each when it is done."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is.

    Attributes:
        parts: of the job.
        before: of these, done by those who worked on it before.
        done: by us.
        tokens: in what we did.
    """

    parts: int
    before: int
    done: int
    tokens: int


def tag_files(
    model: str | os.PathLike[str],
    inputs: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    output: str | os.PathLike[str],
    *,
    read: str | None = None,
    write: str | None = None,
    options: TagOptions | None = None,
    data: DataConfig | None = None,
    precision: Precision = "fp32",
    part_size: int = 16,
    workers: int | None = None,
    address: str | None = None,
    device: str = "cpu",
    threads: int = 1,
    listener: Callable[[Progress], None] = lambda progress: None,
    runner: Runner | None = None,
) -> Progress:
    """Tag files of any number and size on the cores of this machine or of a cluster, with Ray (extra ``ray``).

    The output is a folder of parts. The names of the parts sort as their contents came in, and put together they are
    what `ner.tag_file` writes of the same files. Called again after a kill, it tags what is missing.

    Args:
        model: as for `ner.load`; every machine must see it there.
        inputs: files, folders, and patterns such as ``corpus/**/*.jsonl``, or one of them: paths, or URIs as
            ``s3://bucket/corpus``. What lies in the output folder is left out.
        output: a folder, a path or a URI; one that is new, or holds the parts of the same job.
        read: ``text``, ``conll``, ``jsonl`` or ``parquet``; by default by the names.
        write: ``text``, ``conll``, ``jsonl`` or ``parquet``; by default what was read, and ``jsonl`` for
            text.
        options, data: as for `ner.tag_file`.
        precision: as for `ner.load`.
        part_size: MiB of the input that make a part; parquet is counted unpacked. A multiple of 4.
        workers, address, device, threads: as for `ner.integrations.ray.pool.run_on_ray`.
        listener: is told how far it is: before the first part, and after each.
        runner: does the work in place of Ray.

    Returns:
        how far it is, that is, done.

    Raises:
        DataError: an input cannot be read, as `ner.tag_file` says it; the parts that are done stay. Or there is
            something else in the output folder.
        ConfigError, ModelError: the options ask for what cannot be; there is no such model.
        MissingExtraError: Ray is not installed.
    """
    job = plan(model, inputs, output, read, write, options, data, precision, part_size)
    folder = locate(output)
    missing = begin(job, folder, os.fspath(output))
    progress = Progress(len(job.parts), len(job.parts) - len(missing), 0, 0)
    listener(progress)
    if missing:
        run = runner or partial(run_on_ray, workers=workers, address=address, device=device, threads=threads)
        for done in run(job, folder.name, missing):
            for line in done.warnings.splitlines():
                logger.warning("%s", line)
            if done.fault:
                raise error_of(done.fault)
            progress = Progress(progress.parts, progress.before, progress.done + 1, progress.tokens + done.tokens)
            listener(progress)
    names = set(listed(folder))
    lost = [job.name_of(number) for number in range(len(job.parts)) if job.name_of(number) not in names]
    if lost:
        raise DataError(
            f"{len(lost)} parts are missing that were written, {lost[0]} among them.",
            os.fspath(output),
            remedy="Do all machines see the same folder? Run the command again.",
        )
    write_once(folder.beside(DONE), b"")
    return progress


def plan(
    model: str | os.PathLike[str],
    inputs: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    output: str | os.PathLike[str],
    read: str | None = None,
    write: str | None = None,
    options: TagOptions | None = None,
    data: DataConfig | None = None,
    precision: Precision = "fp32",
    part_size: int = 16,
) -> Job:
    """What is to be done; see `tag_files`. Looks at the inputs, and writes nothing."""
    size = check_size(part_size)
    options, data = options or TagOptions(), data or DataConfig()
    name = str(model) if str(model).startswith("hub:") else str(Path(model).absolute())
    checksum, context = fingerprint(name)
    found = find_inputs(inputs, locate(output))
    read = kind_of(found, read)
    write = write or ("jsonl" if read == "text" else read)
    if write not in WRITES:
        raise ConfigError(f"--to {write}: --engine ray writes {', '.join(WRITES)}, which can be put together")
    if read == "jsonl" and write == "parquet":
        raise ConfigError("--to parquet: the parts of JSONL may have other keys each; read parquet, or write JSONL")
    check_reading({read}, data)
    options.check_output(write)
    parts = cut(found, read, size, whole=bool(context))
    return Job(name, checksum, read, write, options, data, precision, size, found, parts)
