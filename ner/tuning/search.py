"""The search itself: processes that take trials of one study until there are enough of them."""

from __future__ import annotations

import multiprocessing
import os
import random
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import connection
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ner import errors
from ner.config import Config, load_config
from ner.errors import ConfigError, NerError, TrainingError
from ner.threads import available_cores
from ner.training.listener import Listener
from ner.training.processes import launched_together
from ner.training.repeated import write_summary
from ner.tuning.result import Tuning
from ner.tuning.space import Space, load_space
from ner.tuning.study import (
    agree,
    counted,
    give_back,
    import_optuna,
    open_storage,
    open_study,
    quiet_optuna,
    revive,
)
from ner.tuning.trial import Task, run_trial

if TYPE_CHECKING:
    from datasets import DatasetDict
    from optuna import Study

Sampler = Literal["grid", "random", "tpe"]
DEFAULT_TRIALS = 30
_READY = "queued"
_PATIENCE = 30.0  # seconds to wait for who creates the study


@dataclass(frozen=True)
class Plan:
    """What every process of a search knows.

    Attributes:
        task: what all trials share.
        storage: file name or database URL.
        name: of the study.
        sampler: which values are tried next.
        trials: of the study in all.
        prune: whether trials that lag behind the median of the others are ended early.
        seed: of the sampler.
    """

    task: Task
    storage: str
    name: str
    sampler: Sampler
    trials: int
    prune: bool
    seed: int

    def study(self) -> tuple[Study, bool]:
        """The study as one of the processes sees it, and whether it was created now."""
        optuna = import_optuna()
        with quiet_optuna():
            warmup = self.task.config.training.epochs // 4
            median = optuna.pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=warmup)
        pruner = median if self.prune else optuna.pruners.NopPruner()
        return open_study(open_storage(self.storage), self.name, self.draws(0), pruner)

    def draws(self, trial: int) -> Any:
        """optuna's sampler for one trial.

        What it draws goes by seed and number of the trial: one for all trials of a process would draw the same values
        again when the search goes on, and in every process that was started with this seed.
        """
        optuna = import_optuna()
        drawn = random.Random(f"{self.seed} {trial}").getrandbits(32)
        with quiet_optuna():
            if self.sampler == "tpe":
                return optuna.samplers.TPESampler(seed=drawn, constant_liar=True)
            return optuna.samplers.RandomSampler(seed=drawn)


