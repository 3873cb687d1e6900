"""The learning curve: which sentences are trained on, and what the summary makes of the runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pytest

import ner
from ner.corpus.check import identity
from ner.corpus.read import load
from ner.evaluation.scores import Score, Scores
from ner.training.portions import LearningCurve, Point, _portion, learning_curve
from ner.training.repeated import SeedRuns
from ner.training.run import TrainResult, train
from tests.training.runs import Notes, Stop, Stopped, outcome

Config = dict[str, Any]


def curve_of(*values: tuple[float, ...]) -> LearningCurve:
    """A curve whose test F1 is a tenth below dev."""

    def result(f1: float) -> TrainResult:
        score = Score(f1, f1, f1, 9)
        scores = Scores(score, score, {}, score, {}, 1.0, 0, 1, 1, 1, 1, 1)
        return TrainResult(Path("x"), Path("x/model"), [], 1, scores, None)

    points = [
        Point(
            (place + 1) / len(values), 100 * (place + 1), 50.0, SeedRuns(Path("x"), dict(enumerate(map(result, f1))))
        )
        for place, f1 in enumerate(values)
    ]
    return LearningCurve(Path("x"), tuple(points))


def test_portions_of_a_seed_are_nested_and_in_order() -> None:
    table = datasets.Dataset.from_dict({"number": list(range(97))})
    for seed in (1, 2):
        parts = [_portion(table, share, seed)["number"][:] for share in (0.001, 0.1, 0.5, 1.0)]
        assert [len(part) for part in parts] == [1, 10, 48, 97]
        assert all(part == sorted(part) for part in parts)
        assert set(parts[0]) < set(parts[1]) < set(parts[2]) < set(parts[3])
    assert _portion(table, 0.1, 1)["number"][:] != _portion(table, 0.1, 2)["number"][:]


def test_portions_are_drawn_evenly() -> None:
    table = datasets.Dataset.from_dict({"number": list(range(20))})
    counts = np.zeros(20)
    for seed in range(300):
        counts[_portion(table, 0.25, seed)["number"][:]] += 1
    assert counts.sum() == 1500 and (np.abs(counts - 75) < 4 * (300 * 0.25 * 0.75) ** 0.5).all()


def test_the_whole_is_the_ordinary_training(tiny_config: Config, tmp_path: Path) -> None:
    found = learning_curve(tiny_config, [1, 0.5], [2])
    assert [point.portion for point in found.points] == [0.5, 1]
    tiny_config["training"]["seed"] = 2
    alone = train({**tiny_config, "output": str(tmp_path / "alone")})
    whole = tmp_path / "run" / "portion-1" / "seed2"
    assert found.points[1].runs.runs[2].folder == whole
    assert outcome(whole) == outcome(alone.folder)
    half = json.loads((tmp_path / "run" / "portion-0.5" / "seed2" / "model" / "metrics.json").read_text())["data"]
    full = json.loads((alone.model / "metrics.json").read_text())["data"]
    assert half["train"]["sentences"] == 20 == found.points[0].sentences
    assert half["train"]["entities"] == found.points[0].entities < found.points[1].entities
    assert (half["dev"], half["test"]) == (full["dev"], full["test"])


def test_the_same_dev_is_held_out_of_every_portion(tiny_config: Config, tiny_files: Path, tmp_path: Path) -> None:
    tiny_config["data"] = {"train": str(tiny_files / "train.conll"), "dev_fraction": 0.25}
    learning_curve(tiny_config, [0.5, 1], [1, 2])
    files = sorted((tmp_path / "run").glob("*/*/model/metrics.json"))
    data = [json.loads(path.read_text())["data"] for path in files]
    assert len(data) == 4 and len({one["dev"]["sha256"] for one in data}) == 1
    assert [one["train"]["sentences"] for one in data] == [15, 15, 30, 30]


def test_columns_of_other_names_and_a_limit(tiny_config: Config, tiny_corpus: datasets.DatasetDict) -> None:
    renamed = tiny_corpus.rename_columns({"tokens": "pieces", "tags": "marks"})
    tiny_config["data"] = {"tokens": "pieces", "tags": "marks", "limit": 10}
    found = learning_curve(tiny_config, [0.5], dataset=renamed)
    assert found.points[0].sentences == 5
    assert list(found.points[0].runs.runs) == [1]


def test_the_summary_is_written_and_a_killed_curve_goes_on(tiny_config: Config, tmp_path: Path) -> None:
    expected = learning_curve({**tiny_config, "output": str(tmp_path / "whole")}, [0.5, 1], [1, 2])
    with pytest.raises(Stopped):
        learning_curve(tiny_config, [0.5, 1], [1, 2], listener=Stop(step=25))
    with pytest.raises(ner.TrainingError, match=r"portion-0.5: holds runs already .*--resume"):
        learning_curve(tiny_config, [0.5, 1], [1, 2])
    listener = Notes()
    found = learning_curve(tiny_config, [0.5, 1], [1, 2], resume=True, listener=listener)
    for one, other in zip(found.points, expected.points, strict=True):
        for seed in (1, 2):
            assert outcome(one.runs.runs[seed].folder) == outcome(other.runs.runs[seed].folder)
    saved = json.loads((tmp_path / "run" / "curve.json").read_text())
    assert saved == json.loads(json.dumps(found.to_json()))
    assert [one["portion"] for one in saved["portions"]] == [0.5, 1]
    assert saved["portions"][1]["f1"]["dev"]["values"] == list(found.points[1].runs.f1("dev").values)
    assert listener.heard.count("checked") == 1
    assert listener.notes[0] == "\nportion 0.5, 20 sentences; seed 1"


def test_table_and_outlook() -> None:
    rising = curve_of((0.2, 0.3), (0.5, 0.52), (0.6, 0.62))
    lines = rising.table().splitlines()
    assert lines[0].split() == ["portion", "sentences", "entities", "dev", "F1", "+-"]
    assert lines[1].split() == ["0.333333", "100", "50", "25.00", "7.07"]
    assert lines[-1] == (
        "From 200 to 300 sentences, dev F1 went from 51.00 to 61.00 (+10.00), more than seeds make: more sentences "
        "of this kind would probably still help."
    )
    assert "no more than seeds make" in curve_of((0.5, 0.6), (0.52, 0.6)).outlook()
    assert "no more than seeds make" in curve_of((0.6, 0.6), (0.5, 0.5)).outlook()
    assert "by one run each" in curve_of((0.5,), (0.9,)).outlook()
    assert "More portions" in curve_of((0.5, 0.6)).outlook()


@pytest.mark.parametrize("values", [[(0.5,)], [(0.2, 0.3), (0.5, 0.52)]])
def test_plot(tmp_path: Path, values: list[tuple[float, ...]]) -> None:
    path = curve_of(*values).plot(tmp_path / "curve.svg")
    text = path.read_text()
    assert "<!-- dev -->" in text and "<!-- 100 -->" in text and "<!-- test -->" not in text


@pytest.mark.parametrize("portions", [[], [0.0], [0.5, 1.5], [-0.1], [float("nan")]])
def test_what_are_no_portions(tiny_config: Config, tmp_path: Path, portions: list[float]) -> None:
    with pytest.raises(ner.ConfigError, match=r"portions .*: expected fractions above 0 and up to 1"):
        learning_curve(tiny_config, portions)
    assert not (tmp_path / "run").exists()


def test_nothing_to_train_on(tiny_config: Config) -> None:
    tiny_config["data"].pop("train")
    with pytest.raises(ner.DataError, match="there is nothing to train on"):
        learning_curve(tiny_config, [0.5])


def test_entities_are_counted_as_in_the_identity(tiny_config: Config) -> None:
    corpus = load(ner.load_config(tiny_config).data)
    found = learning_curve(tiny_config, [0.5], [1, 2])
    parts = [identity(_portion(corpus["train"], 0.5, seed))["entities"] for seed in (1, 2)]
    assert found.points[0].entities == sum(parts) / 2
