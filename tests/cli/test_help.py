"""What --help says: every command, and an example of each that works as typed."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

from ner.cli import app
from ner.cli.options import _OPTIONS
from ner.config import Config, DataConfig
from ner.schemes import SYNONYMS
from tests.cli.conftest import Run
from tests.clone import make_clone

ROOT = Path(__file__).parent.parent.parent
COMMANDS = {"train", "tune", "curve", "evaluate", "compare", "errors", "tag", "suggest", "check", "convert", "info"}
COMMANDS |= {"inspect", "export", "push", "serve", "vectors"}


def examples() -> dict[str, str]:
    """The example of every command, as its help shows it."""
    found = {}
    for name, command in get_command(app).commands.items():  # type: ignore[attr-defined]
        (found[name],) = re.findall(r"Example:\n +(.+)", command.help)
    return found


def test_every_command_is_there_and_described(run: Run) -> None:
    output = run("--help").output
    assert set(examples()) >= COMMANDS
    for name in COMMANDS:
        assert re.search(rf"│ {name} +[A-Z]", output)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_help(run: Run, name: str) -> None:
    output = run(name, "--help").output
    assert output == run(name, "-h").output
    assert f" {examples()[name]} " in output, "the example must stand on one line of a terminal 80 wide"
    for line in output.splitlines():
        assert len(line) <= 80
    for parameter in get_command(app).commands[name].params:  # type: ignore[attr-defined]
        assert parameter.help, parameter.name


@pytest.mark.parametrize("arguments", [[], ["tag"], ["train"], ["check"]])
def test_nothing_asked_shows_the_help(run: Run, arguments: list[str]) -> None:
    assert "Usage: ner" in run(*arguments, status=2).output


def test_version(run: Run) -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+\n", run("--version").output)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path, tiny_files: Path) -> Path:
    return make_clone(tmp_path_factory.mktemp("clone"), tiny_model, tiny_files)


@pytest.mark.parametrize("name", sorted(COMMANDS - {"push", "serve"}))
def test_examples_work_as_typed(place: Path, name: str) -> None:
    if name == "vectors":
        pytest.importorskip("gensim")
    command = examples()[name]
    assert f"ner {name} " in command
    program = f'ner() {{ "{sys.executable}" -m ner "$@"; }}\n'
    done = subprocess.run(["bash", "-c", program + command], cwd=place, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout or name == "convert"


def test_examples_name_files_that_are_shipped() -> None:
    for example in examples().values():
        for path in re.findall(r"(?:data|configs)/\S+", example):
            assert (ROOT / path).is_file()


def test_options_of_reading_are_keys_of_the_configuration() -> None:
    for option in _OPTIONS:
        field = DataConfig.model_fields[option.key]
        allowed = set(getattr(field.annotation, "__args__", ())) - {"auto", type(None)}
        own = set(getattr(option.kind, "__args__", (option.kind,))) - set(SYNONYMS)
        assert own == (allowed or {field.annotation}), option.key
    assert Config().data == DataConfig()
