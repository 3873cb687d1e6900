"""What the tests of whole trainings share: how a run is stopped, and when two of them ended alike."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ner.training.listener import Listener
from ner.training.loop import Step

Config = dict[str, Any]
Make = Callable[..., Config]


class Stopped(BaseException):
    """Neither an error of the package nor of Python: as good as a kill."""


class Stop(Listener):
    """Ends a training at a step, or with an epoch.

    Args:
        step: after so many steps.
        epoch: after so many epochs, checkpoint included.
    """

    def __init__(self, step: int = -1, epoch: int = -1) -> None:
        self.steps, self.last_step, self.last_epoch = 0, step, epoch

    def step(self, epoch: int, step: Step) -> None:
        self.steps += 1
        if self.steps == self.last_step:
            raise Stopped

    def epoch(self, record: dict[str, Any], best: bool) -> None:
        if record["epoch"] == self.last_epoch:
            raise Stopped


class Notes(Listener):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.heard: list[str] = []
        self.best: list[bool] = []

    def note(self, text: str) -> None:
        self.notes.append(text)

    def checked(self, report: Any) -> None:
        self.heard.append("checked")

    def started(self, prepared: Any, place: str) -> None:
        self.heard.append("started")

    def step(self, epoch: int, step: Step) -> None:
        self.heard.append(f"step of {epoch}")

    def epoch(self, record: dict[str, Any], best: bool) -> None:
        self.heard.append(f"epoch {record['epoch']}")
        self.best.append(best)


def epochs(run: Path) -> list[dict[str, Any]]:
    """The lines of ``metrics.jsonl`` without what a clock says."""
    lines = (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    timed = ("seconds", "tokens_per_second")
    return [{key: value for key, value in json.loads(line).items() if key not in timed} for line in lines]


def outcome(run: Path) -> dict[str, Any]:
    """All that two equal trainings must agree in: weights bit by bit, epochs, scores, predictions, vocabularies."""
    model = run / "model"
    files = ["model.safetensors", "words.txt", "characters.txt"]
    metrics = json.loads((model / "metrics.json").read_text(encoding="utf-8"))
    del metrics["configuration"]  # equal trainings may be asked for in different words
    return {
        "metrics": metrics,
        "epochs": epochs(run),
        "predictions": (run / "predictions.conll").read_text(encoding="utf-8"),
        **{name: (model / name).read_bytes() for name in files},
        "files": sorted(path.name for path in run.iterdir()),
    }


def run_of(config: Config) -> Path:
    """The run folder of a configuration."""
    return Path(config["output"])


def everything(folder: Path) -> dict[str, bytes]:
    """All files of a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
