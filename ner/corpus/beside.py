"""What is known of sentences beside their tokens: in which documents they stand, and further columns."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, NoReturn

from ner.corpus.table import OTHERS, columns
from ner.errors import DataError

if TYPE_CHECKING:
    import datasets


@dataclass(frozen=True, slots=True)
class Beside:
    """Of S sentences, what is not in their tokens.

    Attributes:
        documents: a number for each sentence; neighbours with the same number stand in one document, one after the
            other. None where each sentence stands alone.
        columns: for each sentence a list a column of the model, each with a value a token; None where there are none.
    """

    documents: Sequence[int] | None = None
    columns: Sequence[Sequence[Sequence[str]]] | None = None

    def take(self, numbers: Sequence[int]) -> Beside:
        """What is known of some of the sentences, in the order given."""
        documents, columns = self.documents, self.columns
        return Beside(
            None if documents is None else [documents[number] for number in numbers],
            None if columns is None else [columns[number] for number in numbers],
        )

    def groups(self) -> list[list[int]]:
        """The numbers of the sentences, document by document."""
        documents = self.documents or ()
        return [list(group) for _, group in groupby(range(len(documents)), documents.__getitem__)]


ALONE = Beside()
"""Nothing is known: each sentence stands alone."""


def beside_of(dataset: datasets.Dataset, names: Sequence[str] = ()) -> Beside:
    """The documents of the sentences of a table, counted as they come, and some of their further columns.

    Raises:
        DataError: a sentence has not all of these columns.
    """
    place: tuple[str, int] | None = None
    documents: list[int] = []
    values: list[list[list[str]]] = []
    for file, document, line, others in columns(dataset, "file", "document", "line", OTHERS):
        new = (file, document) != place
        place = file, document
        documents.append(documents[-1] + new if documents else 0)
        if names:
            found = {one["name"]: one["values"] for one in others}
            values.append([found[name] if name in found else _missing(name, found, file, line) for name in names])
    return Beside(documents, values if names else None)


def _missing(name: str, found: Collection[str], file: str, line: int) -> NoReturn:
    raise DataError(
        f"there is no column {name} beside words and tags.",
        file,
        line or None,
        "Name a column by its position, counted from 0, in column files, by its key in JSONL and datasets"
        + (f"; there are {', '.join(found)}." if found else "."),
    )
