"""The run folder: who may write into it, and what lies where."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from ner.config import Config
from ner.errors import TrainingError

if TYPE_CHECKING:
    from ner.corpus.check import Report


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
    ``curve.png``                the training curve, with ``training.plot``
    ``tensorboard/``             events, with ``training.tensorboard``
    ``run.lock``                 nothing; locked while a training writes here
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
        self.events = self.path / "tensorboard"

    @contextmanager
    def claimed(self, resume: bool, overwrite: bool) -> Iterator[None]:
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
            if self.occupied() and not (resume or overwrite):
                raise TrainingError(
                    f"{self.path}: holds a run already; go on with it (--resume), replace it (--overwrite), "
                    "or choose another output=FOLDER"
                )
            yield

    def occupied(self) -> bool:
        """Whether a run was begun here."""
        return any(path.exists() for path in (self.checkpoint, self.metrics, self.model))

    def clear(self) -> None:
        """Remove a run; the checkpoint first, so that a half of it is never resumed."""
        for path in (self.checkpoint, self.check, self.metrics, self.predictions, self.curve):
            path.unlink(missing_ok=True)
        for folder in (self.model, self.events):
            shutil.rmtree(folder, ignore_errors=True)

    def describe(self, config: Config, report: Report) -> None:
        """Write ``config.yaml`` and ``check.json``.

        Raises:
            TrainingError: they cannot be written.
        """
        tree = config.model_dump(mode="json")
        _replace(self.config, yaml.safe_dump(tree, sort_keys=False, allow_unicode=True))
        _replace(self.check, json.dumps(report.to_json(), indent=2) + "\n")

    def log(self, record: Mapping[str, Any]) -> None:
        """Add a line to ``metrics.jsonl``.

        Raises:
            TrainingError: it cannot be written.
        """
        with writing(self.metrics), self.metrics.open("a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")

    def keep(self, records: Iterable[Mapping[str, Any]]) -> None:
        """Leave these lines alone in ``metrics.jsonl``: a resumed training writes those that followed again.

        Raises:
            TrainingError: it cannot be written.
        """
        _replace(self.metrics, "".join(json.dumps(record) + "\n" for record in records))


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Name the file where something cannot be written, and what to do.

    Raises:
        TrainingError: in place of an `OSError`.
    """
    try:
        yield
    except OSError as error:
        raise TrainingError(
            f"{path}: cannot be written: {error}. The checkpoint is untouched: make room and go on with --resume."
        ) from None


def _replace(path: Path, text: str) -> None:
    fresh = path.with_name(path.name + ".new")
    with writing(path):
        try:
            fresh.write_text(text, encoding="utf-8")
            fresh.replace(path)
        finally:
            fresh.unlink(missing_ok=True)


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
