from __future__ import annotations

from typing import Any

import pytest
from datasets import Dataset, DatasetDict

import ner
from ner.errors import ConfigError, DataError, TrainingError
from ner.training import checkpoint
from ner.training.loop import Trainer
from ner.training.run import train
from tests.training.runs import Config, Make, Notes, Stop, Stopped, epochs, everything, outcome, run_of


@pytest.mark.parametrize("options", [{"lr": 1e20}, {"name": "sgd", "lr": 1e9}])
def test_a_diverging_training_keeps_what_was_good(make: Make, trainers: list[Trainer], options: Config) -> None:
    with pytest.raises(Stopped):
        train(make(epochs=4), listener=Stop(epoch=1))
    run = run_of(make())
    before = everything(run / "model")
    with pytest.raises(TrainingError, match="diverged"):
        train({**make(epochs=4, optimizer=options), "output": str(run) + "-other"})
    assert not (run.with_name(run.name + "-other") / "model").exists()

    class Spoil(Notes):
        def step(self, epoch: int, step: Any) -> None:
            trainers[-1].parameters[0].data.fill_(float("nan"))

    with pytest.raises(TrainingError, match="diverged in epoch 2"):
        train(make(epochs=4), resume=True, listener=Spoil())
    assert everything(run / "model") == before
    train(make(epochs=4), resume=True)  # from the last good state
    assert len(epochs(run)) == 4


def test_a_run_that_stands_is_neither_overwritten_nor_spoilt(make: Make) -> None:
    config = make()
    train(config)
    before = everything(run_of(config))
    with pytest.raises(TrainingError, match=r"--resume.*--overwrite"):
        train(config)
    faulty = {**config, "data": {**config["data"], "train": "nowhere.conll"}}
    for options in ({"overwrite": True}, {"resume": True}):
        with pytest.raises(DataError, match=r"nowhere\.conll"):
            train(faulty, **options)
    assert everything(run_of(config)) == before


def test_overwriting_leaves_nothing_of_the_old_run(make: Make) -> None:
    config = make(epochs=3)
    train(config)
    config = make(epochs=1)
    del config["data"]["test"]
    train(config, overwrite=True)
    assert len(epochs(run_of(config))) == 1
    assert not (run_of(config) / "predictions.conll").exists()


def test_two_trainings_in_one_folder_refuse_each_other(make: Make) -> None:
    refused: list[str] = []

    class Second(Notes):
        def step(self, epoch: int, step: Any) -> None:
            if not refused:
                for options in ({}, {"resume": True}, {"overwrite": True}):
                    with pytest.raises(TrainingError) as caught:
                        train(make(), **options)
                    refused.append(str(caught.value))

    assert len(train(make(), listener=Second()).epochs) == 2
    assert len(refused) == 3 and all("another training is writing here" in text for text in refused)


@pytest.mark.parametrize(
    ("fault", "named"),
    [
        ("ner.persistence.save_file", "model"),
        ("ner.training.checkpoint.save_file", "checkpoint.safetensors"),
        ("pathlib.Path.write_text", "config.yaml"),
    ],
)
def test_a_full_disk_is_an_error_with_the_path(
    make: Make, monkeypatch: pytest.MonkeyPatch, fault: str, named: str
) -> None:
    config = make()

    def full(*_: object, **__: object) -> str:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched, pytest.raises(TrainingError, match="No space left") as caught:
        patched.setattr(fault, full)
        train(config)
    assert str(run_of(config) / named) in str(caught.value) and "make room" in str(caught.value)
    assert not list(run_of(config).glob("*.new"))
    assert len(train(config, resume=True).epochs) == 2


def test_a_disk_that_fills_up_later_leaves_the_best_model_whole(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    config, save, calls = make(epochs=3, optimizer={"lr": 0.05}), checkpoint.save_file, []

    def fills(*arguments: Any, **options: Any) -> None:
        calls.append(1)
        if len(calls) == 3:
            raise OSError(28, "No space left on device")
        save(*arguments, **options)

    with monkeypatch.context() as patched, pytest.raises(TrainingError, match="No space left"):
        patched.setattr(checkpoint, "save_file", fills)
        train(config)
    ner.load(run_of(config)).tag("Ada lives in London.")
    train(config, resume=True)
    whole = {**config, "output": config["output"] + "-whole"}
    train(whole)
    assert outcome(run_of(config)) == outcome(run_of(whole))


def test_what_cannot_be_trained_on(make: Make, tiny_corpus: DatasetDict) -> None:
    nothing = Dataset.from_dict({"tokens": [["a", "b"]] * 30, "tags": [["O", "O"]] * 30})
    with pytest.raises(DataError, match="every tag is O"):
        train({**make(), "data": {}}, DatasetDict({"train": nothing, "dev": tiny_corpus["dev"]}))
    with pytest.raises(DataError, match="nothing to train on"):
        train({**make(), "data": {"dev_fraction": 0.0}}, DatasetDict({"test": tiny_corpus["test"], "dev": nothing}))
    odd = Dataset.from_dict({"tokens": [["Ada", "left"]] * 30, "tags": [["B-\x1b[2J", "O"]] * 30})
    with pytest.raises(DataError, match=r"the label '\\x1b\[2J' ends a line or steers a terminal.*another name"):
        train({**make(force=True), "data": {}}, DatasetDict({"train": odd, "dev": odd}))
    with pytest.raises(ConfigError, match=r"training: epoch: unknown key|training\.epoch: unknown key"):
        train({**make(), "training": {"epoch": 3}})
    with pytest.raises(ConfigError, match="seed"):
        train(make(seed=-1))
    with pytest.raises(TrainingError, match="cannot be written"):
        train({**make(), "output": "/proc/nowhere/run"})