def tune(
    config: Config | Mapping[str, Any] | str | os.PathLike[str],
    space: str | os.PathLike[str] | Mapping[str, Any],
    *,
    sampler: Sampler = "tpe",
    trials: int | None = None,
    jobs: int = 1,
    dataset: DatasetDict | None = None,
    storage: str | os.PathLike[str] | None = None,
    study: str = "tune",
    prune: bool = True,
    seed: int = 0,
    listener: Listener | None = None,
) -> Tuning:
    """Search for a configuration that is better on dev; test data are neither read nor scored.

    Trials are written into ``OUTPUT/STUDY/trial-N``, the best configuration into ``OUTPUT/STUDY/best.yaml``, and a
    summary into ``OUTPUT/STUDY/tune.json``. The same call again goes on with the study, and at the same time, here or
    on another machine that reaches the storage, it helps. The first trial is the configuration as it is, where the
    space holds it.

    Args:
        config: what is varied: a configuration, a mapping of the same shape, or a YAML file.
        space: what it is varied in: a YAML file, or a mapping of the same shape; see `ner.tuning.space`.
        sampler: ``grid`` for every point in random order, ``random``, or ``tpe`` (Bergstra et al. 2011), which learns
            from the trials before.
        trials: of the study in all, those of other processes included; by default 30, with ``grid`` all points.
        jobs: processes that this call starts; with 1 it works itself.
        dataset: as for `ner.train`.
        storage: a journal file (by default ``OUTPUT/STUDY/study.journal``) or a database URL.
        study: the name of the study in the storage.
        prune: end a trial early whose best dev F1 so far is below the median of the others at the same epoch.
        seed: of the sampler; the trainings have the configuration's.
        listener: is told of every trial, in sentences.

    Raises:
        ConfigError: the configuration, the space or the storage cannot be used, or the study is another's.
        DataError: the corpus cannot be read.
        TrainingError: no trial was completed.
        MissingExtraError: optuna is not installed.
    """
    import_optuna()
    if launched_together() > 1:
        raise ConfigError(
            "a search is not for processes that train one model together: start it without a launcher, with several "
            "jobs, or once on each machine with the same storage"
        )
    if not isinstance(config, Config):
        config = load_config(Path(config) if isinstance(config, (str, os.PathLike)) else config)
    if (trials is not None and trials < 1) or jobs < 1:
        raise ConfigError(f"trials {trials}, jobs {jobs}: expected at least one of each")
    if not study.strip() or Path(study).name != study:
        raise ConfigError(f"study {study!r}: expected a name, which is also that of a folder")
    found = load_space(space, config)
    points = _points(sampler, found, config, seed)
    wanted = (len(points) if sampler == "grid" else DEFAULT_TRIALS) if trials is None else trials
    if sampler == "grid":
        wanted = min(wanted, len(points))
    folder = Path(config.output) / study
    varied = config.model_copy(update={"output": str(folder)})
    if jobs > 1 and config.training.threads is None:
        threads = max(1, available_cores() // jobs)
        varied = varied.model_copy(update={"training": config.training.model_copy(update={"threads": threads})})
    task = Task.of(varied, found, dataset)
    place = os.fspath(storage) if storage is not None else str(folder / "study.journal")
    plan = Plan(task, place, study, sampler, wanted, prune, seed)
    listener = listener or Listener()
    shared, created = plan.study()
    _agree(shared, plan, config)
    _queue(shared, points, created)
    if jobs == 1:
        work(plan, listener.note)
    else:
        _work_together(plan, jobs, listener.note)
    result = Tuning.of(shared, folder, found, config)
    write_summary(result.to_json(), folder / "tune.json")
    if result.best is None:
        faults = list(dict.fromkeys(trial.fault for trial in result.trials if trial.fault))
        raise TrainingError(f"study {study}: no trial was completed{': ' if faults else ''}{'; '.join(faults[:3])}")
    result.write_best(folder / "best.yaml")
    return result


def work(plan: Plan, say: Callable[[str], None]) -> None:
    """Take trials of the study until there are enough.

    Raises:
        NerError: what would stop every trial.
    """
    study, _ = plan.study()
    while True:
        for number in revive(study):
            say(f"trial {number}: its process has gone; its values are tried again")
        if len(counted(study)) >= plan.trials:
            return
        trial = study.ask()
        study.sampler = plan.draws(trial.number)
        known = study.get_trials(deepcopy=False)[trial.number].system_attrs
        before = sum(one.number < trial.number for one in counted(study))
        # between counting and asking others may have asked too
        if before >= plan.trials or (plan.sampler == "grid" and "fixed_params" not in known):
            give_back(study, trial.number, tried=False)
            return
        with quiet_optuna():
            say(run_trial(plan.task, study, trial))


def _points(sampler: Sampler, space: Space, config: Config, seed: int) -> list[dict[str, Any]]:
    """The points that are tried first: with a grid all, in random order; else the configuration as it is."""
    if sampler == "grid":
        points = space.grid()
        random.Random(seed).shuffle(points)
        return points
    own = space.point(config)
    return [] if own is None else [own]


def _agree(study: Study, plan: Plan, config: Config) -> None:
    """See that everybody searches the same space from the same configuration."""
    agree(study, "space", plan.task.space.to_json())
    agree(study, "sampler", plan.sampler)
    tree = config.model_dump(mode="json")
    tree["training"].pop("threads")  # of a machine
    tree["vectors"] = [Path(path).name for path in config.vectors]  # on another machine, elsewhere
    tree["data"] = {key: tree["data"][key] for key in ("unlabelled", "entity_share")}
    keys = ("data", "vectors", "model", "training", "distillation", "tagging")
    agree(study, "configuration", {key: tree[key] for key in keys})


def _queue(study: Study, points: list[dict[str, Any]], created: bool) -> None:
    """See that the points are queued, by who created the study, or who waited for it in vain."""
    if not created:
        patience = time.monotonic() + _PATIENCE
        while _READY not in study.user_attrs and time.monotonic() < patience:
            time.sleep(0.1)
        if _READY in study.user_attrs:
            return
    with quiet_optuna():
        for point in points:
            study.enqueue_trial(point, skip_if_exists=not created)
    study.set_user_attr(_READY, len(points))


def _work_together(plan: Plan, jobs: int, say: Callable[[str], None]) -> None:
    """Let processes work, and hand on what they say.

    Raises:
        NerError: one of them met what would stop every trial; the others are stopped.
    """
    context = multiprocessing.get_context("spawn")
    # A pipe each: what is killed while it writes leaves no lock and no half of a message that others would wait for.
    pipes = [context.Pipe(duplex=False) for _ in range(jobs)]
    workers = [context.Process(target=_work_alone, args=(plan, theirs)) for _, theirs in pipes]
    working: list[Any] = [ours for ours, _ in pipes]
    try:
        for process, (_, theirs) in zip(workers, pipes, strict=True):
            process.start()
            theirs.close()  # the process has its own, which ends with it
        while working:
            ready: list[Any] = connection.wait(working)
            for ours in ready:
                try:
                    kind, text = ours.recv()
                except (EOFError, OSError):
                    working.remove(ours)
                    continue
                if kind:
                    raise _error(kind, text)
                say(text)
        for process in workers:
            process.join()
            if process.exitcode:
                say(f"a process ended with status {process.exitcode}; the same command goes on with its trial")
    finally:
        for process in workers:
            if process.is_alive():
                process.terminate()
                process.join()


def _work_alone(plan: Plan, messages: connection.Connection) -> None:
    """The life of one process."""
    _end_with_parent()
    with messages, suppress(KeyboardInterrupt):
        try:
            work(plan, lambda text: messages.send(("", text)))
        except NerError as error:
            messages.send((type(error).__name__, str(error)))


def _error(kind: str, text: str) -> NerError:
    made: type[NerError] = getattr(errors, kind, ConfigError if kind == "StudyError" else NerError)
    return NerError(text) if issubclass(made, ImportError) else made(text)


def _end_with_parent() -> None:
    """End this process when the one that started it has gone, however that went."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        connection.wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
