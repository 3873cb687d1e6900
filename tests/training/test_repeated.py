"""Runs over seeds: each is what a training alone would be, none is lost, and the summary counts right."""

from __future__ import annotations

import json
import statistics
from pathlib import Path
from typing import Any

import pytest

import ner
from ner.training.repeated import train_seeds
from ner.training.run import train
from tests.training.runs import Notes, Stop, Stopped, outcome

Config = dict[str, Any]


def seeded(config: Config, seed: int, output: Path) -> Config:
    return {**config, "training": {**config["training"], "seed": seed}, "output": str(output)}


def test_every_run_is_what_a_training_alone_would_be(tiny_config: Config, tmp_path: Path) -> None:
    found = train_seeds(tiny_config, [3, 1])
    assert list(found.runs) == [3, 1]
    for seed, result in found.runs.items():
        assert result.folder == tmp_path / "run" / f"seed{seed}"
        alone = train(seeded(tiny_config, seed, tmp_path / f"alone{seed}"))
        assert outcome(alone.folder) == outcome(result.folder)
    assert outcome(found.runs[3].folder)["model.safetensors"] != outcome(found.runs[1].folder)["model.safetensors"]


def test_the_summary(tiny_config: Config, tmp_path: Path) -> None:
    found = train_seeds(tiny_config, [1, 2, 3])
    summary = json.loads((tmp_path / "run" / "seeds.json").read_text())
    assert summary == found.to_json()
    stored = {
        seed: json.loads((tmp_path / "run" / f"seed{seed}" / "model" / "metrics.json").read_text())
        for seed in (1, 2, 3)
    }
    for split in ("dev", "test"):
        values = [metrics[split]["micro"]["f1"] for metrics in stored.values()]
        assert summary["f1"][split]["values"] == values
        assert summary["f1"][split]["mean"] == pytest.approx(statistics.mean(values))
        assert summary["f1"][split]["deviation"] == pytest.approx(statistics.stdev(values))
    best = max(stored, key=lambda seed: stored[seed]["dev"]["micro"]["f1"])
    assert found.best == summary["best_on_dev"] == best
    lines = found.table().splitlines()
    assert [line.split()[0] for line in lines[1:4]] == [str(result.folder) for result in found.runs.values()]
    assert [line.endswith("best on dev") for line in lines[1:4]] == [seed == best for seed in (1, 2, 3)]
    assert lines[5].split() == ["mean", "deviation", "minimum", "maximum"]
    assert float(lines[7].split()[2]) == pytest.approx(100 * summary["f1"]["test"]["mean"], abs=0.005)


def test_without_dev_and_test(tiny_config: Config, tiny_files: Path) -> None:
    tiny_config["data"] = {"train": str(tiny_files / "train.conll"), "dev_fraction": 0.0}
    found = train_seeds(tiny_config, [1, 2])
    assert (found.best, found.f1("dev"), found.f1("test")) == (None, None, None)
    assert found.to_json()["f1"] == {} and "best" not in found.table()


def test_a_killed_series_goes_on(tiny_config: Config, tmp_path: Path) -> None:
    expected = train_seeds({**tiny_config, "output": str(tmp_path / "whole")}, [1, 2, 3])
    train_seeds(tiny_config, [1])
    with pytest.raises(Stopped):
        train_seeds(tiny_config, [1, 2, 3], resume=True, listener=Stop(epoch=1))
    assert not (tmp_path / "run" / "seed3").exists()
    listener = Notes()
    found = train_seeds(tiny_config, [1, 2, 3], resume=True, listener=listener)
    assert [word for word in listener.heard if word.startswith("epoch")] == ["epoch 2", "epoch 1", "epoch 2"]
    for seed in (1, 2, 3):
        assert outcome(found.runs[seed].folder) == outcome(expected.runs[seed].folder)


def test_what_stands_in_the_folder_is_not_lost(tiny_config: Config, tmp_path: Path) -> None:
    train_seeds(tiny_config, [1, 2])
    with pytest.raises(ner.TrainingError, match=r"holds runs already \(seed1, seed2\); go on with them \(--resume\)"):
        train_seeds(tiny_config, [1, 3])
    with pytest.raises(ner.TrainingError, match="holds seed2 too, and the summary is of all its runs"):
        train_seeds(tiny_config, [1, 3], resume=True)
    assert not (tmp_path / "run" / "seed3").exists()
    found = train_seeds(tiny_config, [1, 3], overwrite=True)
    assert list(found.runs) == [1, 3]
    assert not (tmp_path / "run" / "seed2" / "model").exists()


def test_a_single_run_is_in_the_way(tiny_config: Config) -> None:
    train(tiny_config)
    for keyword in ({}, {"resume": True}, {"overwrite": True}):
        with pytest.raises(ner.TrainingError, match="holds a single run; choose another output=FOLDER"):
            train_seeds(tiny_config, [1], **keyword)


@pytest.mark.parametrize("seeds, message", [
    ([], "expected at least one"),
    ([1, 1], "seeds 1, 1: expected at least one, and none twice"),
    ([-1], "training.seed"),
])  # fmt: skip
def test_what_are_no_seeds(tiny_config: Config, tmp_path: Path, seeds: list[int], message: str) -> None:
    with pytest.raises(ner.ConfigError, match=message):
        train_seeds(tiny_config, seeds)
    assert not (tmp_path / "run").exists()


def test_the_corpus_is_described_once(tiny_config: Config) -> None:
    listener = Notes()
    train_seeds(tiny_config, [4, 5], listener=listener)
    assert listener.heard.count("checked") == 1
    assert listener.heard.count("started") == 2
    assert listener.heard.count("epoch 2") == 2
    of_runs = [note.strip() for note in listener.notes if "of 2" in note]
    assert of_runs == ["seed 4, run 1 of 2", "seed 5, run 2 of 2"]
