"""The places of tokens at an entity, and the table over a file."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"


@pytest.fixture
def gates(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(SCRIPTS))
    return importlib.import_module("gates_at_entities")


@pytest.mark.parametrize(
    ("start", "end", "length", "expected"),
    [
        (1, 4, 6, [("before", 0), ("first", 1), ("inner", 2), ("last", 3), ("behind", 4)]),
        (0, 2, 2, [("first", 0), ("last", 1)]),
        (1, 3, 3, [("before", 0), ("first", 1), ("last", 2)]),
    ],
)
def test_places(gates: ModuleType, start: int, end: int, length: int, expected: list[tuple[str, int]]) -> None:
    assert list(gates.places(start, end, length)) == expected
