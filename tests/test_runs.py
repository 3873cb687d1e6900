"""Folders of runs: seeds stand together, strangers do not."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import ner
from ner.information import describe_model
from ner.runs import holds_models, is_model, runs_in


@pytest.fixture
def models(tmp_path: Path, tiny_model: Path) -> Path:
    """Two runs that have nothing to do with each other, and a folder that is none."""
    for name in ("news", "medicine"):
        shutil.copytree(tiny_model, tmp_path / "runs" / name / "model")
    (tmp_path / "runs" / "notes").mkdir()
    return tmp_path / "runs"


def test_strangers_are_no_ensemble(models: Path) -> None:
    told = r"runs: holds models \(medicine, news\), but not the seeds of one training.*: .*medicine$"
    with pytest.raises(ner.ModelError, match=told):
        ner.load(models)
    with pytest.raises(ner.ModelError, match=told):
        runs_in(models)


def test_seeds_are_taken_and_what_lies_beside_them_is_not(models: Path, tiny_model: Path) -> None:
    for number in (10, 9):
        shutil.copytree(tiny_model, models / f"seed{number}" / "model")
    assert [path.name for path in runs_in(models)] == ["seed9", "seed10"]
    assert isinstance(ner.load(models), ner.Ensemble)


def test_what_seeds_are_told_together(tiny_model: Path, tmp_path: Path) -> None:
    for number, f1 in ((1, 0.8), (2, 0.9)):
        copy = shutil.copytree(tiny_model, tmp_path / "runs" / f"seed{number}" / "model")
        metrics = json.loads((copy / "metrics.json").read_text())
        metrics["dev"]["micro"]["f1"] = f1
        (copy / "metrics.json").write_text(json.dumps(metrics))
    lines = describe_model(tmp_path / "runs").splitlines()
    assert lines[0].endswith("runs: seed1, seed2, which tag together where it is named")
    assert lines[1] == "dev F1       85.00 +- 7.07 (80.00 90.00)" and lines[2].startswith("test F1")
    assert lines[4:] == describe_model(tmp_path / "runs" / "seed1").splitlines()
    (tmp_path / "runs" / "seed2" / "model" / "metrics.json").write_text("[]")
    assert [line[:5] for line in describe_model(tmp_path / "runs").splitlines()[:3]] == ["seeds", "", "model"]


def test_a_file_of_a_model_is_no_model(tiny_model: Path, tmp_path: Path) -> None:
    for use in (ner.load, describe_model):
        with pytest.raises(ner.ModelError, match=rf"is a file of a model; name the folder.*: {tiny_model}$"):
            use(tiny_model / "model.safetensors")
        (tmp_path / "a.bin").touch()
        with pytest.raises(ner.ModelError, match="is a file, and a model is a folder"):
            use(tmp_path / "a.bin")


def test_a_model_and_a_run_are_themselves_alone(models: Path, tiny_model: Path) -> None:
    for path in (tiny_model, models / "news", models / "news" / "model"):
        assert is_model(path)
        assert not holds_models(path)
        assert runs_in(path) == [path]
    assert holds_models(models)
    assert not holds_models(models / "notes")


def test_a_file_holds_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert not holds_models(tmp_path / "file")
    with pytest.raises(ner.ModelError, match="neither a model nor a run"):
        runs_in(tmp_path / "file")
