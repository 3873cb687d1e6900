"""How results show themselves in a notebook: the tables of a terminal as HTML, and a picture. All text is escaped."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from ner.errors import MissingExtraError
from ner.evaluation import plots
from ner.evaluation.tables import Part, Table
from ner.html import escaped

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_NUMBER = re.compile(r"\s*([-+]?[0-9][0-9.,]*( %)?|-?)\s*")
_TABLE = "border-collapse:collapse;margin:.5em 0;font-variant-numeric:tabular-nums"
_CELL = "padding:.15em .7em;border-bottom:1px solid #8885"
_TEXT = "white-space:pre-wrap;margin:.5em 0"


class Shown:
    """A result that shows itself: `parts` as tables, and `figure` where matplotlib is installed."""

    __slots__ = ()

    def parts(self) -> list[Part]:
        """Texts and tables, in order."""
        raise NotImplementedError

    def figure(self) -> Figure | None:
        """A picture, if there is one.

        Raises:
            MissingExtraError: matplotlib is not installed.
        """
        return None

    def _repr_html_(self) -> str:
        try:
            figure = self.figure()
        except MissingExtraError:
            figure = None
        picture = "" if figure is None else _image(plots.svg(figure))
        return f"<div>{html(self.parts())}{picture}</div>"


def html(parts: Iterable[Part]) -> str:
    """Texts as paragraphs, tables as tables: columns of numbers flush right, the others left."""
    return "".join(
        _table(part) if isinstance(part, Table) else f'<p style="{_TEXT}">{escaped(part)}</p>' for part in parts
    )


def _table(table: Table) -> str:
    columns = zip(*table.rows, strict=True) if table.rows else [[] for _ in table.header]
    sides = ["right" if _are_numbers(column) else "left" for column in columns]
    rows = [_row("th", table.header, sides), *(_row("td", row, sides) for row in table.rows)]
    return f'<table style="{_TABLE}"><thead>{rows[0]}</thead><tbody>{"".join(rows[1:])}</tbody></table>'


def _are_numbers(cells: Sequence[str]) -> bool:
    return any(map(str.strip, cells)) and all(map(_NUMBER.fullmatch, cells))


def _row(tag: str, cells: Iterable[str], sides: Iterable[str]) -> str:
    shown = (
        f'<{tag} style="{_CELL};text-align:{side}">{escaped(cell.strip())}</{tag}>'
        for cell, side in zip(cells, sides, strict=True)
    )
    return f"<tr>{''.join(shown)}</tr>"


def _image(svg: bytes) -> str:
    return f'<img style="max-width:100%" src="data:image/svg+xml;base64,{b64encode(svg).decode()}">'
