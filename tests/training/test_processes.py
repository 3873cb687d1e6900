"""Several processes that train together, started as a user starts them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from safetensors.torch import load_file

from ner.training.run import train
from tests.training.runs import Make, epochs, run_of

LAUNCHER = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]


def launched(config: dict[str, Any], path: Path, *options: str) -> subprocess.CompletedProcess[str]:
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    return subprocess.run(
        [*LAUNCHER, "-m", "ner", "train", str(path), *options], capture_output=True, text=True, timeout=300
    )


@pytest.mark.skipif(torch.cuda.is_available(), reason="two processes on one GPU do not go together")
def test_two_processes_give_the_model_of_one(make: Make, tmp_path: Path) -> None:
    config = make(epochs=3, batch_size=3, optimizer={"name": "sgd", "lr": 0.05, "schedule": "constant"})
    config["model"]["words"] |= {"dropout": 0.0, "rare_dropout": 0.0}
    config["model"]["chars"]["dropout"] = config["model"]["encoder"]["dropout"] = 0.0
    config["tagging"] = {"decoding": "f1"}
    alone = train({**config, "output": str(tmp_path / "alone")})

    done = launched(config, tmp_path / "config.yaml", "training.epochs=2")  # batches of 3, and a last one of 1
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("run folder") == done.stdout.count("\ntest\n") == done.stdout.count("Model: ") == 1
    gone_on = launched(config, tmp_path / "config.yaml", "--resume")
    assert gone_on.returncode == 0, gone_on.stderr

    run = run_of(config)
    assert [line["epoch"] for line in epochs(run)] == [1, 2, 3]
    for one, two in zip(epochs(alone.folder), epochs(run), strict=True):
        assert two["loss"] == pytest.approx(one["loss"], rel=1e-4) and two["dev"] == pytest.approx(one["dev"])
    expected, found = (load_file(folder / "model/model.safetensors") for folder in (alone.folder, run))
    for name in expected:
        torch.testing.assert_close(found[name], expected[name], atol=1e-5, rtol=1e-4, msg=name)
    assert (run / "predictions.conll").read_text() == (alone.folder / "predictions.conll").read_text()
    metrics = json.loads((run / "model/metrics.json").read_text())
    assert alone.test is not None and metrics["test"] == json.loads(json.dumps(alone.test.to_json()))


@pytest.mark.skipif(torch.cuda.is_available(), reason="two processes on one GPU do not go together")
def test_an_occupied_folder_stops_all_processes(make: Make, tmp_path: Path) -> None:
    config = make(epochs=1)
    result = train(config)
    before = (result.folder / "metrics.jsonl").read_bytes()
    refused = launched(config, tmp_path / "config.yaml")
    assert refused.returncode != 0 and "holds a run already" in refused.stderr and "epoch " not in refused.stdout
    assert (result.folder / "metrics.jsonl").read_bytes() == before
