"""What is added to the rows of a table, and its Arrow types, which cannot be told from rows without an entity."""

from __future__ import annotations

from typing import Any

from ner.document import Document

ENTITIES, TAGS = "entities", "predicted_tags"


def kinds() -> dict[str, Any]:
    """The types of the columns of entities and of tags."""
    import pyarrow  # type: ignore[import-untyped]

    text, place = pyarrow.string(), pyarrow.int64()
    fields = {"text": text, "label": text, "start": place, "end": place, "score": pyarrow.float64()}
    return {ENTITIES: pyarrow.list_(pyarrow.struct(fields)), TAGS: pyarrow.list_(text)}


def entity_dicts(document: Document) -> list[dict[str, Any]]:
    """The entities of a document as a cell of their column."""
    return [entity._asdict() for entity in document.entities]
