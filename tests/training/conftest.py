"""Configurations to vary, and a look at the trainer behind a training."""

from __future__ import annotations

from typing import Any

import pytest

from ner.training.loop import Trainer
from tests.training.runs import Config, Make


@pytest.fixture
def make(tiny_config: Config) -> Make:
    """The tiny configuration with other settings of the training."""
    return lambda **training: {**tiny_config, "training": {**tiny_config["training"], **training}}


@pytest.fixture
def trainers(monkeypatch: pytest.MonkeyPatch) -> list[Trainer]:
    """The trainers of the trainings that follow."""
    made: list[Trainer] = []
    begin = Trainer.__init__

    def noted(trainer: Trainer, *arguments: Any) -> None:
        made.append(trainer)
        begin(trainer, *arguments)

    monkeypatch.setattr(Trainer, "__init__", noted)
    return made
