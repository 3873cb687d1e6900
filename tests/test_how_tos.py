"""The how-tos work as they stand: their files are written, commands and Python run, from top to bottom."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ner.cli import app
from tests.clone import make_clone

HOW_TOS = sorted((Path(__file__).parent.parent / "docs" / "how-to").glob("*.md"))
SMALL = ["training.epochs=1", "training.threads=1", "model.words.dim=4", "model.encoder.hidden=4"]


@pytest.fixture
def place(tmp_path: Path, tiny_model: Path, tiny_files: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("ner.threads.available_cores", lambda: 1)
    return make_clone(tmp_path, tiny_model, tiny_files)


@pytest.mark.parametrize("how_to", HOW_TOS, ids=lambda path: path.stem)
def test_it_works_as_it_stands(how_to: Path, place: Path) -> None:
    blocks = re.findall(r"^```(\w+)\n(.*?)^```", how_to.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert {kind for kind, _ in blocks} <= {"bash", "python", "yaml"}
    names: dict[str, object] = {}
    for kind, text in blocks:
        if kind == "yaml":
            (place / text.partition("\n")[0].removeprefix("# ")).write_text(text, encoding="utf-8")
        elif kind == "python":
            exec(compile(text, str(how_to), "exec"), names)
        else:
            for line in text.splitlines():
                run(line)


def run(line: str) -> None:
    """A line of a shell; our own commands in this process, which has all that they import, and trainings small."""
    program, *arguments = shlex.split(line)
    if program != "ner":
        subprocess.run(["bash", "-c", line], check=True)
        return
    result = CliRunner().invoke(app, arguments + SMALL * (arguments[0] in ("train", "curve")))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, f"{line}\n{result.output}"


def test_there_are_six() -> None:
    assert len(HOW_TOS) == 6
