from __future__ import annotations

from collections.abc import Callable

import pytest
from typer.testing import CliRunner, Result

from ner.cli import app

Run = Callable[..., Result]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """A command in this process: its output, its errors (``stderr``) and its exit status."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr("ner.threads.available_cores", lambda: 1)

    def call(*arguments: object, input: bytes | str | None = None, status: int = 0) -> Result:
        result = CliRunner().invoke(app, [*map(str, arguments)], input=input)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == status, result.output
        return result

    return call
