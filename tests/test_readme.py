"""What the README shows works as it stands."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ner.cli import app
from tests.clone import make_clone

ROOT = Path(__file__).parent.parent


def test_the_commands_of_the_readme(
    tiny_model: Path, tiny_files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocks = re.findall(r"```bash\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    scripts = [line.split()[1] for line in lines if line.startswith("bash ")]
    assert scripts == ["scripts/quickstart.sh", "scripts/test.sh"] and all(
        (ROOT / path).is_file() for path in scripts
    )
    monkeypatch.chdir(make_clone(tmp_path, tiny_model, tiny_files))
    monkeypatch.setattr("ner.threads.available_cores", lambda: 1)
    commands = [line for line in lines if not line.startswith("bash ")]
    assert len(commands) == 4
    for line in commands:
        program, *arguments = shlex.split(line, comments=True)
        result = CliRunner().invoke(app, arguments)
        assert program == "ner" and result.exit_code == 0, f"{line}\n{result.output}"
    shown = "ner tag runs/quickstart/model data/sample/article.txt --to html"
    assert f"`{shown}`" in (ROOT / "README.md").read_text(encoding="utf-8")
    assert "Amina" in CliRunner().invoke(app, shlex.split(shown)[1:]).stdout


def test_the_python_of_the_readme(tiny_model: Path, tiny_files: Path, tmp_path: Path) -> None:
    (block,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    make_clone(tmp_path, tiny_model, tiny_files)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    result = subprocess.run(
        [sys.executable, "-c", block], cwd=tmp_path, capture_output=True, text=True, env=environment
    )
    assert result.returncode == 0, result.stderr


def test_every_link_leads_somewhere() -> None:
    for document in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        for link in re.findall(r"\]\(([^)#]+)", document.read_text(encoding="utf-8")):
            if not link.startswith("http"):
                assert (document.parent / link).exists(), f"{document.name}: {link}"


def test_every_command_is_in_the_readme() -> None:
    import typer

    from ner.cli import app

    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [name for name in typer.main.get_command(app).commands if f"`ner {name}" not in text] == []  # type: ignore[attr-defined]
