from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ner.errors import DataError
from ner.evaluation.plots import new_figure, save


@pytest.mark.parametrize(("name", "begin"), [("a.png", b"\x89PNG"), ("a.PDF", b"%PDF"), ("a.svg", b"<?xml")])
def test_the_format_goes_by_the_ending(tmp_path: Path, name: str, begin: bytes) -> None:
    assert save(new_figure(), tmp_path / name).read_bytes().startswith(begin)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_fault_half_way_leaves_what_stood_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(stream: Any, **_: object) -> None:
        stream.write(b"half")
        raise OSError(28, "No space left on device")

    figure, target = new_figure(), tmp_path / "a.png"
    monkeypatch.setattr(figure, "savefig", full)
    for before in (None, "as it was"):
        if before:
            target.write_text(before)
        with pytest.raises(DataError, match=r"a\.png: cannot be written: No space left on device\. Make room"):
            save(figure, target)
        assert [path.read_text() for path in tmp_path.iterdir()] == [before] * bool(before)


def test_an_ending_that_no_picture_has(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not supported"):
        save(new_figure(), tmp_path / "a.doc")
    assert list(tmp_path.iterdir()) == []
