"""Is the difference between two systems more than luck? Luck of the test sentences, and luck of the seed.

The systems are compared by micro F1 on the same units, sentences or documents. Two resampling methods answer:

- the paired bootstrap (Efron & Tibshirani 1993; Koehn 2004): test sets drawn anew from the units, the same for both
  systems, give a 95 % interval and p;
- approximate randomization (Noreen 1989; Yeh 2000): the systems' answers are exchanged unit by unit at random, as if
  it did not matter which system gave them.

With several runs (seeds) a system, the score is the mean F1 over runs, and the bootstrap has two levels: below the
drawn test set, the seeds' share of the difference is drawn from Student's t, scaled by the pooled standard error
between runs. Drawing among a handful of runs instead, as is often done, is too narrow: where seeds matter, it finds a
difference between two systems that are the same far more often than its p says, and the t level does not (the tests
simulate both). Where seeds hardly matter, the t level errs on the side of caution. Randomization keeps to the trained
runs as they are, by their mean counts: it answers for these models, and the bootstrap for the way of training them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ner.evaluation.notebook import Shown
from ner.evaluation.tables import Part, Table, percent, text

Counts = npt.NDArray[np.int64]
"""(N, 3): correct, predicted and gold spans of each unit, as `ner.evaluation.spans.count_sentences` gives them."""

ALPHA = 0.05
_CELLS = 2_000_000  # of an array of samples by units: bounds the memory to some 50 MB


@dataclass(frozen=True, slots=True)
class Comparison(Shown):
    """What two systems' scores on the same data allow to claim. Scores and differences are fractions.

    Attributes:
        names: of the first and the second system.
        f1: of every run of each.
        difference: mean F1 of the second system minus that of the first.
        interval: the 95 % interval of the difference, by the bootstrap.
        p_bootstrap: two-sided, over units and, with several runs, over seeds.
        p_randomization: two-sided, over units, for the runs as they are.
        units: number of units resampled.
        unit: what they are, ``sentences`` or ``documents``.
        samples: number of resamples of each method.
        identical: the systems gave the same answers, run by run; None where nobody looked.
    """

    names: tuple[str, str]
    f1: tuple[tuple[float, ...], tuple[float, ...]]
    difference: float
    interval: tuple[float, float]
    p_bootstrap: float
    p_randomization: float
    units: int
    unit: str
    samples: int
    identical: bool | None = None

    @property
    def over_seeds(self) -> bool:
        """Whether there are runs enough of both to tell the system from the seed."""
        return min(map(len, self.f1)) > 1

    @property
    def significant(self) -> bool:
        """Whether the bootstrap's interval leaves out zero and both p are below 0.05."""
        low, high = self.interval
        return (low > 0 or high < 0) and max(self.p_bootstrap, self.p_randomization) < ALPHA

    def verdict(self) -> str:
        """What may be claimed, in words."""
        first, second = self.names
        if self.identical:
            return (
                f"Nothing may be claimed: {first} and {second} give the same answers, entity for entity, so there is "
                "nothing to compare. Are they the same models, or predictions of the same?"
            )
        better, worse = (second, first) if self.difference > 0 else (first, second)
        low, high = (100 * edge for edge in self.interval)
        numbers = (
            f"{100 * self.difference:+.2f} points of F1 from {first} to {second}, "
            f"95 % interval {low:+.2f} to {high:+.2f}, p = {max(self.p_bootstrap, self.p_randomization):.4f}"
        )
        if self.significant and self.over_seeds:
            return f"{better} is better than {worse}, for new {self.unit} of this kind and new seeds: {numbers}."
        if self.significant:
            one, other = map(_called, self.names, self.f1)
            claim = f"{other} is better than {one}" if self.difference > 0 else f"{one} is better than {other}"
            return (
                f"T{claim[1:]} for new {self.unit} of this kind: {numbers}. "
                "Nothing follows about the ways of training them, since a seed alone can move F1 by a point: "
                "for that, compare several seeds of each."
            )
        if self.over_seeds and self.p_randomization < ALPHA:
            return (
                f"Nothing may be claimed about {first} and {second}: {numbers}. These trained models do differ "
                f"(p = {self.p_randomization:.4f} over {self.unit}), but not by more than seeds make them: "
                "train more seeds of each."
            )
        return (
            f"Nothing may be claimed: {numbers}. That is no proof that they are equally good; "
            "more test data or more seeds could tell them apart."
        )

    def table(self) -> str:
        """A plain aligned table, percentages to two places, and the verdict."""
        return text(self.parts())

    def parts(self) -> list[Part]:
        """What `table` shows."""
        rows = [
            (name, str(len(runs)), percent(float(np.mean(runs))), percent(min(runs)), percent(max(runs)))
            for name, runs in zip(self.names, self.f1, strict=True)
        ]
        low, high = self.interval
        single = [name for name, runs in zip(self.names, self.f1, strict=True) if len(runs) == 1]
        levels = "alone: one run each" if len(single) == 2 else "and seeds"
        if len(single) == 1:
            levels += f", of {single[0]} by its one run and the other's deviation"
        return [
            Table(("system", "runs", "mean F1", "minimum", "maximum"), rows),
            f"difference {100 * self.difference:+.2f}, 95 % interval {100 * low:+.2f} to {100 * high:+.2f}\n"
            f"p = {self.p_bootstrap:.4f} by paired bootstrap over {self.units} {self.unit} {levels}\n"
            f"p = {self.p_randomization:.4f} by approximate randomization over {self.unit}, models as they are",
            self.verdict(),
        ]

    def to_json(self) -> dict[str, Any]:
        """Plain numbers, lists and the verdict."""
        return {
            "names": list(self.names),
            "f1": [list(runs) for runs in self.f1],
            "difference": self.difference,
            "interval": list(self.interval),
            "p_bootstrap": self.p_bootstrap,
            "p_randomization": self.p_randomization,
            "units": self.units,
            "unit": self.unit,
            "samples": self.samples,
            "significant": self.significant,
            "identical": self.identical,
            "verdict": self.verdict(),
        }


