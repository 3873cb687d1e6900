"""Calibration: are spans with a score of 0.8 correct four times out of five?

The measures take the score of every predicted span and whether it was correct, as `ner.evaluation.spans.outcomes`
gives them. They judge the scores of what was predicted; a span that was missed has no score.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from ner.evaluation import plots
from ner.evaluation.notebook import Shown
from ner.evaluation.spans import check_probabilities
from ner.evaluation.tables import Part, Table, percent, text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Binning = Literal["width", "mass"]


@dataclass(frozen=True, slots=True)
class Bin:
    """The spans whose score is above ``low`` and up to ``high``; the first bin has its lower edge, too.

    Attributes:
        low, high: edges.
        count: number of spans; never 0.
        score: their mean score.
        precision: fraction of them that is correct.
    """

    low: float
    high: float
    count: int
    score: float
    precision: float


@dataclass(frozen=True, slots=True)
class Reliability(Shown):
    """A reliability diagram and the numbers that sum it up; all zero where there is no span.

    Attributes:
        bins: those that hold a span, by rising score.
        binning: ``width``, bins of equal width over [0, 1], or ``mass``, of equal numbers of spans.
        count: number of spans.
        score: their mean score.
        precision: fraction of them that is correct.
        ece: expected calibration error, the mean of |precision - score| over bins weighted by count (Naeini et al.
            2015; Guo et al. 2017, eq. 3; equal mass: Nguyen & O'Connor 2015).
        mce: maximum calibration error, the largest of those gaps (Guo et al. 2017, eq. 5).
        brier: mean squared difference of score and outcome (Brier 1950).
    """

    bins: tuple[Bin, ...]
    binning: Binning
    count: int
    score: float
    precision: float
    ece: float
    mce: float
    brier: float

    def __repr__(self) -> str:
        means = f"mean score {percent(self.score)}, precision {percent(self.precision)}"
        return f"<Reliability of {self.count} entities, {means}, ECE {percent(self.ece)}>"

    def to_json(self) -> dict[str, Any]:
        """Plain numbers, lists and dicts."""
        return {**asdict(self), "bins": [asdict(each) for each in self.bins]}

    def table(self) -> str:
        """A plain aligned table, percentages to two places; a positive gap is over-confidence."""
        return text(self.parts())

    def parts(self) -> list[Part]:
        """What `table` shows."""
        rows = [
            (
                f"{each.low:.3f} to {each.high:.3f}",
                str(each.count),
                percent(each.score),
                percent(each.precision),
                f"{100 * (each.score - each.precision):+.2f}",
            )
            for each in self.bins
        ]
        return [
            f"{self.count} spans in bins of equal {self.binning}; "
            f"mean score {percent(self.score)}, precision {percent(self.precision)}\n"
            f"calibration error: expected {percent(self.ece)}, maximum {percent(self.mce)}; "
            f"Brier score {self.brier:.4f}",
            Table(("score", "spans", "mean score", "precision", "gap"), rows),
        ]

    def plot(self, path: str | os.PathLike[str]) -> Path:
        """Draw precision against score, with the number of spans below, and return the path.

        Raises:
            MissingExtraError: matplotlib is not installed.
        """
        return plots.save(self.figure(), path)

    def figure(self) -> Figure:
        """What `plot` draws."""
        figure = plots.new_figure(5, 5.5)
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(4, 1))
        left = [each.low for each in self.bins]
        width = [each.high - each.low for each in self.bins]
        upper.bar(
            left, [each.precision for each in self.bins], width, align="edge", color=plots.BLUE, edgecolor="white"
        )
        upper.plot(
            [each.score for each in self.bins],
            [each.precision for each in self.bins],
            "o",
            color=plots.ORANGE,
            label="mean score of the bin",
        )
        upper.plot([0, 1], [0, 1], "--", color=plots.GREY, label="perfect")
        upper.set(
            xlim=(0, 1), ylim=(0, 1), ylabel="precision", title=f"Expected calibration error {percent(self.ece)} %"
        )
        upper.legend(loc="upper left", frameon=False)
        lower.bar(left, [each.count for each in self.bins], width, align="edge", color=plots.GREY, edgecolor="white")
        lower.set(xlabel="score", ylabel="spans")
        plots.quiet(upper)
        plots.quiet(lower)
        return figure


def reliability(
    scores: npt.ArrayLike, correct: npt.ArrayLike, bins: int = 15, binning: Binning = "width"
) -> Reliability:
    """Hold scores against outcomes.

    Equal scores always share a bin, so bins of equal mass may come out unequal, or fewer, and the order of the spans
    never matters.

    Args:
        scores: probabilities, one a span.
        correct: whether each span is correct.
        bins: how many.
        binning: ``width`` or ``mass``.

    Raises:
        ValueError: two lengths, a score outside of [0, 1], no bin, or an unknown binning.
    """
    score, outcome = _check(scores, correct)
    low, high = _edges(score, bins, binning)
    if not len(score):
        return Reliability((), binning, 0, 0.0, 0.0, 0.0, 0.0, 0.0)
    index = np.searchsorted(high, score, side="left")
    count = np.bincount(index)
    held = np.flatnonzero(count)
    mean_score = np.bincount(index, score)[held] / count[held]
    precision = np.bincount(index, outcome)[held] / count[held]
    gap = np.abs(precision - mean_score)
    return Reliability(
        bins=_bins(low[held], high[held], count[held], mean_score, precision),
        binning=binning,
        count=len(score),
        score=float(score.mean()),
        precision=float(outcome.mean()),
        ece=float(gap @ count[held] / len(score)),
        mce=float(gap.max()),
        brier=brier_score(score, outcome),
    )


def expected_calibration_error(
    scores: npt.ArrayLike, correct: npt.ArrayLike, bins: int = 15, binning: Binning = "width"
) -> float:
    """The expected calibration error alone; see `reliability`."""
    return reliability(scores, correct, bins, binning).ece


def brier_score(scores: npt.ArrayLike, correct: npt.ArrayLike) -> float:
    """The mean squared difference of score and outcome (Brier 1950); 0 where there is no span.

    Raises:
        ValueError: two lengths, or a score outside of [0, 1].
    """
    score, outcome = _check(scores, correct)
    return float(np.mean((score - outcome) ** 2)) if len(score) else 0.0


def _check(scores: npt.ArrayLike, correct: npt.ArrayLike) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    score, outcome = np.asarray(scores, dtype=np.float64), np.asarray(correct, dtype=np.float64)
    if score.ndim != 1 or score.shape != outcome.shape:
        raise ValueError(f"scores {score.shape} and outcomes {outcome.shape}: expected two rows of one length")
    return check_probabilities(score), outcome


def _edges(
    score: npt.NDArray[np.float64], bins: int, binning: Binning
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """The lower and the upper edge of each bin."""
    if bins < 1:
        raise ValueError(f"{bins} bins: expected at least one")
    if binning not in ("width", "mass"):
        raise ValueError(f"unknown binning {binning!r}: expected 'width' or 'mass'")
    if binning == "width" or not len(score):
        even = np.linspace(0, 1, bins + 1)
        return even[:-1], even[1:]
    last = -(-len(score) * np.arange(1, bins + 1) // bins) - 1  # rank of the last span of each bin, rounded up
    high = np.sort(score)[last]
    return np.concatenate((score.min(keepdims=True), high[:-1])), high


def _bins(*columns: npt.NDArray[Any]) -> tuple[Bin, ...]:
    rows: Sequence[Sequence[Any]] = list(zip(*(column.tolist() for column in columns), strict=True))
    return tuple(Bin(*row) for row in rows)
