"""What is shown steers no terminal and fits every encoding."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.printable import printable


@given(st.text(st.characters() | st.sampled_from("\x1b\x9b\r\u2028\u202e\ud800\udc80")))
def test_only_what_is_harmless_is_left(text: str) -> None:
    shown = printable(text)
    shown.encode()
    assert not [char for char in shown if unicodedata.category(char) == "Cc" and char not in "\t\n"]
    assert printable(shown) == shown
    if text.isprintable():
        assert shown == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J", "\\x1b[2J"),
        ("a\r\n\tb", "a\\r\n\tb"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("n\udce9.conll", "n\\udce9.conll"),
        ("Zürich 東京 👩\u200d🔬 שלום", "Zürich 東京 👩\u200d🔬 שלום"),
    ],
)
def test_what_is_spelled_out(text: str, shown: str) -> None:
    assert printable(text) == shown
