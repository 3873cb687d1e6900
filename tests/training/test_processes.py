"""Several processes that train together."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from safetensors.torch import load_file

from ner.errors import ConfigError
from ner.model import SequenceTagger
from ner.training.listener import Listener
from ner.training.loop import Step
from ner.training.portions import learning_curve
from ner.training.preparation import Prepared
from ner.training.repeated import train_seeds
from ner.training.run import train
from ner.tuning.search import tune
from tests.training.runs import Make, epochs, everything, outcome, run_of
from tests.training.together import together

LAUNCHER = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
GONE = "another of the processes that train together has ended or does not answer"

pytestmark = [
    pytest.mark.skipif(torch.cuda.is_available(), reason="two processes on one GPU do not go together"),
    pytest.mark.skipif(sys.platform != "linux", reason="forked processes, and signals that stop them"),
]


def test_two_processes_give_the_model_of_one(make: Make, tmp_path: Path) -> None:
    config = make(epochs=3, batch_size=3, optimizer={"name": "sgd", "lr": 0.05, "schedule": "constant"})
    config["model"]["words"] |= {"dropout": 0.0, "rare_dropout": 0.0}
    config["model"]["chars"]["dropout"] = config["model"]["encoder"]["dropout"] = 0.0
    config["tagging"] = {"decoding": "f1"}
    alone = train({**config, "output": str(tmp_path / "alone")})

    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    done = subprocess.run(  # batches of 3, and a last one of 1
        [*LAUNCHER, "-m", "ner", "train", str(path)], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert ", 1 threads, 2 processes; run folder" in done.stdout
    assert done.stdout.count("run folder") == done.stdout.count("\ntest\n") == done.stdout.count("Model: ") == 1

    run = run_of(config)
    for one, two in zip(epochs(alone.folder), epochs(run), strict=True):
        assert two["loss"] == pytest.approx(one["loss"], rel=1e-4) and two["dev"] == pytest.approx(one["dev"])
    expected, found = (load_file(folder / "model/model.safetensors") for folder in (alone.folder, run))
    for name in expected:
        torch.testing.assert_close(found[name], expected[name], atol=1e-5, rtol=1e-4, msg=name)
    assert (run / "predictions.conll").read_text() == (alone.folder / "predictions.conll").read_text()
    metrics = json.loads((run / "model/metrics.json").read_text())
    assert alone.test is not None and metrics["test"] == json.loads(json.dumps(alone.test.to_json()))


class Signal(Listener):
    """Sends a process a signal after some steps."""

    def __init__(self, steps: int, file: Path, number: signal.Signals) -> None:
        self.left, self.file, self.number = steps, file, number

    def step(self, epoch: int, step: Step) -> None:
        self.left -= 1
        if self.left == 0:
            os.kill(int(self.file.read_text()), self.number)


@pytest.mark.parametrize(
    ("lost", "how"), [(0, signal.SIGKILL), (1, signal.SIGKILL), (1, signal.SIGSTOP)], ids=["first", "other", "silent"]
)
def test_a_process_that_is_lost_ends_the_other_and_the_training_goes_on(
    make: Make, tmp_path: Path, lost: int, how: signal.Signals
) -> None:
    config = make(epochs=2, batch_size=3, process_timeout=2)
    file, undisturbed = tmp_path / "pid", {**config, "output": str(tmp_path / "undisturbed")}

    def work(number: int) -> None:
        if number == lost:
            file.write_text(str(os.getpid()))
        train(config, listener=Signal(20, file, how))  # of 14 an epoch

    begun = time.monotonic()
    ends = together(work, tmp_path)
    assert time.monotonic() - begun < 60
    assert ends[lost].status == -signal.SIGKILL
    assert ends[1 - lost].status == 1 and f"TrainingError: {GONE}" in ends[1 - lost].said
    assert "start them all again with --resume" in ends[1 - lost].said and "pair.cc" not in ends[1 - lost].said
    assert [line["epoch"] for line in epochs(run_of(config))] == [1]
    if lost == 1:
        return
    for again in (lambda _: train(config, resume=True), lambda _: train(undisturbed)):
        assert [end.status for end in together(again, tmp_path)] == [0, 0]
    assert outcome(run_of(config)) == outcome(run_of(undisturbed))


def test_an_occupied_folder_stops_all_processes(make: Make, tmp_path: Path) -> None:
    config = make(epochs=1)
    result = train(config)
    before = everything(result.folder)
    first, second = together(lambda _: train(config), tmp_path)
    assert first.status == second.status == 1
    assert "holds a run already" in first.said and "the first of the processes" in second.said
    assert everything(result.folder) == before


def test_a_checkpoint_is_the_first_process_s_to_read(make: Make, tmp_path: Path) -> None:
    config = make(epochs=2)
    train({**config, "training": {**config["training"], "epochs": 1, "optimizer": {"schedule": "constant"}}})
    longer = {**config, "training": {**config["training"], "optimizer": {"schedule": "constant"}}}

    def work(number: int) -> None:  # the other is on another machine, which does not have the folder
        there = longer if number == 0 else {**longer, "output": str(tmp_path / "elsewhere")}
        assert len(train(there, resume=True).epochs) == 2

    assert [end.status for end in together(work, tmp_path)] == [0, 0]
    assert not (tmp_path / "elsewhere").exists()


def test_processes_with_other_data_do_not_train_together(make: Make, tmp_path: Path) -> None:
    config = make(epochs=1)

    def work(number: int) -> None:
        train({**config, "data": {**config["data"], **({"limit": 20} if number else {})}})

    ends = together(work, tmp_path)
    assert [end.status for end in ends] == [1, 1]
    assert all("do not have the same corpus, content of a file" in end.said for end in ends)


def test_all_begin_with_the_weights_of_the_first(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another machine may lay out the first weights with other last bits, or with wholly other ones."""
    config, network = make(epochs=1), Prepared.network

    def work(number: int) -> None:
        def other(prepared: Prepared) -> SequenceTagger:
            model = network(prepared)
            with torch.no_grad():
                model.project.weight += number
            return model

        monkeypatch.setattr(Prepared, "network", other)
        weights = train(config).tagger.predictor.model.project.weight
        torch.save(weights.detach(), tmp_path / f"weights{number}")

    ends = together(work, tmp_path)
    assert [end.status for end in ends] == [0, 0], ends
    assert torch.load(tmp_path / "weights0").equal(torch.load(tmp_path / "weights1"))


