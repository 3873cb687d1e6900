"""Rows of a table, made of what was tagged.

Rows of a table stay as they are, types and all, and get ``entities``, as `ner.tagging.arrow` has them, and, where
tokens were tagged, ``predicted_tags``; what has such a name already gets another, see `ner.tagging.own_keys`. What
comes from elsewhere becomes rows of ``text``, ``tokens``, ``entities`` and ``predicted_tags``, with the other keys of
a record and the ``document`` of a column file.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from ner.document import Document
from ner.errors import DataError
from ner.tagging.arrow import ENTITIES, TAGS, entity_dicts, kinds
from ner.tagging.own_keys import aside, set_aside
from ner.tagging.units import Columns, Row, Tagged, Unit
from ner.tagging.writers import other_keys

_DATASETS = b"huggingface"  # where `datasets` keeps its types in a schema
_RECORDS = 4096  # from elsewhere that become one batch; the first decides on the types of their keys

Batches = Callable[[Any, str | None], None]
"""Takes a `pyarrow.RecordBatch`, and the split that its rows are of."""


def own_schema() -> Any:
    """The columns of what comes from no table, without other keys."""
    import pyarrow  # type: ignore[import-untyped]

    return pyarrow.schema({"text": pyarrow.string(), "tokens": pyarrow.list_(pyarrow.string()), **kinds()})


class RowsOutput:
    """An `Output` that makes batches of rows; ``close`` is to be called at the end.

    Args:
        write: takes the batches.
        scheme: of the tags.
    """

    def __init__(self, write: Batches, scheme: str) -> None:
        self._write, self._scheme = write, scheme
        self._columns: dict[str, list[Any]] = {ENTITIES: [], TAGS: []}
        self._records = _Records(write)

    def write(self, pieces: Iterable[tuple[Unit, Tagged]]) -> None:
        """Take the next units, each with what was found in it."""
        for unit, tagged in pieces:
            if isinstance(unit.origin, Row):
                self._add_row(unit, tagged, unit.origin)
            else:
                self._add_records(unit, tagged)

    def flush(self) -> None:
        """Nothing: a table is written in large pieces."""

    def close(self) -> None:
        """Hand on what is left."""
        self._records.close()

    def _add_row(self, unit: Unit, tagged: Tagged, row: Row) -> None:
        for document in unit.documents(tagged.spans):
            self._columns[ENTITIES].append(entity_dicts(document))
            self._columns[TAGS].append(self._tags(document) if row.rows.of_tokens else [])
        if not row.is_last:
            return
        import pyarrow

        batch = row.rows.batch
        for name, kind in kinds().items():
            if name == ENTITIES or row.rows.of_tokens:
                values = pyarrow.array(self._columns[name], kind)
                batch = _with_column(batch, name, values)
            self._columns[name] = []
        self._write(batch, row.rows.split)

    def _add_records(self, unit: Unit, tagged: Tagged) -> None:
        others = set_aside(other_keys(unit), dict.fromkeys(own_schema().names))
        for number, document in enumerate(unit.documents(tagged.spans)):
            record = {
                **({"document": unit.document_of[number]} if isinstance(unit.origin, Columns) else others),
                "text": document.text,
                "tokens": [token.text for token in document.tokens],
                ENTITIES: entity_dicts(document),
                TAGS: self._tags(document),
            }
            self._records.add(record, unit)

    def _tags(self, document: Document) -> list[str]:
        return [tag for tags in document.tags(self._scheme) for tag in tags]


def _with_column(batch: Any, name: str, values: Any) -> Any:
    """The batch with a column at its end; one of that name is renamed."""
    names = batch.schema.names
    if name in names:
        new = aside(name, names)
        metadata = _renamed(batch.schema.metadata, name, new)
        batch = batch.rename_columns([new if one == name else one for one in names]).replace_schema_metadata(metadata)
    return batch.append_column(name, values)


def _renamed(metadata: dict[bytes, bytes] | None, name: str, new: str) -> dict[bytes, bytes] | None:
    """What a schema says of its columns to `datasets`, such as the names of a `ClassLabel`."""
    try:
        told = json.loads((metadata or {})[_DATASETS])
        features = told["info"]["features"]
        told["info"]["features"] = {new if one == name else one: feature for one, feature in features.items()}
    except (KeyError, TypeError, AttributeError, ValueError):  # it says nothing, or nothing that anybody reads
        return metadata
    return {**(metadata or {}), _DATASETS: json.dumps(told).encode()}


class _Records:
    """Collects records that came from no table.

    The keys of the first few thousand, and their types, are those of all.
    """

    def __init__(self, write: Batches) -> None:
        self._write = write
        self._held: list[dict[str, Any]] = []
        self._schema: Any = None
        self._last: Unit | None = None

    def add(self, record: dict[str, Any], unit: Unit) -> None:
        self._held.append(record)
        self._last = unit
        if len(self._held) == _RECORDS:
            self._hand_on()

    def close(self) -> None:
        if self._held:
            self._hand_on()

    def _hand_on(self) -> None:
        import pyarrow

        if self._schema is None:
            self._schema = self._schema_of_first()
        for key in dict.fromkeys(key for record in self._held for key in record):
            if key not in self._schema.names:
                raise self._misfit(f"has the key {key}, which none of the first {_RECORDS} records has")
        columns = [
            self._array(field.name, [record.get(field.name) for record in self._held], field.type)
            for field in self._schema
        ]
        self._write(pyarrow.RecordBatch.from_arrays(columns, schema=self._schema), None)
        self._held = []

    def _schema_of_first(self) -> Any:
        import pyarrow

        own = own_schema()
        others = dict.fromkeys(key for record in self._held for key in record if key not in own.names)
        kinds = {name: self._array(name, [record.get(name) for record in self._held]).type for name in others}
        return pyarrow.schema([*pyarrow.schema(kinds), *own])

    def _array(self, name: str, values: list[Any], kind: Any = None) -> Any:
        import pyarrow

        try:
            return pyarrow.array(values, kind)
        except UnicodeEncodeError as error:
            raise self._misfit(f"holds {error.object[error.start]!r}, half of a surrogate pair") from None
        except (pyarrow.ArrowException, OverflowError) as error:
            raise self._misfit(f"does not hold the same kind of {name} everywhere ({error})") from None

    def _misfit(self, fault: str) -> DataError:
        assert self._last is not None
        last = self._last.line
        return DataError(
            f"{fault}, among the records up to line {last}; a column cannot hold that.",
            self._last.name,
            remedy="Mend the record, take the key out, or write JSONL, which holds anything: --to jsonl.",
        )
