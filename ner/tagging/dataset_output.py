"""The output of data sets: a folder as ``save_to_disk`` of `datasets` writes it, with the splits that were read."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from ner.corpus.atomic import replacing_folder
from ner.errors import DataError
from ner.tagging.options import TagOptions
from ner.tagging.outputs import Output, Target
from ner.tagging.rows import RowsOutput, own_schema


@contextmanager
def to_dataset(target: Target, options: TagOptions, title: str) -> Iterator[Output]:
    """A folder that is not there yet, or empty."""
    if not isinstance(target, (str, os.PathLike)) or target == "-":
        raise DataError("a data set is a folder.", "<stdout>", remedy="Name one: --output FOLDER.")
    with replacing_folder(target) as folder:
        with _Splits(folder / ".rows", os.fspath(target)) as splits:
            output = RowsOutput(splits.write, options.tag_scheme)
            yield output
            output.close()
        splits.save(folder)
        splits.clear()


class _Splits:
    """Writes batches into an Arrow file a split, and makes a saved data set of them."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._name = folder, name
        folder.mkdir()
        self._files: dict[str | None, tuple[Path, Any, Any]] = {}
        self._open = ExitStack()

    def __enter__(self) -> _Splits:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def write(self, batch: Any, split: str | None) -> None:
        import pyarrow  # type: ignore[import-untyped]

        if split not in self._files:
            self._files[split] = self._new(batch.schema)
        _, schema, writer = self._files[split]
        try:
            writer.write_table(pyarrow.Table.from_batches([batch]).cast(schema))
        except pyarrow.ArrowException as error:
            raise DataError(
                f"datasets cannot hold a column of the input: {error}.", self._name, remedy="Write --to parquet."
            ) from None

    def save(self, folder: Path) -> None:
        """Write the folder that `datasets.load_from_disk` reads."""
        import datasets

        if not self._files:
            self._files[None] = self._new(own_schema())
            self._open.close()
        silent = datasets.are_progress_bars_disabled()
        datasets.disable_progress_bars()
        try:
            parts = {split: datasets.Dataset.from_file(str(path)) for split, (path, *_) in self._files.items()}
            # As many files as it takes, but one at least: of none, `datasets` cannot load the folder.
            files = {split: None if len(part) else 1 for split, part in parts.items()}
            if None in parts:
                parts[None].save_to_disk(str(folder), num_shards=files[None])
            else:
                datasets.DatasetDict(parts).save_to_disk(str(folder), num_shards=files)
        finally:
            if not silent:
                datasets.enable_progress_bars()

    def clear(self) -> None:
        """Take the Arrow files away."""
        shutil.rmtree(self._folder)

    def _new(self, schema: Any) -> tuple[Path, Any, Any]:
        """The file of a split, the schema that `datasets` makes of its columns, and its writer."""
        import datasets
        import pyarrow

        schema = datasets.Features.from_arrow_schema(schema).arrow_schema
        path = self._folder / f"{len(self._files)}.arrow"
        return path, schema, self._open.enter_context(pyarrow.ipc.new_stream(str(path), schema))
