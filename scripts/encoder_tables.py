"""How the memory experiment writes what it found: tables in Markdown, a row for each encoder."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from statistics import mean, stdev


def table(title: str, columns: Sequence[str], rows: Iterable[tuple[str, Sequence[str]]]) -> None:
    """Print a table; a row is the encoder's name and its cells."""
    print(f"\n{title}\n\n| encoder | {' | '.join(columns)} |\n|---|{'---|' * len(columns)}")
    for name, cells in rows:
        print(f"| {name} | {' | '.join(cells)} |")


def percent(values: Sequence[float], digits: int = 0) -> str:
    """Shares, in percent: mean and, of several, standard deviation of the sample."""
    middle = f"{100 * mean(values):.{digits}f}"
    return middle if len(values) < 2 else f"{middle} ± {100 * stdev(values):.{digits}f}"


def powers(values: Sequence[float]) -> str:
    """Numbers of any size: mean and, where these differ from it when written, least and most."""
    middle, least, most = (power(value) for value in (mean(values), min(values), max(values)))
    return middle if least == most else f"{middle} ({least} to {most})"


def power(value: float) -> str:
    """A number of any size."""
    return "overflow" if not math.isfinite(value) else f"{value:.0e}" if value < 0.01 else f"{value:.2g}"
