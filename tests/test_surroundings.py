"""Same in, same out: neither hash seed nor locale, time zone, working folder or order of files is an input."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ner.config import DataConfig
from ner.corpus.read import load
from ner.runs import runs_in

HERE = Path(__file__).parent.parent
SURROUNDINGS = [
    {"PYTHONHASHSEED": "1", "TZ": "UTC", "LC_ALL": "C.UTF-8"},
    {  # a locale of ASCII alone, and a day ahead
        "PYTHONHASHSEED": "77",
        "TZ": "Pacific/Kiritimati",
        "LC_ALL": "C",
        "PYTHONUTF8": "0",
        "PYTHONCOERCECLOCALE": "0",
    },
]
CODE = """
import ner
ner.train("config.yaml")
ner.tag_file(ner.load("run"), "text.txt", "out.jsonl")
ner.tag_file(ner.load("run"), "text.txt", "out.html")
"""


def test_training_and_tagging_depend_on_nothing_around_them(tiny_config: dict[str, Any], tmp_path: Path) -> None:
    found = []
    for number, surroundings in enumerate(SURROUNDINGS):
        folder = tmp_path / f"place{number}"
        folder.mkdir()
        config = {**tiny_config, "output": "run"}
        (folder / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
        text = "Zoë met Ada Lovelace in 東京.\nOtto left Oslo 👩\u200d🔬.\n"
        (folder / "text.txt").write_text(text, encoding="utf-8")
        environment = {**os.environ, "PYTHONPATH": str(HERE), **surroundings}
        subprocess.run([sys.executable, "-W", "ignore", "-c", CODE], cwd=folder, env=environment, check=True)
        files = [*(folder / "run" / "model").iterdir(), folder / "run" / "predictions.conll", *folder.glob("out.*")]
        found.append({path.name: path.read_bytes() for path in files})
    assert len(found[0]) >= 8 and "東京".encode() in found[0]["out.jsonl"]
    assert found[0].keys() == found[1].keys()
    assert [name for name in found[0] if found[0][name] != found[1][name]] == []


def test_the_order_in_which_a_folder_lists_its_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("b", "a", "c/a", "c/b"):
        path = tmp_path / "brat" / f"{name}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"Ada left {name}", encoding="utf-8")
        path.with_suffix(".ann").write_text("T1\tPER 0 3\tAda\n", encoding="utf-8")
    for seed in ("seed10", "seed9", "seed1"):
        (tmp_path / "runs" / seed).mkdir(parents=True)
        (tmp_path / "runs" / seed / "config.json").touch()

    def read() -> tuple[list[Any], list[Path]]:
        data = DataConfig(train=[str(tmp_path / "brat")])
        return load(data)["train"].to_list(), runs_in(tmp_path / "runs")

    def backwards(name: str) -> None:
        real = getattr(Path, name)

        def listed(self: Path, *arguments: Any) -> Iterator[Path]:
            return reversed(sorted(real(self, *arguments)))

        monkeypatch.setattr(Path, name, listed)

    first = read()
    for name in ("iterdir", "glob", "rglob"):
        backwards(name)
    assert read() == first
    assert [path.name for path in first[1]] == ["seed1", "seed9", "seed10"]
    assert [row["tokens"][-1] for row in first[0]] == ["a", "b", "c/a", "c/b"]
