"""A picture drawn with matplotlib, everything placed in inches so that no sentence makes labels overlap."""

from __future__ import annotations

import textwrap
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from ner.evaluation import plots
from ner.html import colour
from ner.inspection.picture import LYING, HeatMap, Picture, Scale, readable

# All sizes are inches.
_MARGIN = 0.25
_TITLE = 0.4
_HEADING = 0.55  # a map's title, its legend, and the distance to the map above
_ENTITY = 0.28
_ROW = 0.27
_COLUMN = 0.46  # at least
_LINE = 0.19
_CHARACTER, _SMALL = 0.085, 0.064  # of 9 points at most, of 8.5 points on average
_BAR_WIDTH, _BAR_HEIGHT = 1.3, 0.11
_SMALLEST_WIDTH = 7.0

_NAMES_AGAIN = 8  # a last map of more rows has the names below it, too

# Families that, where they are installed, supply the characters that the first lacks.
_FONTS = ("DejaVu Sans", "Noto Sans", "Noto Sans CJK SC", "Noto Sans Arabic", "Noto Sans Devanagari", "Noto Emoji")


def draw(picture: Picture, path: Path) -> None:
    """Draw a picture into a png, svg or pdf file.

    Raises:
        MissingExtraError: matplotlib is not installed.
        DataError: the file cannot be written.
    """
    figure = _Sheet(picture).fill()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph")  # that no font has: a box in the picture says so
        plots.save(figure, path)


