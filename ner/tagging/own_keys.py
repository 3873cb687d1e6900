"""What came in under a name that the output needs for itself: it stays, with ``_before`` behind its name."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

BEFORE = "_before"


def aside(name: str, known: Collection[str]) -> str:
    """A name that is not among those known: this one with ``_before`` behind it, as often as it takes."""
    while name in known:
        name += BEFORE
    return name


def set_aside(others: Mapping[str, Any], written: Mapping[str, Any]) -> Mapping[str, Any]:
    """The keys that came with a record, in their order, by names that the output does not need.

    What is the same as what is written under its name is left out: tagged again by the same model, an output is as it
    was.

    Args:
        others: by their own names.
        written: what the output writes itself.
    """
    if not any(name in others for name in written):
        return others
    known = {*others, *written}
    return {
        aside(name, known) if name in written else name: value
        for name, value in others.items()
        if name not in written or value != written[name]
    }
