"""A picture of a training: loss and dev F1 by epoch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ner.evaluation.plots import BLUE, GREY, ORANGE, new_figure, save

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw_curve(epochs: Sequence[dict[str, Any]], best_epoch: int, path: Path) -> None:
    """Write `curve_figure` to a file.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    save(curve_figure(epochs, best_epoch), path)


def curve_figure(epochs: Sequence[dict[str, Any]], best_epoch: int) -> Figure:
    """The lines of ``metrics.jsonl``: loss on the left axis, dev F1 on the right, the kept epoch marked.

    Raises:
        MissingExtraError: matplotlib is not installed.
        DataError: the file cannot be written.
    """
    figure = new_figure(7.0, 4.2)
    numbers = [record["epoch"] for record in epochs]
    left = figure.subplots()
    left.plot(numbers, [record["loss"] for record in epochs], color=BLUE, label="training loss a sentence")
    left.set_xlabel("epoch")
    left.set_ylabel("loss (negative log-likelihood, nats)")
    lines = left.get_lines()
    scored = [(record["epoch"], 100 * record["dev"]["f1"]) for record in epochs if record["dev"]]
    if scored:
        right = left.twinx()
        right.plot(*zip(*scored, strict=True), color=ORANGE, linestyle="--", label="dev F1")
        right.axvline(best_epoch, color=GREY, linewidth=0.8, label=f"kept: epoch {best_epoch}")
        right.set_ylabel("dev F1 (%)")
        lines = [*lines, *right.get_lines()]
    left.legend(lines, [str(line.get_label()) for line in lines], loc="center right", frameon=False)
    return figure
