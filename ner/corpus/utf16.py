"""Offsets as JavaScript counts them, in units of UTF-16, and as Python does, in characters.

They differ behind every character beyond the Basic Multilingual Plane, such as an emoji, which takes two units.
"""

from __future__ import annotations

from bisect import bisect_left


class Utf16:
    """Turns one kind of offset into a text into the other."""

    def __init__(self, text: str) -> None:
        wide = [] if text.isascii() else [place for place, character in enumerate(text) if character > "\uffff"]
        self._characters = wide
        self._units = [place + before for before, place in enumerate(wide)]

    def units(self, character: int) -> int:
        """How many units stand before a character."""
        return character + bisect_left(self._characters, character)

    def character(self, unit: int) -> int | None:
        """The character that begins at a unit; None within a character."""
        before = bisect_left(self._units, unit)
        if before and self._units[before - 1] == unit - 1:
            return None
        return unit - before
