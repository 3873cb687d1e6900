"""Errors of a model beside what it was trained on."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

import ner
from ner.evaluation.errors import NEW, SEEN


def test_counts_are_those_of_the_scores(tiny_model: Path, tiny_files: Path):
    report = ner.analyse_errors(tiny_model, tiny_files / "test.conll")
    scores = ner.evaluate(tiny_model, tiny_files / "test.conll").scores
    counts = report.counts()
    assert counts["correct"] == scores.correct
    assert counts.total() - counts["spurious"] == scores.gold
    assert counts.total() - counts["missed"] == scores.predicted
    assert f"F1 {100 * scores.micro.f1:.2f}." in report.summary()


def test_the_training_data_are_those_of_the_run(tiny_config: dict, tiny_files: Path, tmp_path: Path):
    result = ner.train(tiny_config)
    path = tmp_path / "new.conll"
    path.write_text("Ada B-PER\nmet O\nZanzibar B-LOC\n")
    for model in (result.model, result.folder, result.tagger):
        report = ner.analyse_errors(model, path)
        assert {name: sum(kinds.values()) for name, kinds in report.by_novelty().items()}.keys() >= {SEEN, NEW}
    other = ner.analyse_errors(result.model, path, training=path)
    assert other.by_novelty().keys() == {SEEN} | ({NEW} & other.by_novelty().keys())


def test_held_out_sentences_are_no_training_data(tiny_config: dict, tmp_path: Path):
    path = tmp_path / "train.conll"
    path.write_text("\n".join(f"Ada B-PER\nsaid{number} O\n" for number in range(40)))
    tiny_config["data"] = {"train": str(path), "dev_fraction": 0.25}
    result = ner.train(tiny_config)
    report = ner.analyse_errors(result.model, path)
    assert report.training is not None and len(report.training.words) == 1 + 30


@pytest.mark.parametrize("change", ["altered", "gone", "no configuration"])
def test_training_data_that_are_no_longer_the_same(tiny_config: dict, tiny_files: Path, tmp_path: Path, change: str):
    train = tmp_path / "train.conll"
    train.write_text((tiny_files / "train.conll").read_text())
    tiny_config["data"]["train"] = str(train)
    result = ner.train(tiny_config)
    assert ner.analyse_errors(result.model, tiny_files / "test.conll").training is not None
    if change == "altered":
        train.write_text("Ada B-PER\n")
    elif change == "gone":
        train.unlink()
    else:
        (result.folder / "config.yaml").write_text(yaml.safe_dump({"nonsense": 1}))
    assert ner.analyse_errors(result.model, tiny_files / "test.conll").training is None


def test_one_model_at_a_time(tiny_config: dict, tiny_files: Path):
    found = ner.train_seeds(tiny_config, [1, 2])
    with pytest.raises(ner.ModelError, match="holds 2 runs, and errors are those of one model: name one"):
        ner.analyse_errors(found.folder, tiny_files / "test.conll")
