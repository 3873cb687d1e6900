"""The run folder: who may write into it, and what lies where."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from ner.config import Config
from ner.errors import TrainingError


class RunFolder:
    """Files of one training.

    ============================ =====================================================
    file                         holds
    ============================ =====================================================
    ``config.yaml``              the configuration in full, overrides included
    ``check.json``               what the check of the corpus found
    ``metrics.jsonl``            a line an epoch
    ``checkpoint.safetensors``   everything that ``--resume`` needs
    ``model/``                   the best model so far
    ``predictions.conll``        tokens, gold and predicted tags of the test split
    ============================ =====================================================
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self.config = self.path / "config.yaml"
        self.check = self.path / "check.json"
        self.metrics = self.path / "metrics.jsonl"
        self.checkpoint = self.path / "checkpoint.safetensors"
        self.model = self.path / "model"
        self.predictions = self.path / "predictions.conll"
        self.curve = self.path / "curve.png"

    @contextmanager
    def claimed(self, config: Config, resume: bool, overwrite: bool) -> Iterator[None]:
        """Hold the folder for one training, and see that nothing in it is lost.

        Raises:
            TrainingError: another training is at work here, or the folder holds a run and neither ``resume`` nor
                ``overwrite`` was asked for, or it cannot be written.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock = (self.path / "run.lock").open("w")
        except OSError as error:
            raise TrainingError(f"{self.path}: the run folder cannot be written: {error}") from None
        with lock:
            if not _lock(lock.fileno()):
                raise TrainingError(f"{self.path}: another training is writing here; choose another output=FOLDER")
            if self.config.exists() and not resume:
                if not overwrite:
                    raise TrainingError(
                        f"{self.path}: holds a run already; go on with it (--resume), replace it (--overwrite), "
                        "or choose another output=FOLDER"
                    )
                self._clear()
            self.config.write_text(
                yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False, allow_unicode=True), encoding="utf-8"
            )
            yield

    def log(self, record: Mapping[str, Any]) -> None:
        """Add a line to ``metrics.jsonl``."""
        with self.metrics.open("a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")

    def keep_epochs(self, epochs: int) -> None:
        """Drop lines of ``metrics.jsonl`` past an epoch: those that a resumed training will write again."""
        if self.metrics.exists():
            lines = self.metrics.read_text(encoding="utf-8").splitlines(keepends=True)[:epochs]
            self.metrics.write_text("".join(lines), encoding="utf-8")

    def _clear(self) -> None:
        for path in (self.check, self.metrics, self.checkpoint, self.predictions, self.curve):
            path.unlink(missing_ok=True)
        shutil.rmtree(self.model, ignore_errors=True)


def _lock(descriptor: int) -> bool:
    """Take the lock; the system gives it back when the process ends, however it ends."""
    try:
        import fcntl
    except ImportError:  # Windows: no such lock, two runs into one folder are not noticed
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
