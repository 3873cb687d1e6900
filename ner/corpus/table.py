"""Sentences -> `datasets.Dataset`: the corpus in memory is an Arrow table, small and quick to copy and to hash.

Columns: ``tokens`` and ``tags`` (lists of strings, the tags as the file has them), ``document``, ``line`` and
``weight`` (as in `Sentence`), ``file``, and ``columns``: those of the file's other columns that were asked for, each
with its ``name`` and ``values``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from ner.corpus.sentence import Sentence
from ner.errors import DataError
from ner.printable import printable

if TYPE_CHECKING:
    import datasets

OTHERS = "columns"
COLUMNS = ("tokens", "tags", "document", "line", "file", "weight", OTHERS)
_BATCH = 10_000  # sentences held as Python objects at a time


def to_dataset(sentences: Iterable[tuple[str, Sentence]], others: Collection[str] | None = ()) -> datasets.Dataset:
    """The table of sentences, each given with the name of its file.

    Args:
        sentences: with their tags.
        others: names of the further columns to keep, where a sentence has them; None for all.

    Raises:
        DataError: a sentence without tags, or with a lone surrogate, which no file can hold as text.
    """
    import datasets
    import pyarrow  # type: ignore[import-untyped]

    strings = pyarrow.list_(pyarrow.string())
    schema = pyarrow.schema(
        {
            "tokens": strings,
            "tags": strings,
            "document": pyarrow.int64(),
            "line": pyarrow.int64(),
            "file": pyarrow.string(),
            "weight": pyarrow.float64(),
            OTHERS: pyarrow.list_(pyarrow.struct({"name": pyarrow.string(), "values": strings})),
        }
    )
    stream = iter(sentences)
    batches = []
    while batch := list(islice(stream, _BATCH)):
        for name, sentence in batch:
            if sentence.tags is None:
                raise _no_tags(name, sentence)
        columns = {
            "tokens": [sentence.tokens for _, sentence in batch],
            "tags": [sentence.tags for _, sentence in batch],
            "document": [sentence.document for _, sentence in batch],
            "line": [sentence.line for _, sentence in batch],
            "file": [printable(name) for name, _ in batch],  # in the file system's bytes, perhaps no text
            "weight": [sentence.weight for _, sentence in batch],
            OTHERS: [_others(sentence, others) for _, sentence in batch],
        }
        try:
            batches.append(pyarrow.table(columns, schema=schema))
        except UnicodeEncodeError:
            raise _surrogate(batch) from None
    table = pyarrow.concat_tables(batches) if batches else schema.empty_table()
    return datasets.Dataset(table)


def _no_tags(name: str, sentence: Sentence) -> DataError:
    if all("," in token for token in sentence.tokens):
        remedy = "The lines hold commas: if they separate columns, put tabs: tr ',' '\\t' < FILE > NEW."
    else:
        remedy = "Each needs one, to train on or to score: is data.separator, data.tag_column or data.tags set right?"
    return DataError("words without tags.", name, sentence.line or None, remedy)


def _others(sentence: Sentence, names: Collection[str] | None) -> list[dict[str, Any]]:
    wanted = sentence.columns if names is None else [name for name in sentence.columns if name in names]
    return [{"name": name, "values": sentence.columns[name]} for name in wanted]


def columns(dataset: datasets.Dataset, *names: str) -> Iterator[tuple[Any, ...]]:
    """The rows of some columns, one after the other, faster than by way of the dataset's own iterator."""
    for table in dataset.select_columns(list(names)).with_format("arrow").iter(batch_size=_BATCH):
        yield from zip(*(table.column(name).to_pylist() for name in names), strict=True)


def _surrogate(batch: list[tuple[str, Sentence]]) -> DataError:
    for name, sentence in batch:
        for text in (*sentence.tokens, *(sentence.tags or ()), *chain.from_iterable(sentence.columns.values())):
            try:
                text.encode()
            except UnicodeEncodeError:
                return DataError(
                    f"{text!r} holds half of a surrogate pair, which is no character.",
                    name,
                    sentence.line or None,
                    "The text was cut or decoded wrongly: mend it, or leave the half out.",
                )
    raise AssertionError("Arrow refused strings that Python encodes")
