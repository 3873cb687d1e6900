"""The same training with several seeds: one run proves little, since a seed alone can move F1 by a point.

Each run lies in a folder of its own, ``OUTPUT/seed1``, ``OUTPUT/seed2``, ..., and ``OUTPUT/seeds.json`` sums them up.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ner.config import Config, load_config
from ner.corpus.atomic import replacing
from ner.errors import ConfigError, TrainingError
from ner.evaluation.notebook import Shown
from ner.evaluation.spread import Spread
from ner.evaluation.tables import Part, Table, percent, text
from ner.training.folder import RunFolder
from ner.training.listener import Listener
from ner.training.processes import decided, join
from ner.training.run import TrainResult, train

if TYPE_CHECKING:
    from datasets import DatasetDict


SCORED = ("dev", "test")
"""The splits that a training scores."""


@dataclass(frozen=True)
class SeedRuns(Shown):
    """The runs of one configuration with several seeds.

    Attributes:
        folder: that holds the run folders.
        runs: by seed.
    """

    folder: Path
    runs: dict[int, TrainResult]

    @property
    def best(self) -> int | None:
        """The seed of the highest dev F1, of several the first; None without dev."""
        dev = self.f1("dev")
        return None if dev is None else list(self.runs)[dev.values.index(dev.maximum)]

    def f1(self, split: str) -> Spread | None:
        """Micro F1 on ``dev`` or ``test``, as fractions; None where there is no such split."""
        scores = [getattr(result, split) for result in self.runs.values()]
        return None if None in scores else Spread(tuple(score.micro.f1 for score in scores))

    def table(self) -> str:
        """Every run, the best on dev marked; then mean and spread. In percent."""
        return text(self.parts())

    def parts(self) -> list[Part]:
        """What `table` shows."""
        splits = [split for split in SCORED if self.f1(split) is not None]
        rows = [
            (
                str(result.folder),
                str(seed),
                *(percent(getattr(result, split).micro.f1) for split in splits),
                str(result.best_epoch),
                "best on dev" if seed == self.best else "",
            )
            for seed, result in self.runs.items()
        ]
        runs = Table(("run", "seed", *(f"{split} F1" for split in splits), "epoch", ""), rows)
        return [runs, spread_table({split: self.f1(split) for split in splits})]

    def to_json(self) -> dict[str, Any]:
        """Plain numbers, F1 as fractions; folders as they were named."""
        scored = {split: spread for split in SCORED if (spread := self.f1(split)) is not None}
        return {
            "runs": [
                {
                    "seed": seed,
                    "folder": str(result.folder),
                    "best_epoch": result.best_epoch,
                    "f1": {split: getattr(result, split).micro.f1 for split in scored},
                }
                for seed, result in self.runs.items()
            ],
            "best_on_dev": self.best,
            "f1": {split: spread.to_json() for split, spread in scored.items()},
        }


def train_seeds(
    config: Config | Mapping[str, Any] | str | os.PathLike[str],
    seeds: Sequence[int],
    dataset: DatasetDict | None = None,
    *,
    resume: bool = False,
    overwrite: bool = False,
    listener: Listener | None = None,
) -> SeedRuns:
    """Train a model for each seed, one after the other.

    Args:
        config: as for `ner.train`; ``training.seed`` is replaced, and ``output`` holds the run folders.
        seeds: distinct.
        dataset: as for `ner.train`.
        resume: keep the runs that are complete, go on with the one that is not, and begin those that are missing.
        overwrite: replace the runs that stand in the folder, all of them.
        listener: is told what happens; of the corpus, which is the same for all, only once.

    Raises:
        ConfigError: seeds that are no seeds, or twice the same.
        TrainingError: the folder holds runs already, or runs with other seeds than these.
        NerError: what a training raises; the runs before are complete, and ``resume`` goes on.
    """
    if not isinstance(config, Config):
        config = load_config(Path(config) if isinstance(config, (str, os.PathLike)) else config)
    configs = with_seeds(config, seeds)
    folder = Path(config.output)
    accelerator = join(config.training.process_timeout)
    decided(accelerator, lambda: make_room(folder, configs, resume, overwrite))
    if not accelerator.is_main_process:
        listener = None
    runs = {}
    for number, (seed, one) in enumerate(configs.items(), start=1):
        if listener is not None:
            listener.note(f"\nseed {seed}, run {number} of {len(configs)}")
        told = WithoutCorpus(listener) if listener is not None and number > 1 else listener
        runs[seed] = train(one, dataset, resume=resume, overwrite=overwrite, listener=told)
    found = SeedRuns(folder, runs)
    if accelerator.is_main_process:
        write_summary(found.to_json(), folder / "seeds.json")
    return found


def with_seeds(config: Config, seeds: Sequence[int]) -> dict[int, Config]:
    """The configuration of each seed's run, in a folder of its own.

    Raises:
        ConfigError: seeds that are no seeds, or twice the same.
    """
    if len(set(seeds)) < max(1, len(seeds)):
        raise ConfigError(f"seeds {', '.join(map(str, seeds))}: expected at least one, and none twice")
    tree = config.model_dump()
    return {
        seed: load_config({**tree, "output": str(Path(config.output) / f"seed{seed}")}, [f"training.seed={seed}"])
        for seed in seeds
    }


class WithoutCorpus(Listener):
    """Passes everything on but what it says of the corpus, which was said before."""

    def __init__(self, listener: Listener) -> None:
        self.note, self.started = listener.note, listener.started  # type: ignore[method-assign]
        self.step, self.epoch = listener.step, listener.epoch  # type: ignore[method-assign]


def spread_table(spreads: Mapping[str, Spread | None]) -> Table:
    """Mean, deviation, minimum and maximum of F1 by split, in percent."""
    rows = [(f"{split} F1", *each.cells()) for split, each in spreads.items() if each is not None]
    return Table(("", "mean", "deviation", "minimum", "maximum"), rows)


def write_summary(summary: Mapping[str, Any], path: Path) -> None:
    """Write a JSON file, whole or not at all.

    Raises:
        DataError: it cannot be written.
    """
    with replacing(path) as stream:
        stream.write(json.dumps(summary, indent=2, ensure_ascii=False) + "\n")


def make_room(folder: Path, seeds: Iterable[int], resume: bool, overwrite: bool) -> None:
    """See that nothing is lost, and that the folder will hold these seeds and no others.

    Raises:
        TrainingError: it holds a single run, runs although neither ``resume`` nor ``overwrite`` was asked for, or on
            ``resume`` runs with other seeds.
    """
    if RunFolder(folder).occupied():
        raise TrainingError(f"{folder}: holds a single run; choose another output=FOLDER for runs with several seeds")
    wanted = {f"seed{seed}" for seed in seeds}
    found = [run for path in sorted(folder.glob("seed*")) if (run := RunFolder(path)).occupied()]
    if found and not (resume or overwrite):
        raise TrainingError(
            f"{folder}: holds runs already ({', '.join(run.path.name for run in found)}); "
            "go on with them (--resume), replace them (--overwrite), or choose another output=FOLDER"
        )
    others = [run for run in found if run.path.name not in wanted]
    if others and not overwrite:
        raise TrainingError(
            f"{folder}: holds {', '.join(run.path.name for run in others)} too, and the summary is of all its runs: "
            "name all of its seeds, or choose another output=FOLDER"
        )
    for run in others:
        run.clear()