def compare(
    first: Sequence[Counts],
    second: Sequence[Counts],
    names: tuple[str, str] = ("A", "B"),
    documents: Sequence[int] | None = None,
    samples: int = 10_000,
    seed: int = 0,
    identical: bool | None = None,
) -> Comparison:
    """Compare two systems of one or several runs each: about a second for 5,000 sentences and ten runs.

    Args:
        first, second: the counts of every run; all over the same units.
        names: what the systems are called in the verdict.
        documents: the document of each sentence. Sentences of one document resemble each other; where documents are
            known, they should be the units.
        samples: number of resamples.
        seed: of the random numbers.
        identical: whether the answers behind the counts are the same, run by run, if that is known.

    Raises:
        ValueError: no run, no unit, no sample, or runs over different data.
    """
    if samples < 1:
        raise ValueError(f"{samples} samples: expected at least one")
    runs = [_stacked(system, documents) for system in (first, second)]
    if runs[0].shape[1] != runs[1].shape[1] or not (runs[0][0, :, 2] == runs[1][0, :, 2]).all():
        raise ValueError(f"{names[0]} and {names[1]} were scored on different data: their gold entities differ")
    units = runs[0].shape[1]
    f1 = [_f1(system.sum(axis=1)) for system in runs]
    random = np.random.default_rng(seed)
    drawn = _bootstrap(runs, samples, random) + _seed_luck(f1, samples, random)
    low, high = np.quantile(drawn, (ALPHA / 2, 1 - ALPHA / 2)).clip(-1.0, 1.0).tolist()  # no F1 differ by more
    tail = int(min(np.count_nonzero(drawn <= 0), np.count_nonzero(drawn >= 0)))
    return Comparison(
        names=names,
        f1=(tuple(f1[0].tolist()), tuple(f1[1].tolist())),
        difference=float(f1[1].mean() - f1[0].mean()),
        interval=(low, high),
        p_bootstrap=min(1.0, 2 * (tail + 1) / (samples + 1)),
        p_randomization=_randomization(runs, samples, random),
        units=units,
        unit="sentences" if documents is None else "documents",
        samples=samples,
        identical=identical,
    )


