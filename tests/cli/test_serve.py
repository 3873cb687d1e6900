"""``ner serve``: what the command makes of its options, and what it says without the extra."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run


def test_without_the_extra(run: Run, tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fastapi", None)
    monkeypatch.delitem(sys.modules, "ner.serving", raising=False)
    result = run("serve", tiny_model, status=1)
    assert result.stderr == "error: The server needs an extra: pip install 'bilstm-crf-ner[server]'\n"


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What a server would have been started with."""
    pytest.importorskip("fastapi")
    import ner.serving

    told: dict[str, Any] = {}

    def serve(tagger: Any, host: str, port: int, options: Any, ready: Any) -> ner.serving.Served:
        told.update(host=host, port=port, options=options)
        ready("http://here")
        return ner.serving.Served(1234, 1234)

    monkeypatch.setattr(ner.serving, "serve", serve)
    return told


def test_what_it_says(run: Run, tiny_model: Path, told: dict[str, Any]) -> None:
    result = run("serve", tiny_model)
    assert result.stdout == "listening on http://here\nstopped: 1,234 requests taken, 1,234 answered\n"
    assert result.stderr == ""
    assert (told["host"], told["port"], told["options"].token) == ("127.0.0.1", 8000, None)


def test_options(run: Run, tiny_model: Path, told: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "token").write_text("s3cret\n")
    given = (
        "--host 0.0.0.0 --port 0 --allow-host a --allow-host b --max-bytes 10 --max-seconds 2 --max-queue 3 --batch 1"
    )
    result = run("serve", tiny_model, *given.split(), "--wait", "0.5", "--token-file", tmp_path / "token")
    assert result.stderr == "" and told["host"] == "0.0.0.0"
    options = told["options"]
    assert (options.token, options.hosts, options.max_bytes) == ("s3cret", ("a", "b"), 10)
    assert (options.max_seconds, options.max_queue, options.batch, options.wait) == (2, 3, 1, 0.5)


def test_everybody_is_let_in_with_a_warning_alone(run: Run, tiny_model: Path, told: dict[str, Any]) -> None:
    assert run("serve", tiny_model, "--host", "0.0.0.0").stderr.startswith("warning: whoever reaches this machine")


def test_faults_of_options(run: Run, tiny_model: Path, told: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n")
    for arguments in (["--batch", "0"], ["--token-file", tmp_path / "empty"], ["--token-file", tmp_path / "none"]):
        assert "oken" in run("serve", tiny_model, *arguments, status=1).stderr or arguments[0] == "--batch"
    assert not told
