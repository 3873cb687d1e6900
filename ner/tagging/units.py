"""What goes in: a unit is the least piece of a file that is written out in one piece."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ner.document import Document, Offsets, ScoredSpan
from ner.features.tags import TagSet
from ner.prediction import Explanation


@dataclass(slots=True)
class Unit:
    """A line of text, a JSONL record, or a stretch of a column file, with the sentences in it.

    Attributes:
        sentences: their tokens.
        text: the raw text; None where the input is tokens alone.
        offsets: of the tokens in the text, sentence by sentence; None as ``text``.
        name, line: the file, and the 1-based line where the unit begins, for messages.
        origin: what the writer needs to give back what came in: a `Columns`, a `Row`, or the other keys of a record.
        size: characters of the record that it was read from, the other keys included; 0 where there are none.
        document_of: the number of each sentence's document, the same in the next unit if that goes on with it.
        is_closed: whether what follows the unit is another document for certain.
        columns: what the model reads beside the words: for each sentence a list a column; None where there is none.
        begins: a stretch of a long file begins with it, which is tagged as if it were the beginning of a file.
    """

    sentences: list[list[str]]
    text: str | None = None
    offsets: list[Offsets] | None = None
    name: str = ""
    line: int = 0
    origin: Any = None
    size: int = 0
    document_of: list[int] = field(default_factory=list)
    is_closed: bool = True
    columns: list[list[list[str]]] | None = None
    begins: bool = False

    def documents(self, spans: list[list[ScoredSpan]]) -> list[Document]:
        """The unit as documents: one for a text, one for each sentence of tokens."""
        if self.text is not None and self.offsets is not None:
            return [Document(self.text, self.offsets, spans)]
        return [Document.of_tokens(tokens, found) for tokens, found in zip(self.sentences, spans, strict=True)]


@dataclass(frozen=True, slots=True)
class Tagged:
    """What the model found in the sentences of a unit.

    Attributes:
        spans: the entities, sentence by sentence.
        explanations: how sure it is of each sentence; None if nobody asked.
        tagset: what the columns of the explanations' marginals are.
    """

    spans: list[list[ScoredSpan]]
    explanations: list[Explanation] | None
    tagset: TagSet


@dataclass(slots=True)
class Columns:
    """A stretch of a column file as it came: joined by LF, its lines are what was read.

    Attributes:
        lines: token lines, comments, empty lines and all; a CR that ends a line and a byte order mark included.
        separator: that a further column is set off with.
        places: for each sentence the lines of its tokens.
        fillers: lines that are no token but have the file's columns, and what the further column holds there.
        plain: one sentence, its lines in a row and without CR.
        boundaries: so many documents begin in the stretch.
    """

    lines: list[str]
    separator: str
    places: list[Sequence[int]]
    fillers: dict[int, str] = field(default_factory=dict)
    plain: bool = False
    boundaries: int = 0


class Rows:
    """Rows of a table that were read together.

    Attributes:
        batch: a `pyarrow.RecordBatch` with all of their columns.
        column: the one that is tagged.
        of_tokens: it holds lists of tokens, not texts.
        split: of the data set; None where there is but one.
        text: the column of the texts of which the tokens are, if there is one.
    """

    def __init__(self, batch: Any, column: str, of_tokens: bool, split: str | None, text: str | None = None) -> None:
        self.batch, self.column, self.of_tokens, self.split = batch, column, of_tokens, split
        self._text = text

    @cached_property
    def others(self) -> list[dict[str, Any]]:
        """What each row holds beside what is tagged."""
        kept = [name for name in self.batch.schema.names if name not in (self.column, self._text)]
        return self.batch.select(kept).to_pylist() if kept else [{} for _ in range(self.batch.num_rows)]


@dataclass(frozen=True, slots=True)
class Row:
    """One of `Rows`, by its number; -1 where there is none, so that an empty table comes through, too."""

    rows: Rows
    index: int

    @property
    def is_last(self) -> bool:
        """Whether no other row follows that was read with it."""
        return self.index == self.rows.batch.num_rows - 1
