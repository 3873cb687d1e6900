"""A picture before anyone draws it: heat-maps under each other, over the same columns."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ner.corpus.atomic import replacing
from ner.document import ScoredSpan
from ner.errors import NerError

ENDINGS = (".png", ".svg", ".pdf", ".html")
MOST_COLUMNS = 120
LYING = 14
"""So many columns have room for names that lie; those of more are written upwards."""

_JOINERS = "\u200c\u200d"  # not printable, and yet part of the spelling of Persian words and of emoji

BLANK = "#E9E9E9"
"""The colour of a cell without a value."""


@dataclass(frozen=True)
class Scale:
    """From values to colours.

    Attributes:
        stops: colours from the lowest to the highest value, at even distances.
        low, high: those values; what lies beyond is shown as these.
        unit: what is measured, and in what.
        style: how a value is written.
    """

    stops: tuple[str, ...]
    low: float
    high: float
    unit: str
    style: str = ".2f"

    def colour(self, value: float) -> str:
        """The colour of a value; `BLANK` for NaN."""
        if np.isnan(value):
            return BLANK
        place = float(np.clip((value - self.low) / ((self.high - self.low) or 1), 0, 1)) * (len(self.stops) - 1)
        left = min(int(place), len(self.stops) - 2)
        pair = zip(_channels(self.stops[left]), _channels(self.stops[left + 1]), strict=True)
        return "#" + "".join(f"{round(a + (b - a) * (place - left)):02x}" for a, b in pair)

    def ink(self, value: float) -> str:
        """Black or white, whichever is easier to read on that colour (WCAG 2, relative luminance)."""
        linear = [(channel / 255) ** 2.2 for channel in _channels(self.colour(value))]
        luminance = float(np.dot(linear, (0.2126, 0.7152, 0.0722)))
        return "#000000" if (luminance + 0.05) ** 2 > 0.05 * 1.05 else "#ffffff"


# Two that rise in lightness and look alike to every kind of colour vision (Nunez et al. 2018; van der Walt & Smith
# 2015), and one with two arms, orange to purple, that the colour-blind tell apart (Harrower & Brewer 2003).
CIVIDIS = (
    "#00224e", "#083370", "#35456c", "#4f576c", "#666970", "#7d7c78", "#948e77", "#aea371", "#c8b866", "#e5cf52",
    "#fee838",
)  # fmt: skip
VIRIDIS = (
    "#440154", "#482475", "#414487", "#355f8d", "#2a788e", "#21918c", "#22a884", "#44bf70", "#7ad151", "#bddf26",
    "#fde725",
)  # fmt: skip
ORANGE_TO_PURPLE = (
    "#b25706", "#e08214", "#fcb761", "#fee0b6", "#f6f6f7", "#d8daeb", "#b1aad1", "#8073ac", "#532687",
)  # fmt: skip


@dataclass(frozen=True)
class HeatMap:
    """Values as coloured cells.

    Attributes:
        title: what is shown.
        rows: the names of the R rows.
        values: ``[R, C]``; NaN for a cell without colour.
        texts: what is written into the cells, ``[R][C]``.
        scale: of the colours; maps with equal scales share one legend.
    """

    title: str
    rows: tuple[str, ...]
    values: NDArray[np.float64]
    texts: tuple[tuple[str, ...], ...]
    scale: Scale


@dataclass(frozen=True)
class Picture:
    """Heat-maps over the same C columns.

    Attributes:
        title: the headline.
        caption: how to read it, in whole sentences.
        columns: the names of the columns.
        maps: from top to bottom.
        entities: drawn above the columns they cover; empty where the columns are no sentence.
    """

    title: str
    caption: str
    columns: tuple[str, ...]
    maps: tuple[HeatMap, ...]
    entities: tuple[ScoredSpan, ...] = ()

    def write(self, path: str | os.PathLike[str]) -> Path:
        """Draw it into a file, whole or not at all, in the format of its ending, and return the path.

        Raises:
            NerError: another ending than png, svg, pdf or html, or more than 120 columns.
            DataError: the file cannot be written.
            MissingExtraError: matplotlib is not installed; html does without.
        """
        from ner.inspection.figure import draw
        from ner.inspection.page import page

        file = Path(path)
        if file.suffix.lower() not in ENDINGS:
            raise NerError(f"{file}: pictures are written to files that end in {', '.join(ENDINGS)}.")
        if len(self.columns) > MOST_COLUMNS:
            raise NerError(
                f"{len(self.columns)} columns are too many to be read in a picture, it takes up to {MOST_COLUMNS}; "
                "give a shorter sentence, or take the numbers instead (to_json, --json)."
            )
        if file.suffix.lower() == ".html":
            with replacing(file) as stream:
                stream.write(page(self))
        else:
            draw(self, file)
        return file


def numbers(values: NDArray[np.float64], style: str) -> tuple[tuple[str, ...], ...]:
    """Values as the texts of cells, empty for NaN, and no minus before a zero."""
    places = int(style[-2])
    return tuple(
        tuple("" if np.isnan(value) else f"{round(value, places) + 0.0:{style}}" for value in row)
        for row in values.tolist()
    )


def limits(*values: NDArray[np.float64], step: float) -> tuple[float, float]:
    """The smallest and the largest of the values, NaN aside, moved apart to multiples of a step."""
    finite = np.concatenate([array[~np.isnan(array)] for array in values])
    if not len(finite):
        return 0.0, step
    low, high = np.floor(finite.min() / step + 1e-9) * step, np.ceil(finite.max() / step - 1e-9) * step
    return float(low), float(max(high, low + step))


def readable(text: str, length: int = 18) -> str:
    """A text as a label: control characters and lone surrogates replaced, long ones shortened in their middle."""
    kept = "".join(character if character.isprintable() or character in _JOINERS else "\ufffd" for character in text)
    return kept if len(kept) <= length else f"{kept[: length - length // 3 - 1]}…{kept[len(kept) - length // 3 :]}"


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
