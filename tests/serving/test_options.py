"""What a server may be told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi")

from ner.errors import ConfigError
from ner.serving import ServeOptions
from ner.serving.secret import read_token


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"max_bytes": 0}, "--max-bytes 0"),
        ({"max_queue": 0}, "--max-queue 0"),
        ({"batch": 0}, "--batch 0"),
        ({"max_seconds": 0}, "--max-seconds 0"),
        ({"max_seconds": float("nan")}, "--max-seconds nan"),
        ({"wait": -1}, "--wait -1"),
        ({"wait": 60}, "--wait 60"),
        ({"token": ""}, "the token"),
        ({"token": "two words"}, "the token"),
        ({"token": "schlüssel"}, "the token"),
    ],
)
def test_what_cannot_be(values: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        ServeOptions(**values)


def test_the_token_is_not_shown() -> None:
    assert "s3cret" not in repr(ServeOptions(token="s3cret"))


def test_a_token_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_bytes(b" s3cret\r\n")
    assert read_token(path) == "s3cret"
    path.write_bytes(b"\xff")
    for one in (path, tmp_path, tmp_path / "none"):
        with pytest.raises(ConfigError, match=r"--token-file .*: cannot be read"):
            read_token(one)