class _Sheet:
    """One axes over a whole figure, in inches from its upper left corner, filled from top to bottom."""

    def __init__(self, picture: Picture) -> None:
        self._picture = picture
        self._names = [readable(name) for name in picture.columns]
        longest = max(map(len, self._names), default=1) * _CHARACTER + 0.12
        cells = (text for heat_map in picture.maps for row in heat_map.texts for text in row)
        self._column = max(_COLUMN, max(map(len, cells), default=1) * _CHARACTER + 0.1)
        self._upright = len(self._names) > LYING and longest > self._column
        if not self._upright:
            self._column = max(self._column, longest)
        self._name_height = longest if self._upright else 0.25
        self._names_again = len(picture.maps[-1].rows) > _NAMES_AGAIN
        rows = [len(row) for heat_map in picture.maps for row in heat_map.rows]
        self._left = _MARGIN + max(rows) * _CHARACTER + 0.12
        self._width = max(self._left + self._column * len(self._names) + _MARGIN, _SMALLEST_WIDTH)
        self._caption = textwrap.wrap(picture.caption, int((self._width - 2 * _MARGIN) / _SMALL))
        height = self._measure()
        self._figure = plots.new_figure(self._width, height)
        self._figure.set_layout_engine("none")
        self._axes = self._figure.add_axes((0, 0, 1, 1))
        self._axes.set(xlim=(0, self._width), ylim=(height, 0))
        self._axes.axis("off")
        self._fonts = _installed_fonts()

    def fill(self) -> Any:
        """Draw everything; the figure."""
        self._text(_MARGIN, _MARGIN, self._picture.title, size=13, weight="bold", va="top")
        y = _MARGIN + _TITLE
        for number, heat_map in enumerate(self._picture.maps):
            y = self._heading(heat_map, y)
            if number == 0:
                y = self._entities(y)
                y = self._column_names(y, "bottom")
            y = self._cells(heat_map, y)
        if self._names_again:
            y = self._column_names(y, "top")
        for line in self._caption:
            y += _LINE
            self._text(_MARGIN, y, line, size=8.5, color="#333333")
        return self._figure

    def _measure(self) -> float:
        """The height that `fill` needs."""
        maps = sum(_HEADING + len(heat_map.rows) * _ROW for heat_map in self._picture.maps)
        names = self._name_height * (2 if self._names_again else 1)
        entities = _ENTITY if self._picture.entities else 0
        return 2 * _MARGIN + _TITLE + maps + names + entities + (len(self._caption) + 0.5) * _LINE

    def _heading(self, heat_map: HeatMap, y: float) -> float:
        """The title and the legend of a map; where they end."""
        scale = heat_map.scale
        self._text(_MARGIN, y + 0.2, heat_map.title, size=10, weight="bold")
        middle = y + 0.4
        low, high = (f"{value:{scale.style}}" for value in (scale.low, scale.high))
        x = _MARGIN + len(low) * _CHARACTER
        self._text(x, middle, low, ha="right", size=8.5)
        x += 0.06
        steps = np.linspace(scale.low, scale.high, 64)[None]
        self._mesh(x, middle - _BAR_HEIGHT / 2, _BAR_WIDTH / 64, _BAR_HEIGHT, steps, scale, edge="face")
        x += _BAR_WIDTH + 0.06
        self._text(x, middle, high, size=8.5)
        self._text(x + len(high) * _CHARACTER + 0.1, middle, scale.unit, size=8.5, color="#333333")
        return y + _HEADING

    def _entities(self, y: float) -> float:
        """Bars over the entities' columns; where they end."""
        if not self._picture.entities:
            return y
        entities = self._picture.entities
        ends = [(_MARGIN - self._left) / self._column, *(end for _, _, end, _ in entities)]
        starts = [*(start for _, start, _, _ in entities), len(self._names)]
        for number, (label, start, end, _) in enumerate(entities):
            left, width = self._left + start * self._column + 0.03, (end - start) * self._column - 0.06
            self._axes.fill_between([left, left + width], y, y + _ENTITY - 0.05, color=colour(label), linewidth=0)
            # a name longer than its bar may take half of the free columns between it and its neighbours
            free = min(start - ends[number], starts[number + 1] - end) * self._column
            room = max(3, int((width + free) / _CHARACTER))
            self._text(left + width / 2, y + 0.11, readable(label, room), ha="center", weight="bold", size=8.5)
        return y + _ENTITY

    def _column_names(self, y: float, edge: str) -> float:
        """The names, their last (edge ``bottom``) or first (``top``) letter at the cells; where they end."""
        rotation = 90 if self._upright else 0
        place = y + (self._name_height - 0.05 if edge == "bottom" else 0.05)
        for number, name in enumerate(self._names):
            x = self._left + (number + 0.5) * self._column
            self._text(x, place, name, ha="center", va=edge, rotation=rotation)
        return y + self._name_height

    def _cells(self, heat_map: HeatMap, y: float) -> float:
        """The rows of a map and lines where entities begin and end; where they end."""
        self._mesh(self._left, y, self._column, _ROW, heat_map.values, heat_map.scale, edge="white")
        for number, (name, texts) in enumerate(zip(heat_map.rows, heat_map.texts, strict=True)):
            middle = y + (number + 0.5) * _ROW
            self._text(self._left - 0.08, middle, name, ha="right")
            for column, (value, text) in enumerate(zip(heat_map.values[number], texts, strict=True)):
                x = self._left + (column + 0.5) * self._column
                self._text(x, middle, text, ha="center", size=8, color=heat_map.scale.ink(value))
        bottom = y + len(heat_map.rows) * _ROW
        for boundary in {place for _, start, end, _ in self._picture.entities for place in (start, end)}:
            x = self._left + boundary * self._column
            for ink, width in (("white", 3.5), ("black", 1.5)):  # seen on dark cells, too
                self._axes.plot([x, x], [y, bottom], color=ink, linewidth=width, solid_capstyle="butt")
        return bottom

    def _mesh(
        self, x: float, y: float, width: float, height: float, values: np.ndarray, scale: Scale, edge: str
    ) -> None:
        rows, columns = values.shape
        colours = [[scale.colour(value) for value in row] for row in values.tolist()]
        channels = np.array([[[int(each[i : i + 2], 16) for i in (1, 3, 5)] for each in row] for row in colours])
        self._axes.pcolormesh(
            x + width * np.arange(columns + 1),
            y + height * np.arange(rows + 1),
            channels / 255,
            edgecolors=edge,
            linewidth=0.6,
        )

    def _text(self, x: float, y: float, text: str, size: float = 9, va: str = "center", **looks: Any) -> None:
        # a token may hold dollar signs, which would be read as mathematics
        self._axes.text(x, y, text, size=size, va=va, family=self._fonts, parse_math=False, **looks)


def _installed_fonts() -> list[str]:
    from matplotlib.font_manager import fontManager

    installed = set(fontManager.get_font_names())
    return [name for name in _FONTS if name in installed] or ["sans-serif"]
