"""Models and configurations that were made to do harm; the cases are those of ``scripts/hostile_models.py``."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import ner
from ner.errors import ConfigError
from tests.scripts.loading import script

hostile = script("hostile_models")
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="memory is bounded by what Linux offers")


@pytest.mark.parametrize("name", hostile.ATTACKS)
def test_a_model_that_was_made_to_do_harm(tiny_model: Path, tmp_path: Path, name: str) -> None:
    folder = hostile.attacked(name, tiny_model, tmp_path)
    answer = hostile.bounded(hostile.answer_of, folder)
    says = hostile.ATTACKS[name].says
    assert says in answer and bool(says) == bool(answer), answer
    assert not says or str(folder) in answer or "tokenizer" in name, answer
    assert len(answer) < 600
    assert not list(tmp_path.rglob("exploded"))


@pytest.mark.parametrize("name", hostile.CONFIGURATIONS)
def test_a_configuration_that_was_made_to_do_harm(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    content, says = hostile.CONFIGURATIONS[name]
    path = tmp_path / "config.yaml"
    path.write_bytes(content)
    answer = hostile.bounded(hostile.answer_of_configuration, path)
    assert answer.startswith(f"{path}: ") and says in answer, answer
    assert len(answer) < 600
    assert not list(tmp_path.rglob("exploded"))


def test_the_bounds_hold(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="MemoryError"):
        hostile.bounded(lambda path: str(len(bytearray(2 << 30))), tmp_path)
    with pytest.raises(RuntimeError, match="the process died"):
        hostile.bounded(lambda path: sys.stdout.flush() or __import__("os")._exit(0), tmp_path)


@pytest.mark.parametrize("value", ["&a [*a]", "2026-99-99", "[" * 10_000, "{a: 1, a: 2}", "!!python/name:os.system"])
def test_overrides_are_as_plain(value: str) -> None:
    with pytest.raises(ConfigError, match="the value is not valid YAML"):
        ner.load_config({}, [f"output={value}"])
