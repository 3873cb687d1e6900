"""The learning curve: F1 against the amount of training data, to know what more annotation would bring.

Every portion is trained with every seed, and the seed also draws the portion's sentences, so that the spread holds
both kinds of luck. With one seed, a smaller portion is a part of a larger one. Dev and test stay as they are.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ner.config import Config, load_config
from ner.corpus.check import identity
from ner.corpus.read import hold_out, load
from ner.errors import ConfigError, DataError
from ner.evaluation import plots
from ner.evaluation.notebook import Shown
from ner.evaluation.tables import Part, Table, percent, text
from ner.training.listener import Listener
from ner.training.preparation import further_columns
from ner.training.processes import decided, join
from ner.training.repeated import (
    SCORED,
    SeedRuns,
    WithoutCorpus,
    make_room,
    with_seeds,
    write_summary,
)
from ner.training.run import TrainResult, train

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict
    from matplotlib.figure import Figure

_COLORS = {"dev": plots.BLUE, "test": plots.ORANGE}


@dataclass(frozen=True)
class Point:
    """The runs on one portion of the training data.

    Attributes:
        portion: of the sentences, above 0 and up to 1.
        sentences: number of them.
        entities: number in them, the mean over seeds.
        runs: of every seed.
    """

    portion: float
    sentences: int
    entities: float
    runs: SeedRuns


@dataclass(frozen=True)
class LearningCurve(Shown):
    """F1 by portion.

    Attributes:
        folder: that holds a folder of runs for each portion.
        points: by rising portion.
    """

    folder: Path
    points: tuple[Point, ...]

    def splits(self) -> list[str]:
        """The splits that were scored."""
        return [split for split in SCORED if self.points[0].runs.f1(split) is not None]

    def table(self) -> str:
        """A row a portion, mean and deviation of F1 in percent; then what it says of more data."""
        return text(self.parts())

    def parts(self) -> list[Part]:
        """What `table` shows."""
        splits = self.splits()
        rows = []
        for point in self.points:
            spreads = [spread for split in splits if (spread := point.runs.f1(split)) is not None]
            cells = [cell for spread in spreads for cell in spread.cells()[:2]]
            rows.append((f"{point.portion:g}", str(point.sentences), f"{point.entities:.0f}", *cells))
        header = ("portion", "sentences", "entities", *(name for split in splits for name in (f"{split} F1", "+-")))
        return [Table(header, rows), self.outlook()]

    def outlook(self) -> str:
        """What the last step says of more data, in words."""
        splits = self.splits()
        if len(self.points) < 2 or not splits:
            return "More portions, and a dev or test split, would say what more data bring."
        before, last = self.points[-2:]
        first, second = (point.runs.f1(splits[0]) for point in (before, last))
        assert first is not None and second is not None
        step = (
            f"From {before.sentences} to {last.sentences} sentences, {splits[0]} F1 went from {percent(first.mean)} "
            f"to {percent(second.mean)} ({100 * (second.mean - first.mean):+.2f})"
        )
        if first.error is None or second.error is None:
            return f"{step}: by one run each, and a seed alone can move F1 by a point. More seeds would tell."
        if second.mean - first.mean > 2 * (first.error**2 + second.error**2) ** 0.5:
            return f"{step}, more than seeds make: more sentences of this kind would probably still help."
        return f"{step}, no more than seeds make: nothing says that more sentences of this kind would help."

    def to_json(self) -> dict[str, Any]:
        """Plain numbers, F1 as fractions."""
        return {
            "portions": [
                {
                    "portion": point.portion,
                    "sentences": point.sentences,
                    "entities": point.entities,
                    "folder": str(point.runs.folder),
                    **point.runs.to_json(),
                }
                for point in self.points
            ],
            "outlook": self.outlook(),
        }

    def plot(self, path: str | os.PathLike[str]) -> Path:
        """Draw F1 against the number of sentences: mean, every run, and the band from least to most.

        Raises:
            MissingExtraError: matplotlib is not installed.
        """
        return plots.save(self.figure(), path)

    def figure(self) -> Figure:
        """What `plot` draws."""
        figure = plots.new_figure()
        axes = figure.subplots()
        at = [point.sentences for point in self.points]
        for split in self.splits():
            spreads = [spread for point in self.points if (spread := point.runs.f1(split)) is not None]
            color = _COLORS[split]
            low, high, mean = (
                [100 * getattr(each, name) for each in spreads] for name in ("minimum", "maximum", "mean")
            )
            axes.fill_between(at, low, high, color=color, alpha=0.15, linewidth=0)
            axes.plot(at, mean, color=color, label=split)
            for place, spread in zip(at, spreads, strict=True):
                axes.plot([place] * len(spread.values), [100 * f1 for f1 in spread.values], ".", color=color)
        axes.set(xscale="log", xlabel="training sentences (logarithmic)", ylabel="F1 (%)")
        axes.set_xticks(at, [f"{place:,}" for place in at])
        axes.minorticks_off()
        if self.splits():
            axes.legend(frameon=False, loc="lower right")
        plots.quiet(axes)
        return figure


def learning_curve(
    config: Config | Mapping[str, Any] | str | os.PathLike[str],
    portions: Sequence[float],
    seeds: Sequence[int] | None = None,
    dataset: DatasetDict | None = None,
    *,
    resume: bool = False,
    overwrite: bool = False,
    listener: Listener | None = None,
) -> LearningCurve:
    """Train on portions of the training data, each with every seed, into ``OUTPUT/portion-P/seedN``.

    ``OUTPUT/curve.json`` sums them up.

    Args:
        config: as for `ner.train`; the same for all portions.
        portions: of the training sentences, above 0 and up to 1.
        seeds: of the trainings, and of the choice of sentences; by default the configuration's one.
        dataset: as for `ner.train`.
        resume: keep the runs that are complete, go on with the one that is not, and begin those that are missing.
        overwrite: replace the runs that stand in the folders.
        listener: is told what happens; of the corpus only once.

    Raises:
        ConfigError: portions or seeds that are none.
        TrainingError: the folders hold runs already.
        NerError: what a training raises, such as a portion without an entity.
    """
    if not isinstance(config, Config):
        config = load_config(Path(config) if isinstance(config, (str, os.PathLike)) else config)
    shares = sorted(set(portions))
    if not shares or not all(0 < share <= 1 for share in shares):
        shown = ", ".join(f"{share:g}" for share in portions)
        raise ConfigError(f"portions {shown or 'none'}: expected fractions above 0 and up to 1, such as 0.25")
    folder = Path(config.output)
    planned = {}
    accelerator = join(config.training.process_timeout)
    if not accelerator.is_main_process:
        listener = None
    for share in shares:
        placed = config.model_copy(update={"output": str(folder / f"portion-{share:g}")})
        planned[share] = with_seeds(placed, seeds or [config.training.seed])
        decided(accelerator, partial(make_room, Path(placed.output), planned[share], resume, overwrite))
    corpus = _corpus(config, dataset)
    points: list[Point] = []
    for share, configs in planned.items():
        runs: dict[int, TrainResult] = {}
        entities = []
        for seed, one in configs.items():
            part = _portion(corpus["train"], share, seed)
            entities.append(identity(part)["entities"])
            if listener is not None:
                listener.note(f"\nportion {share:g}, {len(part)} sentences; seed {seed}")
            told = WithoutCorpus(listener) if listener is not None and (points or runs) else listener
            splits = type(corpus)({**corpus, "train": part})
            runs[seed] = train(in_memory(one), splits, resume=resume, overwrite=overwrite, listener=told)
        found = SeedRuns(folder / f"portion-{share:g}", runs)
        points.append(Point(share, len(part), float(np.mean(entities)), found))
    curve = LearningCurve(folder, tuple(points))
    if accelerator.is_main_process:
        write_summary(curve.to_json(), folder / "curve.json")
    return curve


def _corpus(config: Config, dataset: DatasetDict | None) -> DatasetDict:
    """All of the data, with the dev sentences that all portions share."""
    corpus = load(config.data, dataset, further_columns(config))
    if not len(corpus.get("train", ())):
        raise DataError("there is nothing to train on.", remedy="Set data.train or data.dataset.")
    if "dev" not in corpus and config.data.dev_fraction:
        corpus = hold_out(corpus, config.data.dev_fraction, config.training.seed)
    return corpus


def _portion(train: Dataset, share: float, seed: int) -> Dataset:
    """The first of the training sentences in an order that the seed draws, put back into the corpus's own order."""
    order = np.random.default_rng([seed, 2]).permutation(len(train))
    return train.select(sorted(order[: max(1, round(share * len(train)))].tolist()))


def in_memory(config: Config) -> Config:
    """The configuration for a corpus that was read already: its columns have our own names."""
    read = config.data.model_copy(update={"tokens": None, "tags": None, "limit": None})
    return config.model_copy(update={"data": read})
