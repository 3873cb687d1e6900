"""What the plots share. matplotlib is imported on use only, and without pyplot: no window, no global state."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import TYPE_CHECKING

from ner.corpus.atomic import replacing_bytes
from ner.errors import MissingExtraError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Of Okabe & Ito's palette: told apart by every kind of colour vision, and in grey.
BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#8A8A8A"


def new_figure(width: float = 6.0, height: float = 4.5) -> Figure:
    """An empty figure; width and height in inches.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError("Plotting", "plots") from error
    return Figure(figsize=(width, height), layout="constrained")


def quiet(axes: Axes) -> None:
    """Take away the frame that carries no data and draw a faint grid behind the rest."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="#E5E5E5", linewidth=0.8)
    axes.set_axisbelow(True)


def svg(figure: Figure) -> bytes:
    """The figure as SVG, the same for the same figure."""
    stream = io.BytesIO()
    figure.savefig(stream, format="svg", metadata={"Date": None})
    return stream.getvalue()


def save(figure: Figure, path: str | os.PathLike[str]) -> Path:
    """Write the figure, whole or not at all, in the format of the file's ending (png, svg, pdf), and return its path.

    Raises:
        ValueError: an ending that matplotlib does not know.
        DataError: the file cannot be written.
    """
    file = Path(path)
    with replacing_bytes(file) as stream:
        figure.savefig(stream, dpi=150, format=file.suffix.removeprefix(".").lower() or None)
    return file