def _called(name: str, runs: Sequence[float]) -> str:
    """What is compared where it is these trained models and not the way of training them."""
    return f"the model {name}" if len(runs) == 1 else f"the mean of the {len(runs)} models {name}"


def _stacked(system: Sequence[Counts], documents: Sequence[int] | None) -> npt.NDArray[np.float64]:
    """(R, N, 3), as floats for the matrix products; exact, since counts are far below 2**53."""
    if not system:
        raise ValueError("no run: expected at least one of each system")
    shapes = {np.shape(run) for run in system}
    shape = shapes.pop()
    if shapes or len(shape) != 2 or shape[1] != 3 or not shape[0]:
        raise ValueError(f"runs of shape {shape}: expected (N, 3) of all, with the same N > 0")
    stack = np.asarray(system, dtype=np.float64)
    if not (stack[:, :, 2] == stack[0, :, 2]).all():
        raise ValueError("runs of one system were scored on different data: their gold entities differ")
    if documents is None:
        return stack
    if len(documents) != shape[0]:
        raise ValueError(f"{len(documents)} document numbers for {shape[0]} sentences: expected one each")
    number = np.unique(np.asarray(documents), return_inverse=True)[1]
    return np.stack([[np.bincount(number, column) for column in run.T] for run in stack]).transpose(0, 2, 1)


def _f1(totals: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """(..., 3) correct, predicted, gold -> (...), in counts: the harmonic mean of precision and recall."""
    return 2 * totals[..., 0] / np.maximum(totals[..., 1] + totals[..., 2], 1)


def _chunks(samples: int, units: int) -> Iterator[int]:
    size = max(1, _CELLS // units)
    for start in range(0, samples, size):
        yield min(size, samples - start)


def _bootstrap(
    runs: Sequence[npt.NDArray[np.float64]], samples: int, random: np.random.Generator
) -> npt.NDArray[np.float64]:
    """(samples,) differences of mean F1 on units drawn with replacement, the same for all runs."""
    counts = np.concatenate(runs)
    units = counts.shape[1]
    columns = counts.transpose(1, 0, 2).reshape(units, -1)  # (N, R * 3)
    drawn = []
    for size in _chunks(samples, units):
        picks = random.integers(0, units, (size, units)) + units * np.arange(size)[:, None]
        weights = np.bincount(picks.ravel(), minlength=size * units).reshape(size, units)
        f1 = _f1((weights @ columns).reshape(size, -1, 3))
        drawn.append(f1[:, len(runs[0]) :].mean(axis=1) - f1[:, : len(runs[0])].mean(axis=1))
    return np.concatenate(drawn)


def _seed_luck(
    f1: Sequence[npt.NDArray[np.float64]], samples: int, random: np.random.Generator
) -> npt.NDArray[np.float64]:
    """(samples,) what new seeds add to the difference: Student's t times the pooled standard error."""
    freedom = sum(map(len, f1)) - 2
    if not freedom:  # one run each: nothing is known about other seeds
        return np.zeros(samples)
    variance = sum(float(((each - each.mean()) ** 2).sum()) for each in f1) / freedom
    error = np.sqrt(variance * sum(1 / len(each) for each in f1))
    return error * random.standard_t(freedom, samples)


def _randomization(runs: Sequence[npt.NDArray[np.float64]], samples: int, random: np.random.Generator) -> float:
    """Two-sided p of the difference of the runs' mean counts under exchange of the systems, unit by unit."""
    first, second = (system.mean(axis=0) for system in runs)
    gap = second - first  # what a unit adds to the first system's totals, and takes from the second's, if exchanged
    observed = abs(_f1(second.sum(axis=0)) - _f1(first.sum(axis=0)))
    as_extreme = 0
    for size in _chunks(samples, len(gap)):
        moved = random.integers(0, 2, (size, len(gap)), dtype=np.int8) @ gap
        difference = _f1(second.sum(axis=0) - moved) - _f1(first.sum(axis=0) + moved)
        as_extreme += int(np.count_nonzero(np.abs(difference) >= observed - 1e-12))
    return (as_extreme + 1) / (samples + 1)
