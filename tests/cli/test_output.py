"""What is printed: safe for a terminal, whatever the files hold and are called, in any encoding."""

from __future__ import annotations

import ast
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ner.cli.output import warning
from tests.cli.conftest import Run

HERE = Path(__file__).parents[2]
ODD = "Zoë\tB-\x1b[31mX\n[/bold]\tO\n\x1b[2J\tB-[/red]\n\n"


def test_no_file_steers_the_terminal(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "odd.conll"
    path.write_text(ODD * 2, encoding="utf-8")
    shown = run("check", str(path), str(path)).stdout
    assert "\x1b" not in shown
    assert "\\x1b[31mX" in shown and "[/red]" in shown and "Zoë [/bold] \\x1b[2J" in shown
    path.write_text("a\tO\nb\t\x1b[2J\x07\n", encoding="utf-8")
    said = run("check", str(path), status=1).stderr
    assert said.startswith("error: ") and "'\\x1b[2J\\x07' in column 1" in said


@pytest.mark.skipif(sys.platform != "linux", reason="file names are bytes there")
@pytest.mark.parametrize("encoding", ["ascii", "utf-8", "latin-1"])
def test_names_that_are_no_text_in_every_encoding(tmp_path: Path, encoding: str) -> None:
    path = os.fsencode(tmp_path) + b"/n\xe9.conll"
    Path(os.fsdecode(path)).write_text(ODD, encoding="utf-8")
    command = [sys.executable, "-m", "ner", "check", path, path]
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    done = subprocess.run(command, cwd=HERE, env=environment, capture_output=True, check=True)
    shown = done.stdout.decode(encoding)
    assert ("Zoë" if encoding != "ascii" else "Zo\\xeb") in shown
    assert "n\\udce9.conll:1" in shown and not done.stderr


def test_commands_print_in_one_way() -> None:
    """By `show`, which spells out what would steer a terminal."""
    for path in sorted((HERE / "ner" / "cli").rglob("*.py")):
        calls = [node.func for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)]
        printed = [one for one in calls if isinstance(one, ast.Name) and one.id == "print"]
        assert len(printed) == (path.name in ("output.py", "__init__.py")), path


def test_a_warning_that_nobody_can_read_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    gone = os.fdopen(writing, "w", buffering=1)
    monkeypatch.setattr(sys, "stderr", gone)
    with warning(str):
        logging.getLogger("ner.tagging").warning("looks like a header")
    monkeypatch.undo()
    with pytest.raises(BrokenPipeError):  # so it was told
        gone.close()
