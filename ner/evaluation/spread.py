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
    def deviation(self) -> float:
        """Standard deviation of a sample (divided by n - 1); 0 of a single value, whose spread nobody knows."""
        return statistics.stdev(self.values) if len(self.values) > 1 else 0.0

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
        return f"{percent(self.mean)} +- {percent(self.deviation)} ({' '.join(map(percent, self.values))})"

    def to_json(self) -> dict[str, Any]:
        """Plain numbers."""
        return {
            "mean": self.mean,
            "deviation": self.deviation,
            "minimum": self.minimum,
            "maximum": self.maximum,
            "values": list(self.values),
        }
