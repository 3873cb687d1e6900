"""``ner info``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ner.cli.output import show


def info(
    model: Annotated[Path, typer.Argument(help="A model folder, a run, or a folder of seeds.", metavar="MODEL")],
) -> None:
    """Say what a model is: its labels, its network, what it was trained on, how well it does.

    Example:
      ner info runs/quickstart/model
    """
    from ner.information import describe_model

    show(describe_model(model))
