"""Inputs to parts: the same inputs and the same size give the same parts, on any machine, at any time."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from ner.corpus.source import STRETCH
from ner.errors import ConfigError, DataError
from ner.integrations.ray.inputs import Input
from ner.integrations.ray.places import locate, reported
from ner.tagging.tables import group_stretches

MIB = 1 << 20
_CUT = ("text", "jsonl", "parquet")
_AT_A_TIME = 16  # files whose beginnings or ends are looked at
_GZIP = b"\x1f\x8b"


class Part(NamedTuple):
    """What one worker tags in one go.

    Attributes:
        input: the number of the file.
        start, stop: the lines that begin from the one byte on and before the other; of parquet, row groups. A file
            that is not cut has 0 and -1, and so has ``stop`` a file's last part.
    """

    input: int
    start: int
    stop: int

    @property
    def is_whole(self) -> bool:
        """Whether it is all of a file."""
        return (self.start, self.stop) == (0, -1)


def check_size(mebibytes: int) -> int:
    """The size of parts in bytes.

    Raises:
        ConfigError: files cannot be cut there.
    """
    least = STRETCH // MIB
    if mebibytes < 1 or mebibytes * MIB % STRETCH:
        raise ConfigError(f"--part-size {mebibytes}: expected a multiple of {least}, in MiB")
    return mebibytes * MIB


def cut(inputs: Sequence[Input], read: str, size: int, *, whole: bool = False) -> list[Part]:
    """The parts of all inputs, in their order.

    Lines of text and JSONL are cut at every ``size`` bytes, parquet between row groups, once these have so many bytes
    unpacked. What cannot be read from the middle is left whole: gzip and column files. Files without a byte have no
    part.

    Args:
        inputs: the files.
        read: what they are.
        size: of a part, a multiple of `STRETCH`, where the windows of a plain ``ner tag`` begin anew.
        whole: leave every file whole.

    Raises:
        DataError: a file cannot be looked into.
    """

    def parts(number: int) -> list[Part]:
        one = inputs[number]
        if whole or read not in _CUT or one.size <= size:
            return [Part(number, 0, -1)] if one.size or read == "parquet" else []
        starts = _starts_in_table(one, size) if read == "parquet" else _starts_in_text(one, size)
        return [Part(number, *pair) for pair in zip(starts, [*starts[1:], -1], strict=True)]

    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        return [part for found in pool.map(parts, range(len(inputs))) for part in found]


def _starts_in_text(one: Input, size: int) -> list[int]:
    place = locate(one.name)
    with reported(place), place.system.open_input_file(place.path) as file:
        packed = bytes(file.read(2)) == _GZIP
    return [0] if packed else list(range(0, one.size, size))


def _starts_in_table(one: Input, size: int) -> list[int]:
    """The row groups with which parts begin; each is the first of a stretch."""
    metadata = _metadata(one)
    starts, held = [0], 0
    for stretch in group_stretches(metadata, range(metadata.num_row_groups)):
        if held >= size:
            starts.append(stretch[0])
            held = 0
        held += sum(metadata.row_group(group).total_byte_size for group in stretch)
    return starts


def _metadata(one: Input) -> Any:
    import pyarrow  # type: ignore[import-untyped]
    import pyarrow.parquet  # type: ignore[import-untyped]

    place = locate(one.name)
    try:
        with place.system.open_input_file(place.path) as file:
            return pyarrow.parquet.read_metadata(file)
    except (OSError, pyarrow.ArrowException) as error:
        raise DataError(
            f"is no parquet file: {error}.", one.shown, remedy="Is it whole, and what it is named?"
        ) from None
