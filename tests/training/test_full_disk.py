"""A disk that is really full: a small tmpfs, where the system lets us mount one."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

import ner
from ner.persistence import load_model
from ner.training.checkpoint import load_checkpoint
from tests.training.runs import Config

HERE = Path(__file__).parents[2]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 megabytes."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)]
    try:
        done = subprocess.run(mount, capture_output=True, check=False)
    except OSError:
        pytest.skip("no mount")
    if done.returncode:
        pytest.skip("no permission to mount")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def fill(disk: Path, leave: int) -> Path:
    """Take all room but so many bytes."""
    path = disk / "ballast"
    with path.open("wb", buffering=0) as file:
        try:
            while file.write(b"\0" * 4096):
                pass
        except OSError:
            file.truncate(max(file.tell() - leave, 0))
    return path


@pytest.mark.parametrize("share", [0.0, 0.3, 0.6, 0.9, 1.2, 1.5])
def test_a_training_on_a_full_disk(tiny_config: Config, small_disk: Path, share: float) -> None:
    run = small_disk / "run"
    training = {**tiny_config["training"], "optimizer": {"lr": 0.02, "schedule": "constant"}}
    config, longer = (
        {**tiny_config, "training": {**training, "epochs": epochs}, "output": str(run)} for epochs in (1, 4)
    )
    ner.train(config)
    model, checkpoint = load_model(run / "model")[3], load_checkpoint(run / "checkpoint.safetensors")[1]
    size = (run / "checkpoint.safetensors").stat().st_size
    ballast = fill(small_disk, int(share * size))
    try:
        ner.train(longer, resume=True)
    except ner.TrainingError as error:
        assert str(run) in str(error) and "No space left" in str(error)
        assert "make room" in str(error)
    else:
        assert share > 1
    after = load_model(run / "model")[3], load_checkpoint(run / "checkpoint.safetensors")[1]
    assert share > 0 or after == (model, checkpoint)
    assert not [path.name for path in run.iterdir() if path.suffix in (".new", ".old")]
    ballast.unlink()
    result = ner.train(longer, resume=True)
    assert len(result.epochs) == 4
    whole = ner.train({**longer, "output": f"{run}-whole"})
    weights = [(one.model / "model.safetensors").read_bytes() for one in (result, whole)]
    assert weights[0] == weights[1]


@pytest.mark.parametrize("before", [None, "as it was"])
@pytest.mark.parametrize("name", ["out.jsonl", "out.conll.gz", "out.html"])
def test_an_output_on_a_full_disk(tiny_model: Path, small_disk: Path, tmp_path: Path, before: str, name: str) -> None:
    text, target = tmp_path / "in.txt", small_disk / name
    text.write_text("".join(f"Ada Lovelace {number} lives in London .\n" for number in range(2000)), encoding="utf-8")
    if before is not None:
        target.write_text(before)
    fill(small_disk, 4096)
    with pytest.raises(ner.DataError, match=rf"{name}: cannot be written: No space left.*Make room"):
        ner.tag_file(ner.load(tiny_model), text, target)
    assert sorted(path.name for path in small_disk.iterdir()) == sorted({"ballast"} | ({name} if before else set()))
    assert before is None or target.read_text() == before


def test_the_command_says_so_in_one_line(tiny_config: Config, small_disk: Path, tmp_path: Path) -> None:
    fill(small_disk, 0)
    config = tmp_path / "config.yaml"
    config.write_text(yaml.safe_dump({**tiny_config, "output": str(small_disk / "run")}))
    command = [sys.executable, "-m", "ner", "train", str(config)]
    done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and done.stderr.splitlines()[-1].startswith(f"error: {small_disk / 'run'}"), (
        done.stderr
    )
    assert "No space left" in done.stderr and "Traceback" not in done.stderr
