"""The results as one picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

COLOUR, OURS, LIMIT = "#8a8f98", "#c44e52", "#4c72b0"


def draw(found: dict[str, Any], path: Path) -> None:
    """Speeds of tagging and training, our stages, and our speed by batch, length and threads: what there is of it."""
    panels = []
    for part, title in (("tag", "tagging, tokens/s"), ("train", "training, tokens/s")):
        if part in found:
            speeds = {name: row["tokens_per_second"] for name, row in found[part]["systems"].items()}
            panels.append((title, speeds, "bars"))
    if "stages" in found:
        panels.append(("microseconds a token", found["stages"]["microseconds"], "bars"))
    for key, title in (("batch_tokens", "tokens a batch"), ("length", "tokens a sentence"), ("threads", "threads")):
        if "sweep" in found:
            panels.append((f"tokens/s by {title}", found["sweep"][key], "line"))
    if not panels:
        return
    columns = min(3, len(panels))
    lines = -(-len(panels) // columns)
    figure = Figure(figsize=(5 * columns, 3.4 * lines), layout="constrained")
    places = figure.subplots(lines, columns, squeeze=False).flat
    for axes, (title, values, kind) in zip(places, panels, strict=False):
        (_bars if kind == "bars" else _line)(axes, values)
        axes.set_title(title, fontsize=10)
    for axes in list(places):
        axes.set_axis_off()
    figure.savefig(path, dpi=120)


def _bars(axes: Axes, values: dict[str, float]) -> None:
    names = list(values)[::-1]
    colours = [OURS if name.startswith("ours") else LIMIT if name.startswith("bare") else COLOUR for name in names]
    bars = axes.barh(names, [values[name] for name in names], color=colours)
    axes.bar_label(bars, [f"{values[name]:,.0f}" if values[name] >= 100 else f"{values[name]:.2f}" for name in names],
                   padding=3, fontsize=8)  # fmt: skip
    axes.margins(x=0.2)
    axes.tick_params(labelsize=8)


def _line(axes: Axes, values: dict[str, float]) -> None:
    axes.plot([str(size) for size in values], list(values.values()), "o-", color=OURS)
    axes.set_ylim(bottom=0)
    axes.tick_params(labelsize=8)
