"""Tables to units, a row each: parquet files, and data sets that `datasets` saved to a folder (``save_to_disk``).

Of texts or of lists of tokens: the column that ``data.tokens`` or ``data.text`` names, or else ``tokens``, ``words``
or ``text``, the first there is. Beside tokens, ``data.text`` or ``text`` may hold the text of which they are; offsets
then count in it. Rows are read a few hundred at a time, and all that they hold goes along. A null is an empty text.
In messages, the number behind the file is that of the row, from 1.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ner.config import DataConfig
from ner.corpus.jsonl import DOCUMENT, TEXT, TOKENS, DocumentCount
from ner.corpus.source import STRETCH, Source, name_of
from ner.errors import DataError
from ner.tagging.readers import aligned, of_offsets, of_text, place
from ner.tagging.units import Row, Rows, Unit
from ner.text import Tokenizer

_ROWS = 512  # read at a time; they stay in memory until all of them are written


def read_parquet(
    source: Source, tokenizer: Tokenizer, data: DataConfig, columns: Sequence[str] = ()
) -> Iterator[Unit]:
    """A unit a row of a parquet file.

    A stream of which only some row groups are to be read says so by an attribute ``row_groups``, their numbers.

    Raises:
        DataError: the source is no parquet file, or a stream that cannot be read from its end; or it has no column of
            texts or tokens, or not those that the model reads.
    """
    import pyarrow  # type: ignore[import-untyped]
    import pyarrow.parquet  # type: ignore[import-untyped]

    name = name_of(source)
    if (not isinstance(source, (str, os.PathLike)) and not source.seekable()) or source == "-":
        raise DataError("a parquet file is read from its end, and a stream has none.", name, remedy="Name the file.")
    try:
        with pyarrow.parquet.ParquetFile(source) as file:
            groups = getattr(source, "row_groups", range(file.num_row_groups))
            before = sum(file.metadata.row_group(group).num_rows for group in range(min(groups, default=0)))
            batches = (
                (batch, number == 0)
                for stretch in group_stretches(file.metadata, groups)
                for number, batch in enumerate(file.iter_batches(batch_size=_ROWS, row_groups=stretch))
            )
            yield from _Reader(file.schema_arrow, name, tokenizer, data, columns).units(batches, before)
    except FileNotFoundError:
        raise DataError(
            "no such file.", name, remedy="Check the path; it is relative to the folder you are in."
        ) from None
    except (OSError, pyarrow.ArrowException) as error:
        raise DataError(f"is no parquet file: {error}.", name, remedy="Is it whole, and what it is named?") from None


def group_stretches(metadata: Any, groups: Sequence[int]) -> list[list[int]]:
    """The row groups of a parquet file in stretches that are tagged as if each were a file.

    Args:
        metadata: of the file.
        groups: consecutive, the first of them the first of a stretch.

    Returns:
        as many row groups at a time as it takes to reach the bytes of a `STRETCH`, unpacked.
    """
    stretches: list[list[int]] = []
    size = STRETCH
    for group in groups:
        if size >= STRETCH:
            stretches.append([])
            size = 0
        stretches[-1].append(group)
        size += metadata.row_group(group).total_byte_size
    return stretches


def read_dataset(
    source: Source, tokenizer: Tokenizer, data: DataConfig, columns: Sequence[str] = ()
) -> Iterator[Unit]:
    """A unit a row of a data set, split after split.

    Raises:
        DataError: the source is no folder that ``save_to_disk`` wrote; or as `read_parquet`.
    """
    name = name_of(source)
    for split, part in _splits(name).items():
        schema = part.features.arrow_schema
        tables = part.with_format("arrow").iter(batch_size=_ROWS)
        batches = (
            (batch.replace_schema_metadata(schema.metadata), False)
            for table in tables
            for batch in table.combine_chunks().to_batches()
        )
        shown = name if split is None else f"{name} {split}"
        yield from _Reader(schema, shown, tokenizer, data, columns, split).units(batches)


def _splits(name: str) -> Mapping[str | None, Any]:
    import datasets

    folder = Path(name)
    if not any((folder / file).is_file() for file in ("dataset_dict.json", "state.json")):
        fault = "is a folder, but no data set that save_to_disk wrote." if folder.is_dir() else "no such folder."
        raise DataError(
            fault,
            name,
            remedy="Name a file or the folder of a data set; `ner tag --engine ray` takes folders of files.",
        )
    try:
        found = datasets.load_from_disk(name)
    except Exception as error:  # whatever a damaged folder makes it raise
        raise DataError(f"cannot be read as a saved data set: {error}.", name, remedy="Save it again.") from error
    return found if isinstance(found, datasets.DatasetDict) else {None: found}


class _Reader:
    """Turns the batches of one table into units.

    Args:
        schema: of the table, a `pyarrow.Schema`.
        name: for messages.
        tokenizer: cuts texts.
        data: names of the columns.
        columns: that the model reads beside the words.
        split: of the data set, if there are several.
    """

    def __init__(
        self,
        schema: Any,
        name: str,
        tokenizer: Tokenizer,
        data: DataConfig,
        columns: Sequence[str],
        split: str | None = None,
    ) -> None:
        self._schema, self._name, self._tokenizer, self._split = schema, name, tokenizer, split
        self._column = self._chosen(data)
        self._of_tokens = self._holds_tokens()
        self._text = self._text_beside(data.text or TEXT) if self._of_tokens else None
        self._columns = columns
        self._values = _value_names(schema, columns) if columns else {}
        self._documents = DocumentCount()

    def units(self, batches: Iterator[tuple[Any, bool]], before: int = 0) -> Iterator[Unit]:
        """Units of batches, each with whether a stretch begins with it, and so many rows before them."""
        number = before
        for batch, begins in batches:
            rows = Rows(batch, self._column, self._of_tokens, self._split, self._text)
            size = batch.nbytes // max(1, batch.num_rows)
            for index, (value, beside) in enumerate(
                zip(batch.column(self._column).to_pylist(), self._beside(batch), strict=True)
            ):
                number += 1
                text = None if self._text is None else beside[self._text]
                unit = self._unit(value, text, number, Row(rows, index))
                unit.size, unit.begins = size, begins and not index
                place(unit, beside, not self._of_tokens, self._documents, self._columns)
                yield unit
        if number == before:
            yield Unit([], name=self._name, origin=Row(self._no_rows(), -1))

    def _no_rows(self) -> Rows:
        import pyarrow

        empty = pyarrow.RecordBatch.from_pylist([], schema=self._schema)
        return Rows(empty, self._column, self._of_tokens, self._split)

    def _unit(self, value: Any, text: str | None, number: int, row: Row) -> Unit:
        if not self._of_tokens:
            return of_text(value or "", self._tokenizer, self._name, number, row)
        tokens = value or []
        if None in tokens:
            raise DataError(f"{self._column} holds a null among its tokens.", self._name, number, "Mend the row.")
        if text is None or not tokens:
            return Unit([tokens], name=self._name, line=number, origin=row)
        return of_offsets(text, [aligned(tokens, text, self._column, self._name, number)], self._name, number, row)

    def _beside(self, batch: Any) -> list[dict[str, Any]]:
        """Of each row, the document, the text of tokens, and the columns that the model reads."""
        asked = (DOCUMENT, self._text, *self._columns)
        wanted = [name for name in asked if name in batch.schema.names and name != self._column]
        if not wanted:
            return [{} for _ in range(batch.num_rows)]
        found: list[dict[str, Any]] = batch.select(wanted).to_pylist()
        for row in found:
            for key, names in self._values.items():
                row[key] = [value if value is None else names[value] for value in row[key] or ()]
        return found

    def _chosen(self, data: DataConfig) -> str:
        own = self._schema.names
        asked = data.tokens or data.text
        wanted = [asked] if asked else [*TOKENS, TEXT]
        found = next((name for name in wanted if name in own), None)
        if found is None:
            raise DataError(
                f"has the columns {', '.join(own) or 'none'}, and {' or '.join(wanted)} is not among them.",
                self._name,
                remedy="Set data.text to the one that holds texts, or data.tokens to one of lists of tokens.",
            )
        return found

    def _text_beside(self, name: str) -> str | None:
        """The column that holds the texts of which the tokens are; None where there is none."""
        return name if name in self._schema.names and _is_text(self._schema.field(name).type) else None

    def _holds_tokens(self) -> bool:
        import pyarrow

        kind = self._schema.field(self._column).type
        if _is_text(kind) or pyarrow.types.is_null(kind):
            return False
        lists = ("is_list", "is_large_list", "is_fixed_size_list")
        if any(getattr(pyarrow.types, test)(kind) for test in lists) and _is_text(kind.value_type):
            return True
        raise DataError(
            f"column {self._column} holds {kind}, neither texts nor lists of tokens.",
            self._name,
            remedy="Set data.text or data.tokens to another column.",
        )


def _is_text(kind: Any) -> bool:
    from pyarrow import types

    kind = kind.value_type if types.is_dictionary(kind) else kind
    return any(getattr(types, test)(kind) for test in ("is_string", "is_large_string", "is_string_view"))


def _value_names(schema: Any, columns: Sequence[str]) -> dict[str, list[str]]:
    """The names of the numbers in columns of `datasets.ClassLabel`."""
    import datasets

    features = datasets.Features.from_arrow_schema(schema)
    found = {}
    for key in columns:
        feature = features.get(key)
        inner = feature[0] if isinstance(feature, list) else getattr(feature, "feature", None)
        names = getattr(inner, "names", None)
        if names is not None:
            found[key] = names
    return found
