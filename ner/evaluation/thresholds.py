"""Thresholds on the score: what precision costs in recall.

At a threshold, the spans with at least that score are kept. The scored spans may be those of the best path or any
other candidates; spans whose exact probability is above 0.5 never overlap, so from there on what is kept is a legal
tagging.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ner.evaluation import plots
from ner.evaluation.notebook import Shown
from ner.evaluation.spans import ScoredSpan, SpanCounts, outcomes
from ner.evaluation.tables import Part, Table, percent, text
from ner.schemes import Span

if TYPE_CHECKING:
    from matplotlib.figure import Figure

GRID = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
"""The thresholds that tables and JSON show."""


@dataclass(frozen=True, slots=True)
class Point:
    """What is left at a threshold: how many spans, and their precision, recall and F1 as fractions."""

    threshold: float
    kept: int
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, slots=True)
class ThresholdCurve(Shown):
    """Precision and recall at every threshold that makes a difference.

    Attributes:
        thresholds: (N,) the distinct scores, falling.
        kept: (N,) number of spans with at least that score.
        correct: (N,) number of those that are gold.
        gold: number of gold spans.
    """

    thresholds: npt.NDArray[np.float64]
    kept: npt.NDArray[np.int64]
    correct: npt.NDArray[np.int64]
    gold: int

    def __repr__(self) -> str:
        best = self.best()
        return f"<ThresholdCurve of {self.gold} entities, best F1 {percent(best.f1)} at {best.threshold:.3f}>"

    def at(self, threshold: float) -> Point:
        """The point at any threshold."""
        return self._point(threshold, int(np.searchsorted(-self.thresholds, -threshold, side="right")) - 1)

    def best(self) -> Point:
        """The point of the highest F1; of several, the one that keeps most. Without a span, threshold 1."""
        if not len(self.thresholds):
            return self.at(1.0)
        f1 = 2 * self.correct / (self.kept + self.gold)  # the harmonic mean, written in counts
        index = len(f1) - 1 - int(np.argmax(f1[::-1]))
        return self._point(float(self.thresholds[index]), index)

    def keeping(self, fraction: float, recall: float | None = None) -> Point:
        """The highest threshold that keeps a fraction of a recall.

        Args:
            fraction: of the recall, in [0, 1].
            recall: the recall in question, such as the best path's; unset, that of all scored spans.

        Raises:
            ValueError: no threshold keeps as much.
        """
        everything = int(self.correct[-1]) if len(self.correct) else 0
        wanted = fraction * (everything if recall is None else recall * self.gold) - 1e-9  # rounding of the recall
        if wanted > everything:
            reached, asked = everything / self.gold, wanted / self.gold
            raise ValueError(f"recall {asked:.4f} is not reached: all scored spans together have {reached:.4f}")
        if not len(self.correct):
            return self.at(1.0)
        index = int(np.argmax(self.correct >= wanted))
        return self._point(float(self.thresholds[index]), index)

    def to_json(self) -> dict[str, Any]:
        """Plain numbers: the points of `GRID` and the best one."""
        return {
            "gold": self.gold,
            "points": [asdict(self.at(threshold)) for threshold in GRID],
            "best": asdict(self.best()),
        }

    def table(self) -> str:
        """A plain aligned table of `GRID` and the point of the highest F1, percentages to two places."""
        return text(self.parts())

    def parts(self) -> list[Part]:
        """What `table` shows."""
        named = [("", self.at(threshold)) for threshold in GRID] + [("best F1", self.best())]
        rows = [
            (
                f"{point.threshold:.4f}",
                str(point.kept),
                percent(point.precision),
                percent(point.recall),
                percent(point.f1),
                note,
            )
            for note, point in named
        ]
        return [Table(("threshold", "kept", "precision", "recall", "F1", ""), rows)]

    def plot(self, path: str | os.PathLike[str]) -> Path:
        """Draw precision, recall and F1 against the threshold, and return the path.

        Raises:
            MissingExtraError: matplotlib is not installed.
        """
        return plots.save(self.figure(), path)

    def figure(self) -> Figure:
        """What `plot` draws."""
        figure = plots.new_figure()
        axes = figure.subplots()
        points = [self.at(threshold) for threshold in np.linspace(0, 1, 501).tolist()]
        at = [point.threshold for point in points]
        for name, color, values in (
            ("precision", plots.BLUE, [point.precision if point.kept else np.nan for point in points]),
            ("recall", plots.ORANGE, [point.recall for point in points]),
            ("F1", plots.GREEN, [point.f1 for point in points]),
        ):
            axes.plot(at, values, color=color, label=name)
        best = self.best()
        axes.plot(best.threshold, best.f1, "o", color=plots.GREEN)
        title = f"Best F1 {percent(best.f1)} at {best.threshold:.2f}"
        axes.set(xlabel="threshold on the score", xlim=(0, 1), ylim=(0, 1.02), title=title)
        axes.legend(frameon=False, loc="lower left")
        plots.quiet(axes)
        return figure

    def _point(self, threshold: float, index: int) -> Point:
        counts = SpanCounts(
            correct=int(self.correct[index]) if index >= 0 else 0,
            predicted=int(self.kept[index]) if index >= 0 else 0,
            gold=self.gold,
        )
        return Point(threshold, counts.predicted, counts.precision, counts.recall, counts.f1)


def curve(gold: Sequence[Iterable[Span]], scored: Sequence[Iterable[ScoredSpan]]) -> ThresholdCurve:
    """Hold scored spans against gold at every threshold.

    Args:
        gold: the gold spans of each sentence.
        scored: the predicted spans of each sentence with their probabilities; no span twice in a sentence.

    Raises:
        ValueError: different numbers of sentences, or a probability outside of [0, 1].
    """
    gold_sets = [set(spans) for spans in gold]
    scores, correct = outcomes(gold_sets, scored)
    order = np.argsort(-scores, kind="stable")
    falling = scores[order]
    last = np.flatnonzero(np.append(falling[1:] != falling[:-1], True)) if len(falling) else np.empty(0, np.int64)
    found = np.cumsum(correct[order], dtype=np.int64)
    return ThresholdCurve(falling[last], last + 1, found[last], sum(map(len, gold_sets)))
