"""One trial of a search: a training with the trial's values, whose dev F1 the study is told after every epoch."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ner.config import Config, with_values
from ner.corpus.hub import find_dataset
from ner.corpus.read import load
from ner.corpus.rows import SPLIT_NAMES
from ner.errors import ConfigError, TrainingError
from ner.evaluation.tables import percent
from ner.training.folder import RunFolder
from ner.training.listener import Listener
from ner.training.portions import in_memory
from ner.training.run import train
from ner.tuning.space import Space
from ner.tuning.study import ATTEMPT, FAULT, StudyError, agree, alive, folder_of, give_back, import_optuna

if TYPE_CHECKING:
    from datasets import DatasetDict
    from optuna import Study, Trial

    from ner.corpus.check import Report

# What the study notes of a trial, beside what `ner.tuning.study` does.
EPOCH, EPOCHS, SECONDS = "best_epoch", "epochs", "seconds"


@dataclass(frozen=True)
class Task:
    """What all trials share.

    Attributes:
        config: the configuration that is varied; it names no test data.
        space: what is varied.
        dataset: the corpus without its test split, in place of the configuration's files; or None.
    """

    config: Config
    space: Space
    dataset: DatasetDict | None

    @classmethod
    def of(cls, config: Config, space: Space, dataset: DatasetDict | None) -> Task:
        """The task without the test data.

        Raises:
            ConfigError: there is nothing to score on.
            DataError: the corpus cannot be read.
        """
        import datasets

        if config.data.dataset is not None or dataset is not None:
            found = find_dataset(config.data.dataset or "", config.data.revision) if dataset is None else dataset
            kept = {split: part for split, part in found.items() if split not in SPLIT_NAMES["test"]}
            dataset, config = load(config.data, datasets.DatasetDict(kept), None), in_memory(config)
        config = config.model_copy(update={"data": config.data.model_copy(update={"test": []})})
        has_dev = "dev" in dataset if dataset is not None else bool(config.data.dev)
        if not has_dev and not config.data.dev_fraction:
            raise ConfigError("a search needs dev data to score on: set data.dev or data.dev_fraction")
        return cls(config, space, dataset)


def run_trial(task: Task, study: Study, trial: Trial) -> str:
    """Train with the values of a trial and tell the study what came of it; a sentence about it.

    A run that was killed with these values is gone on with.

    Raises:
        NerError: what would stop every trial, such as data that cannot be read; this one is to be tried again.
    """
    optuna = import_optuna()
    try:
        with alive(trial):
            said = _trained(task, study, trial)
    except optuna.exceptions.UpdateFinishedTrialError:
        return f"trial {trial.number}: was given up meanwhile, since it gave no sign of life"
    except BaseException:  # also what stops the whole search
        with suppress(ValueError, optuna.exceptions.UpdateFinishedTrialError):
            give_back(study, trial.number)
        raise
    return f"trial {trial.number}: {said}"


def _trained(task: Task, study: Study, trial: Trial) -> str:
    optuna = import_optuna()
    states = optuna.trial.TrialState
    values = task.space.suggest(trial)
    again, folder = trial.user_attrs.get(ATTEMPT, 1) > 1, RunFolder(Path(task.config.output) / folder_of(trial))
    if folder.occupied() and not again:
        raise StudyError(f"{folder.path}: holds a run of another study: begin this one with another --study NAME")
    begun, result, fault = time.perf_counter(), None, ""
    resume = again and folder.checkpoint.exists()
    try:
        config = with_values(task.config, {**values, "output": str(folder.path)})
        reporter = _Reporter(study, trial, folder, task.space)
        result = train(config, task.dataset, resume=resume, overwrite=not resume, listener=reporter)
    except optuna.TrialPruned:
        pass
    except StudyError:
        raise
    except (ConfigError, TrainingError) as error:
        fault = str(error)
        trial.set_user_attr(FAULT, fault)
    folder.checkpoint.unlink(missing_ok=True)  # thrice the size of the model, and no longer needed
    trial.set_user_attr(SECONDS, round(time.perf_counter() - begun, 1))
    trial.set_user_attr(EPOCHS, len(_reported(folder)))
    if result is None or result.dev is None:
        study.tell(trial, state=states.FAIL if fault else states.PRUNED)
        said = f"failed: {fault}" if fault else f"pruned after epoch {len(_reported(folder))}"
    else:
        trial.set_user_attr(EPOCH, result.best_epoch)
        study.tell(trial, result.dev.micro.f1)
        said = f"dev F1 {percent(result.dev.micro.f1)} (epoch {result.best_epoch})"
    return f"{said}; {shown(values)}"


def shown(values: dict[str, Any]) -> str:
    """Values in a line; numbers that were drawn, to four digits."""
    return ", ".join(
        f"{key} {value:.4g}" if isinstance(value, float) else f"{key} {value}" for key, value in values.items()
    )


class _Reporter(Listener):
    """Tells the study the dev F1 of every epoch, and ends a trial that lags behind the others.

    Raises (from the training):
        TrialPruned: of optuna, where the pruner says so.
    """

    def __init__(self, study: Study, trial: Trial, folder: RunFolder, space: Space) -> None:
        self.study, self.trial, self.folder = study, trial, folder
        self.same_train = not any(key.startswith(("data.", "distillation.")) for key in space)

    def checked(self, report: Report) -> None:
        """See that all trials have the same dev data, and the same training data unless these are varied."""
        agree(self.study, "dev data", report.splits["dev"].sha256)
        if self.same_train:
            agree(self.study, "training data", report.splits["train"].sha256)

    def started(self, prepared: Any, place: str) -> None:
        """Report the epochs of a run that is gone on with."""
        for record in _reported(self.folder):
            self.trial.report(record["dev"]["f1"], record["epoch"])

    def epoch(self, record: dict[str, Any], best: bool) -> None:
        """Report an epoch."""
        self.trial.report(record["dev"]["f1"], record["epoch"])
        if self.trial.should_prune():
            raise import_optuna().TrialPruned


def _reported(folder: RunFolder) -> list[dict[str, Any]]:
    """The lines of ``metrics.jsonl``."""
    with suppress(OSError):
        return [json.loads(line) for line in folder.metrics.read_text(encoding="utf-8").splitlines()]
    return []
