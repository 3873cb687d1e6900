"""Plain text tables, aligned for a terminal and a log file."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under a header; as a string, `text_table` of them.

    Attributes:
        header, rows, left: as for `text_table`.
    """

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    left: int = 1

    def __str__(self) -> str:
        return text_table(self.header, self.rows, self.left)


Part = str | Table
"""Of a result that is shown: words, or a table."""


def text(parts: Iterable[Part]) -> str:
    """Words and tables, an empty line between them."""
    return "\n\n".join(map(str, parts))


def text_table(header: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1) -> str:
    """Lay out rows under a header.

    Args:
        header: the names of the columns.
        rows: as many cells each as the header has.
        left: so many columns are flush left, the others flush right.

    Returns:
        Lines without trailing blanks, joined by newlines, without a last newline.
    """
    lines = [list(header), *map(list, rows)]
    widths = [max(map(_width, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(
            cell + " " * (width - _width(cell)) if number < left else " " * (width - _width(cell)) + cell
            for number, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def percent(fraction: float) -> str:
    """A fraction as a percentage to two places, without the sign: conlleval's way."""
    return f"{100 * fraction:.2f}"


def _width(text: str) -> int:
    """Columns in a terminal: two for wide East Asian characters, none for combining ones."""
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )
