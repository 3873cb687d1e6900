"""What docs/server.md says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi")

from fastapi.testclient import TestClient

from ner.serving.app import _REFUSALS
from tests.clone import make_clone

PAGE = (Path(__file__).parents[2] / "docs" / "server.md").read_text(encoding="utf-8")


def test_the_program_works(
    tiny_model: Path, tiny_files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(make_clone(tmp_path, tiny_model, tiny_files))
    (program,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    names: dict[str, Any] = {}
    exec(program, names)
    addresses = re.findall(r"^\| `(GET|POST) (/\S*)` ", PAGE, re.MULTILINE)
    with TestClient(names["app"]) as client:
        (body,) = re.findall(r"-d '(.*)'", PAGE)
        for method, path in addresses:
            sent = {"content": body, "headers": {"Content-Type": "application/json"}} if method == "POST" else {}
            assert client.request(method, f"/ner{path}", **sent).status_code == 200, path
        described = set(client.get("/ner/openapi.json").json()["paths"])
    assert described | {"/", "/openapi.json"} == {path for _, path in addresses}


def test_every_refusal_is_explained() -> None:
    assert {int(status) for status in re.findall(r"^\| ([45]\d\d) ", PAGE, re.MULTILINE)} == set(_REFUSALS)
