"""Colours of labels, and text that HTML can hold."""

from __future__ import annotations

import re
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.html import colour, escaped


def luminance(hexadecimal: str) -> float:
    """Relative luminance as WCAG 2 defines it."""
    channels = [int(hexadecimal[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@given(st.text())
def test_dark_text_stands_out_on_any_label(label: str) -> None:
    assert re.fullmatch("#[0-9a-f]{6}", colour(label))
    assert (luminance(colour(label)) + 0.05) / (luminance("#111111") + 0.05) > 7


@pytest.mark.parametrize(
    "labels",
    [
        ("PER", "ORG", "LOC", "MISC"),
        ("Chemical", "Disease"),
        ("person", "location", "group", "creative-work", "corporation", "product"),
        ("DNA", "RNA", "protein", "cell_line", "cell_type"),
    ],
)
def test_labels_of_one_corpus_have_colours_of_their_own(labels: tuple[str, ...]) -> None:
    assert all(colour(one) != colour(other) for one, other in combinations(labels, 2))


@given(st.text(st.characters()))
def test_escaped_text_opens_nothing_and_can_be_written(text: str) -> None:
    safe = escaped(text)
    assert not set(safe) & set("<>\"'\0")
    safe.encode()
