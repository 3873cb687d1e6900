"""What a search found: trials, the best configuration, what mattered."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from ner.config import Config, value_of, with_values
from ner.corpus.atomic import replacing
from ner.errors import ConfigError
from ner.evaluation import plots
from ner.evaluation.notebook import Shown
from ner.evaluation.tables import Part, Table, percent, text
from ner.tuning.space import Space
from ner.tuning.study import fault_of, folder_of, import_optuna, quiet_optuna
from ner.tuning.trial import EPOCH, EPOCHS, SECONDS, shown

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from optuna import Study
    from optuna.trial import FrozenTrial

_STATES = {"COMPLETE": "complete", "PRUNED": "pruned", "RUNNING": "running", "WAITING": "waiting"}


@dataclass(frozen=True)
class TrialRecord:
    """One trial.

    Attributes:
        number: in the study, from 0.
        state: ``complete``, ``pruned`` (its last dev F1 is no result), ``failed`` for good, ``killed`` (its values
            were tried again, or nobody needed them), ``running``, ``waiting``.
        values: that were tried, by key.
        f1: on dev, of the best epoch; None unless complete.
        epoch: the best one; None unless complete.
        epochs: that were trained.
        seconds: that this took.
        folder: name of the run folder.
        fault: why it failed.
    """

    number: int
    state: str
    values: dict[str, Any]
    f1: float | None
    epoch: int | None
    epochs: int | None
    seconds: float | None
    folder: str
    fault: str


@dataclass(frozen=True)
class Tuning(Shown):
    """The state of a study.

    Attributes:
        name: of the study.
        folder: with the trials' run folders.
        space: that is searched.
        config: that is varied.
        trials: all of them, in order.
        importance: what share of the differences in dev F1 comes with each key; empty while there are too few trials
            to tell.
    """

    name: str
    folder: Path
    space: Space
    config: Config
    trials: tuple[TrialRecord, ...]
    importance: dict[str, float]

    @classmethod
    def of(cls, study: Study, folder: Path, space: Space, config: Config) -> Tuning:
        """What a study holds."""
        trials = tuple(_record(trial, space) for trial in study.get_trials(deepcopy=False))
        return cls(study.study_name, folder, space, config, trials, _importance(study))

    @property
    def complete(self) -> list[TrialRecord]:
        """The trials that have a result."""
        return [trial for trial in self.trials if trial.f1 is not None]

    @property
    def best(self) -> TrialRecord | None:
        """Of the highest dev F1; of several the first."""
        return max(self.complete, key=lambda trial: trial.f1 or 0.0, default=None)

    @property
    def start(self) -> TrialRecord | None:
        """The configuration as it was, where it was tried."""
        point = self.space.point(self.config)
        own = None if point is None else self.space.read(point)
        return next((trial for trial in self.complete if trial.values == own), None)

    def best_config(self) -> Config:
        """The configuration with the values of the best trial, its test data, and a folder of its own.

        Raises:
            ConfigError: no trial is complete.
        """
        if self.best is None:
            raise ConfigError(f"study {self.name}: no trial is complete yet")
        return with_values(self.config, {**self.best.values, "output": str(self.folder / "best")})

    def write_best(self, path: str | os.PathLike[str]) -> None:
        """Write `best_config` as a YAML file that ``ner train`` takes.

        Raises:
            ConfigError: no trial is complete.
            DataError: the file cannot be written.
        """
        config, best = self.best_config(), self.best
        assert best is not None and best.f1 is not None
        start = self.start
        lines = [
            f"The best of {len(self.complete)} complete trials of {len(self.trials)} of the study {self.name}:",
            f"trial {best.number}, dev F1 {percent(best.f1)}, epoch {best.epoch}, seed {config.training.seed}.",
            *([] if start is None else [f"As it was, trial {start.number}: dev F1 {percent(start.f1 or 0.0)}."]),
            "What was chosen:",
            *(f"  {key}: {value}" for key, value in best.values.items()),
            "The best of many on the same dev data is also the luckiest: --seeds 2,3,4 tells how good it is.",
        ]
        tree = config.model_dump(mode="json", exclude_defaults=True)
        text = yaml.safe_dump(tree, sort_keys=False, allow_unicode=True)
        with replacing(path) as stream:
            stream.write("".join(f"# {line}\n" for line in lines) + text)

    def table(self, limit: int = 10) -> str:
        """The best trials, what mattered, and what to make of it."""
        return text(self.parts(limit))

    def parts(self, limit: int = 10) -> list[Part]:
        """What `table` shows."""
        ranked = sorted(self.complete, key=lambda trial: (-(trial.f1 or 0.0), trial.number))
        rows = []
        for trial in ranked[:limit]:
            seconds = "" if trial.seconds is None else f"{trial.seconds:.0f}"
            rows.append((str(trial.number), percent(trial.f1 or 0.0), str(trial.epoch), seconds, shown(trial.values)))
        states = [trial.state for trial in self.trials]
        counts = ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(sorted(states)))
        parts: list[Part] = [f"study {self.name}: {counts}", _table(rows)]
        if self.importance:
            shares = [(key, f"{share:.2f}") for key, share in self.importance.items()]
            parts.append(Table(("what mattered", "share"), shares))
        return [*parts, self.verdict()]

    def verdict(self) -> str:
        """What the best is worth, in words."""
        best, start = self.best, self.start
        if best is None or best.f1 is None:
            return "No trial is complete yet."
        if best is start:
            return f"The configuration as it is was best: dev F1 {percent(best.f1)}."
        outside = ", ".join(f"{key} {value_of(self.config, key)}" for key in self.space.outside(self.config))
        untried = f" The configuration as it is was not tried: the space lacks {outside}." if outside else ""
        gain = "" if start is None else f", {100 * (best.f1 - (start.f1 or 0.0)):+.2f} to the configuration as it is"
        return (
            f"Best: trial {best.number}, dev F1 {percent(best.f1)}{gain}. The best of {len(self.complete)} on the "
            "same dev data is also the luckiest: train it and the configuration as it is with other seeds "
            "(ner train --seeds), and hold one against the other (ner compare)."
            f"{untried}"
        )

    def to_json(self) -> dict[str, Any]:
        """Plain values, F1 as fractions."""
        best, start = self.best, self.start
        return {
            "study": self.name,
            "space": self.space.to_json(),
            "best": None if best is None else best.number,
            "start": None if start is None else start.number,
            "importance": self.importance,
            "trials": [asdict(trial) for trial in self.trials],
        }

    def plot_history(self, path: str | os.PathLike[str]) -> Path:
        """Draw dev F1 by trial, and the best so far.

        Raises:
            MissingExtraError: matplotlib is not installed.
        """
        return plots.save(self.figure(), path)

    def figure(self) -> Figure:
        """What `plot_history` draws."""
        figure = plots.new_figure(7.0, 4.2)
        axes = figure.subplots()
        at = [trial.number for trial in self.complete]
        f1 = [100 * (trial.f1 or 0.0) for trial in self.complete]
        axes.plot(at, f1, "o", color=plots.BLUE, label="complete")
        axes.step(at, [max(f1[: place + 1]) for place in range(len(f1))], where="post", color=plots.ORANGE,
                  label="best so far")  # fmt: skip
        if self.start is not None:
            axes.axhline(100 * (self.start.f1 or 0.0), color=plots.GREY, linestyle="--", label="as it was")
        pruned = [trial.number for trial in self.trials if trial.state == "pruned"]
        if f1:
            axes.plot(pruned, [min(f1)] * len(pruned), "x", color=plots.GREY, label="pruned")
        axes.set(xlabel="trial", ylabel="dev F1 (%)")
        axes.legend(frameon=False, loc="lower right")
        plots.quiet(axes)
        return figure

    def plot_importance(self, path: str | os.PathLike[str]) -> Path:
        """Draw how much each key matters.

        Raises:
            MissingExtraError: matplotlib is not installed.
        """
        figure = plots.new_figure(7.0, 1.2 + 0.35 * max(1, len(self.importance)))
        axes = figure.subplots()
        keys = list(reversed(self.importance))
        axes.barh(range(len(keys)), [self.importance[key] for key in keys], color=plots.BLUE)
        axes.set_yticks(range(len(keys)), keys)
        axes.set(xlabel="share of the differences in dev F1")
        plots.quiet(axes)
        return plots.save(figure, path)


def _table(rows: Sequence[tuple[str, ...]]) -> Table:
    """Trials with their values at the end, flush left."""
    widest = max((len(row[-1]) for row in rows), default=0)
    return Table(("trial", "dev F1", "epoch", "seconds", ""), [(*row[:-1], row[-1].ljust(widest)) for row in rows])


def _record(trial: FrozenTrial, space: Space) -> TrialRecord:
    noted, fault = trial.user_attrs, fault_of(trial)
    complete = trial.state.name == "COMPLETE"
    return TrialRecord(
        trial.number,
        _STATES.get(trial.state.name, "failed" if fault else "killed"),
        space.read(trial.params),
        trial.value if complete else None,
        noted.get(EPOCH) if complete else None,
        noted.get(EPOCHS),
        noted.get(SECONDS),
        folder_of(trial),
        fault,
    )


def _importance(study: Study) -> dict[str, float]:
    """By the study's own estimate; empty where it cannot tell."""
    optuna = import_optuna()
    complete = [trial for trial in study.get_trials(deepcopy=False) if trial.state.name == "COMPLETE"]
    if len(complete) < 4 or len({trial.value for trial in complete}) < 2:
        return {}
    with quiet_optuna():
        try:
            found = optuna.importance.get_param_importances(study)
        except (ValueError, RuntimeError):  # all trials alike in some respect
            return {}
    return {key: float(share) for key, share in found.items()}
