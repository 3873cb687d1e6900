"""Rows of a Hugging Face data set through a tagger: what ``dataset.map(tagger, batched=True)`` calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ner.corpus.jsonl import TOKENS
from ner.errors import DataError
from ner.tagging.arrow import ENTITIES, TAGS, entity_dicts, kinds

if TYPE_CHECKING:
    from ner.tagger import Tagger

TEXT = "text"


def tag_rows(tagger: Tagger, rows: Mapping[str, Any], column: str | None = None) -> dict[str, Any]:
    """New columns for a row, or for a batch of rows given column by column.

    Args:
        tagger: a loaded model.
        rows: values by the names of columns, as ``map`` hands them over.
        column: of texts, or of lists of tokens; by default ``tokens``, ``words`` or ``text``, the first there is.

    Returns:
        ``entities``, of each row a list of ``{"text", "label", "start", "end", "score"}`` by character of the text
        (of tokens: joined by blanks); and for tokens ``predicted_tags``, a tag a token in IOB2.

    Raises:
        DataError: there is no such column, or it holds neither texts nor lists of tokens.
    """
    from datasets.formatting.formatting import LazyBatch, LazyRow  # what map hands over

    name = column or next((one for one in (*TOKENS, TEXT) if one in rows), "")
    if name not in rows:
        raise DataError(
            f"the rows have the columns {', '.join(rows) or 'none'}, and {name or 'tokens, words or text'} is not "
            "among them.",
            remedy='Name the column: dataset.map(tagger, batched=True, fn_kwargs={"column": "sentence"}).',
        )
    values = rows[name]
    if isinstance(rows, (LazyRow, LazyBatch)):
        single = isinstance(rows, LazyRow)
    else:
        single = isinstance(values, str) or (_are(values, str) and name in TOKENS)
    batch = [values] if single else list(values)
    of_tokens = not _are(batch, str)
    if of_tokens and not all(_are(one, str) for one in batch):
        raise DataError(f"column {name} holds neither texts nor lists of tokens.", remedy="Name another column.")
    documents = tagger.tag_tokens(batch) if of_tokens else list(tagger.stream(batch))
    columns: dict[str, list[Any]] = {ENTITIES: [entity_dicts(document) for document in documents]}
    if of_tokens:
        columns[TAGS] = [document.tags()[0] for document in documents]
    if isinstance(rows, (LazyRow, LazyBatch)):
        columns = _typed(columns)
    return {key: value[0] if single else value for key, value in columns.items()}


def _are(values: object, kind: type) -> bool:
    return isinstance(values, Sequence) and all(isinstance(one, kind) for one in values)


def _typed(columns: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """With types, which ``map`` cannot tell from a first batch in which there is no entity."""
    import pyarrow  # type: ignore[import-untyped]

    known = kinds()
    return {key: [pyarrow.scalar(one, known[key]) for one in values] for key, values in columns.items()}
