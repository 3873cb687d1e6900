"""A score over several runs: mean and spread, never one number alone."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import Any

from ner.evaluation.tables import percent


@dataclass(frozen=True, slots=True)
class Spread:
    """The values of one score in several runs, at least one.

    Attributes:
        values: one a run.
    """

    values: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Arithmetic mean."""
        return statistics.fmean(self.values)

    @property
    def deviation(self) -> float | None:
        """Standard deviation of a sample (divided by n - 1); None of a single value, whose spread nobody knows."""
        return statistics.stdev(self.values) if len(self.values) > 1 else None

    @property
    def error(self) -> float | None:
        """Standard error of the mean; None of a single value."""
        return None if self.deviation is None else self.deviation / len(self.values) ** 0.5

    @property
    def minimum(self) -> float:
        """The lowest value."""
        return min(self.values)

    @property
    def maximum(self) -> float:
        """The highest value."""
        return max(self.values)

    def __str__(self) -> str:
        """``31.20 +- 0.41 (30.90 31.60 31.10)``: mean, deviation and values in percent."""
        mean, deviation = self.cells()[:2]
        return f"{mean} +- {deviation} ({' '.join(map(percent, self.values))})"

    def cells(self) -> tuple[str, str, str, str]:
        """Mean, deviation, minimum and maximum in percent, as tables show them; ``-`` for what is not known."""
        deviation = "-" if self.deviation is None else percent(self.deviation)
        return percent(self.mean), deviation, percent(self.minimum), percent(self.maximum)

    def to_json(self) -> dict[str, Any]:
        """Plain numbers."""
        return {
            "mean": self.mean,
            "deviation": self.deviation,
            "minimum": self.minimum,
            "maximum": self.maximum,
            "values": list(self.values),
        }
