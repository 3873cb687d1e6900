from __future__ import annotations

import math
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.errors import DataError, MissingExtraError, NerError
from ner.inspection.picture import (
    BLANK,
    CIVIDIS,
    MOST_COLUMNS,
    ORANGE_TO_PURPLE,
    VIRIDIS,
    HeatMap,
    Picture,
    Scale,
    limits,
    numbers,
    readable,
)

PALETTES = {"cividis": CIVIDIS, "viridis": VIRIDIS, "PuOr": ORANGE_TO_PURPLE}


def luminance(colour):
    """Relative luminance as WCAG 2 defines it."""
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def picture(columns=3, rows=2):
    values = np.linspace(0, 1, rows * columns).reshape(rows, columns)
    names = tuple(f"row {number}" for number in range(rows))
    heat_map = HeatMap("map", names, values, numbers(values, ".2f"), Scale(CIVIDIS, 0, 1, "share"))
    return Picture("title", "caption", tuple(f"c{number}" for number in range(columns)), (heat_map,))


@pytest.mark.parametrize("name", ["cividis", "viridis"])
def test_palettes_are_matplotlibs_and_rise_in_lightness(name):
    colormap = pytest.importorskip("matplotlib").colormaps[name]
    scale = Scale(PALETTES[name], 0, 1, "")
    steps = np.linspace(0, 1, 101)
    for value in steps:
        expected = [round(255 * channel) for channel in colormap(value)[:3]]
        found = [int(scale.colour(value)[place : place + 2], 16) for place in (1, 3, 5)]
        assert np.abs(np.subtract(found, expected)).max() <= 16  # straight lines between eleven stops
    lightness = [luminance(scale.colour(value)) for value in steps]
    assert lightness == sorted(lightness)


@pytest.mark.parametrize("stops", PALETTES.values(), ids=PALETTES.keys())
@given(st.floats(-0.5, 1.5))
def test_ink_is_readable_on_every_colour(stops, value):
    scale = Scale(stops, 0, 1, "")
    light, dark = sorted((luminance(scale.colour(value)), luminance(scale.ink(value))), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.4


def test_scale_ends_at_its_limits_and_leaves_nan_blank():
    scale = Scale(CIVIDIS, 2, 4, "")
    assert scale.colour(2) == scale.colour(-1) == CIVIDIS[0]
    assert scale.colour(4) == scale.colour(9) == CIVIDIS[-1]
    assert scale.colour(3) == CIVIDIS[5]
    assert (scale.colour(math.nan), scale.ink(math.nan)) == (BLANK, "#000000")
    assert Scale(CIVIDIS, 1, 1, "").colour(1) == CIVIDIS[0]


def test_limits_are_round_and_never_empty():
    assert limits(np.array([0.43, math.nan, 0.78]), step=0.1) == pytest.approx((0.4, 0.8))
    assert limits(np.array([0.4]), np.array([0.7]), step=0.1) == pytest.approx((0.4, 0.7))
    assert limits(np.array([2.0]), step=1.0) == (2.0, 3.0)
    assert limits(np.array([math.nan]), step=0.5) == (0.0, 0.5)


def test_numbers_have_no_minus_zero():
    assert numbers(np.array([[-0.04, 0.06, math.nan]]), "+.1f") == (("+0.0", "+0.1", ""),)


@given(st.text(max_size=60), st.integers(3, 30))
def test_labels_are_printable_and_short(text, length):
    label = readable(text, length)
    assert label.replace("\u200c", "").replace("\u200d", "").isprintable() and len(label) <= length
    if text.isprintable() and len(text) <= length:
        assert label == text


@pytest.mark.parametrize("word", ["می\u200cخواهم", "👩\u200d🔬"])
def test_joiners_are_letters(word):
    assert readable(word) == word
    assert readable(f"{word}\u202e") == f"{word}\ufffd"


@pytest.mark.parametrize("ending", ["gif", "txt", ""])
def test_other_endings_are_refused(ending, tmp_path):
    with pytest.raises(NerError, match=r"end in \.png, \.svg, \.pdf, \.html"):
        picture().write(tmp_path / f"file.{ending}")


@pytest.mark.parametrize("ending", ["png", "html"])
def test_a_folder_that_is_not_there(ending, tmp_path):
    with pytest.raises(DataError, match=r"cannot be written: No such file or directory\. Make the folder first"):
        picture().write(tmp_path / "nowhere" / f"file.{ending}")


def test_too_many_columns_are_refused(tmp_path):
    with pytest.raises(NerError, match=f"up to {MOST_COLUMNS}"):
        picture(columns=MOST_COLUMNS + 1).write(tmp_path / "file.html")


def test_html_does_without_matplotlib(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert picture().write(tmp_path / "file.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    with pytest.raises(MissingExtraError, match=r"\[plots\]"):
        picture().write(tmp_path / "file.png")


@pytest.mark.parametrize(
    ("ending", "start"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF"), ("PNG", b"\x89P")]
)
def test_every_format_is_written(ending, start, tmp_path):
    assert picture().write(tmp_path / f"file.{ending}").read_bytes().startswith(start)
