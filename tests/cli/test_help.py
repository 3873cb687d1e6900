"""Every command's help: quick, and with an example that works as typed."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from ner.cli import app

COMMANDS = sorted(typer.main.get_command(app).commands)  # type: ignore[attr-defined]


def _example(command: str) -> str:
    text = typer.main.get_command(app).commands[command].help or ""  # type: ignore[attr-defined]
    return " ".join(text.partition("Example:")[2].split())


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_shows_an_example(command: str) -> None:
    assert f"ner {command}" in _example(command)


@pytest.mark.parametrize("command", sorted(set(COMMANDS) - {"push", "train"}))
def test_the_example_works_as_typed(command: str, tiny_model: Path, tmp_path: Path) -> None:
    root = Path(__file__).parent.parent.parent
    (tmp_path / "runs" / "quickstart").mkdir(parents=True)
    (tmp_path / "runs" / "quickstart" / "model").symlink_to(tiny_model)
    for name in ("data", "configs"):
        (tmp_path / name).symlink_to(root / name)
    example = _example(command).replace("ner ", f"{shlex.quote(sys.executable)} -m ner ", 1)
    if "| ner " in _example(command):
        example = _example(command).replace("| ner ", f"| {shlex.quote(sys.executable)} -m ner ")
    result = subprocess.run(example, shell=True, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert "Traceback" not in result.stderr


def test_help_and_import_do_not_wait_for_torch() -> None:
    code = (
        "import sys, ner, ner.cli\n"
        "from typer.testing import CliRunner\n"
        "assert CliRunner().invoke(ner.cli.app, ['--help']).exit_code == 0\n"
        "assert CliRunner().invoke(ner.cli.app, ['tag', '--help']).exit_code == 0\n"
        "print([name for name in ('torch', 'datasets', 'seqeval', 'accelerate') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
