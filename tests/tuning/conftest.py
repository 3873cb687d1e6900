"""A space around the tiny configuration, and trials in which nothing is learnt."""

from __future__ import annotations

import json
import threading
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ner.config import Config
from ner.training.folder import RunFolder
from ner.training.listener import Listener


@pytest.fixture
def tiny_space() -> dict[str, Any]:
    """Five keys of every kind; the tiny configuration lies within."""
    return {
        "model.encoder.hidden": [4, 8, 12],
        "model.chars.widths": [[3], [2, 3]],
        "model.encoder.dropout": {"low": 0.0, "high": 0.5},
        "training.batch_size": {"low": 4, "high": 16, "step": 4},
        "training.optimizer.lr": {"low": 0.001, "high": 0.1, "log": True},
    }


class Rehearsal:
    """Stands for `ner.train`, where a search is looked at and not what it trains: leaves metrics and tells epochs.

    F1 rises with the epochs, the faster, the higher the learning rate.

    Attributes:
        together: if set, every training waits until so many are at work, as long as there are others to come.
    """

    def __init__(self) -> None:
        self.together: threading.Barrier | None = None

    def __call__(
        self, config: Config, dataset: Any, *, resume: bool, overwrite: bool, listener: Listener
    ) -> SimpleNamespace:
        if self.together is not None:
            with suppress(threading.BrokenBarrierError):
                self.together.wait(timeout=10)
        folder, f1 = RunFolder(Path(config.output)), 0.0
        folder.path.mkdir(parents=True, exist_ok=True)
        for epoch in range(1, config.training.epochs + 1):
            f1 = min(1.0, epoch * (0.1 + config.training.optimizer.lr))
            record = {"epoch": epoch, "dev": {"f1": f1}}
            with folder.metrics.open("a", encoding="utf-8") as file:
                file.write(json.dumps(record) + "\n")
            listener.epoch(record, True)
        scores = SimpleNamespace(micro=SimpleNamespace(f1=f1))
        return SimpleNamespace(dev=scores, best_epoch=config.training.epochs)


@pytest.fixture
def rehearsal(monkeypatch: pytest.MonkeyPatch) -> Rehearsal:
    """Trials of this test learn nothing."""
    played = Rehearsal()
    monkeypatch.setattr("ner.tuning.trial.train", played)
    return played
