"""What the pages under docs/ show works, and nothing is missing from them."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

import ner
from ner.cli import app
from ner.config import Config
from ner.corpus.read import read
from tests.clone import make_clone

ROOT = Path(__file__).parent.parent
COMMANDS: dict[str, Any] = get_command(app).commands  # type: ignore[attr-defined]


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def sections(text: str) -> dict[str, str]:
    """The text under each heading of the second level."""
    return dict(part.split("\n", 1) for part in re.split(r"^## ", text, flags=re.MULTILINE)[1:])


def test_every_command_and_option_is_described_with_its_example() -> None:
    found = sections(page("commands.md"))
    assert list(found)[1:] == [*COMMANDS]
    shared = found["How a file is read"]
    for name, command in COMMANDS.items():
        (example,) = re.findall(r"Example:\n +(.+)", command.help)
        assert example in blocks(found[name], "bash")[0].splitlines()
        for option in command.params:
            if option.param_type_name == "option":
                text = shared if option.name.startswith("data_") else found[name]
                assert all(f"`{one}" in text for one in option.opts), (name, option.opts)
        described = set(re.findall(r"^\| `(--?[\w-]+)", found[name], re.MULTILINE))
        assert described <= {one for option in command.params for one in option.opts}, name


def test_options_of_reading_that_tag_takes_are_starred() -> None:
    starred = set(re.findall(r"^\| `(--[\w-]+) [A-Z]+` \*", page("commands.md"), re.MULTILINE))
    taken = {option.opts[0] for option in COMMANDS["tag"].params if option.name.startswith("data_")}
    assert starred == taken


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path, tiny_files: Path) -> Path:
    return make_clone(tmp_path_factory.mktemp("clone"), tiny_model, tiny_files)


def test_the_python_page_runs_from_top_to_bottom(clone: Path) -> None:
    code = "".join(blocks(page("python.md"), "python"))
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], cwd=clone, capture_output=True, text=True, env=environment
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert {path.name for path in clone.iterdir()} >= {"article.jsonl", "predictions.conll", "test.jsonl"}
    assert (clone / "runs" / "once" / "model").is_dir()


def test_every_public_name_is_on_the_python_page() -> None:
    text = page("python.md")
    left_out = {"Config", "Document", "Entity", "Token", "Evaluation", "Tagger", "TrainResult", "__version__"}
    assert [name for name in ner.__all__ if name not in left_out and name not in text] == []


@pytest.mark.parametrize(("language", "suffix"), [("conll", ".conll"), ("jsonl", ".jsonl")])
def test_the_data_page_shows_files_that_can_be_read(tmp_path: Path, language: str, suffix: str) -> None:
    shown = blocks(page("data.md"), language)
    assert len(shown) == 2
    for number, block in enumerate(shown):
        path = tmp_path / f"{number}{suffix}"
        path.write_text(block, encoding="utf-8")
        (sentence,) = read(path)
        assert sentence.tokens[0] == "Ada" and sentence.tags is not None and sentence.tags[0] == "B-PER"


def test_the_model_page_lists_what_lies_in_the_folders(tiny_model: Path) -> None:
    text = page("model.md")
    for path in [*tiny_model.iterdir(), *tiny_model.parent.iterdir()]:
        assert f"`{path.name}" in text or path.name == "run.lock", path.name


def test_the_configuration_page_is_up_to_date() -> None:
    code = "from document_configuration import render; print(ascii(render()))"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT / "scripts", capture_output=True, check=True, env=environment)
    shown = ast.literal_eval(done.stdout.decode("ascii"))
    assert shown == page("configuration.md"), "run: python scripts/document_configuration.py"


def test_keys_named_on_the_pages_are_keys() -> None:
    known = {name for name in ner.config.field_names()} | set(Config.model_fields)
    for path in (ROOT / "docs").glob("*.md"):
        for key in re.findall(
            r"`((?:data|model|training|tagging|distillation)\.[a-z_.]+)", path.read_text(encoding="utf-8")
        ):
            if not key.endswith((".", ".py")) and "safetensors" not in key and key != "model.onnx":
                assert key in known or any(name.startswith(f"{key}.") for name in known), f"{path.name}: {key}"
