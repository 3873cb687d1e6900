"""TensorBoard events: what was logged can be read back."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

import ner
from ner.errors import MissingExtraError, TrainingError


def test_curves_can_be_read_back(tiny_config: dict[str, Any]) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    config = {**tiny_config, "training": {**tiny_config["training"], "tensorboard": True}}
    result = ner.train(config)
    events = EventAccumulator(str(result.folder / "tensorboard"))
    events.Reload()
    assert [event.step for event in events.Scalars("dev/f1")] == [record["epoch"] for record in result.epochs]
    assert events.Scalars("loss")[-1].value == pytest.approx(result.epochs[-1]["loss"])


def test_a_missing_library_is_said_before_the_training(
    tiny_config: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    config = {**tiny_config, "training": {**tiny_config["training"], "tensorboard": True}}
    with pytest.raises(MissingExtraError, match=r"bilstm-crf-ner\[tensorboard\]"):
        ner.train(config)


def test_a_full_disk_is_an_error_with_the_path(tiny_config: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    from torch.utils.tensorboard import SummaryWriter

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    config = {**tiny_config, "training": {**tiny_config["training"], "tensorboard": True}}
    with monkeypatch.context() as patched, pytest.raises(TrainingError, match=r"No space left.*make room") as caught:
        patched.setattr(SummaryWriter, "flush", full)
        ner.train(config)
    assert str(caught.value).startswith(str(Path(config["output"]) / "tensorboard"))
    assert len(ner.train(config, resume=True).epochs) == 2