def test_seeds_and_portions_are_trained_together_too(make: Make, tmp_path: Path) -> None:
    config = make(epochs=1)

    def work(number: int) -> None:
        assert train_seeds({**config, "output": str(tmp_path / "seeds")}, [1, 2]).best in (1, 2)
        learning_curve({**config, "output": str(tmp_path / "curve")}, [0.5, 1.0])

    assert [end.status for end in together(work, tmp_path)] == [0, 0]
    assert (tmp_path / "seeds/seeds.json").exists() and (tmp_path / "curve/curve.json").exists()


@pytest.mark.parametrize(
    ("size", "message"),
    [
        ("two", "WORLD_SIZE=two: expected how many"),
        ("2", "MASTER_ADDR.*Start them with torchrun or accelerate launch"),
    ],
)
def test_others_whom_nobody_has_started(make: Make, tmp_path: Path, size: str, message: str) -> None:
    def work(_: int) -> None:
        for name in ("RANK", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"):
            del os.environ[name]
        os.environ["WORLD_SIZE"] = size
        train(make(epochs=1))

    (end,) = together(work, tmp_path, processes=1)
    assert end.status == 1 and re.search(f"TrainingError: .*{message}", end.said)


@pytest.mark.parametrize("seconds", [0.0001, 1e10])  # which gloo takes for no end at all, and for none
def test_a_time_that_no_backend_can_wait_is_refused(make: Make, seconds: float) -> None:
    with pytest.raises(ConfigError, match="process_timeout"):
        train(make(process_timeout=seconds))


def test_a_search_is_not_for_them(tiny_config: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("optuna")
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(ConfigError, match="not for processes that train one model together"):
        tune(tiny_config, {"training.seed": [1, 2]})
