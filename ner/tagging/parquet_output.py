"""The output of parquet: one file, written in row groups."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from ner.corpus.atomic import replacing_bytes
from ner.errors import DataError
from ner.tagging.options import TagOptions
from ner.tagging.outputs import Output, Target
from ner.tagging.rows import RowsOutput, own_schema

_GROUP_ROWS, _GROUP_BYTES = 1 << 16, 1 << 26  # of a row group: held in memory until it is full


@contextmanager
def to_parquet(target: Target, options: TagOptions, title: str) -> Iterator[Output]:
    """One file; rows of several splits are an error."""
    is_path = isinstance(target, (str, os.PathLike))
    with replacing_bytes(target) if is_path else nullcontext(target) as stream:  # type: ignore[arg-type]
        file = _ParquetFile(stream, str(target) if is_path else "<stream>")
        output = RowsOutput(file.write, options.tag_scheme)
        try:
            yield output
            output.close()
            file.close()
        except BaseException:
            file.abandon()
            raise


class _ParquetFile:
    """Writes batches as one parquet file, in row groups of some size."""

    def __init__(self, stream: Any, name: str) -> None:
        self._stream, self._name = _Counting(stream), name
        self._writer: Any = None
        self._held: list[Any] = []
        self._split: str | None = None

    def write(self, batch: Any, split: str | None) -> None:
        import pyarrow.parquet  # type: ignore[import-untyped]

        if self._writer is None:
            self._writer = pyarrow.parquet.ParquetWriter(self._stream, batch.schema)
            self._split = split
        if split != self._split:
            raise DataError(
                f"there are several splits, {self._split} and {split} among them, and a parquet file has none.",
                self._name,
                remedy=f"Name one: FOLDER/{self._split}. Or write a data set: --to dataset.",
            )
        self._held.append(batch)
        rows, size = (sum(getattr(one, name) for one in self._held) for name in ("num_rows", "nbytes"))
        if rows >= _GROUP_ROWS or size >= _GROUP_BYTES:
            self._write_group()

    def close(self) -> None:
        import pyarrow.parquet

        if self._writer is None:  # nothing came in: a table without rows, and nobody knows which other columns
            self._writer = pyarrow.parquet.ParquetWriter(self._stream, own_schema())
        if self._held:
            self._write_group()
        self._writer.close()

    def abandon(self) -> None:
        """Write nothing any more, not even the end of the file."""
        self._stream.abandon()
        if self._writer is not None:
            self._writer.close()

    def _write_group(self) -> None:
        import pyarrow

        self._writer.write_table(pyarrow.Table.from_batches(self._held))
        self._held = []


class _Counting:
    """A stream of bytes that knows how many it took, as pipes do not."""

    closed = False

    def __init__(self, stream: Any) -> None:
        self._stream, self._count = stream, 0

    def abandon(self) -> None:
        """From now on take everything and write nothing."""
        self._stream = io.BytesIO()

    def write(self, data: Any) -> int:
        """All of it."""
        self._stream.write(data)
        self._count += len(data)
        return len(data)

    def tell(self) -> int:
        """The number of bytes so far."""
        return self._count

    def flush(self) -> None:
        """As of the stream."""
        self._stream.flush()

    def close(self) -> None:
        """Nothing: the stream is another's."""
