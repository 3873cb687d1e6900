"""``ner export``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from ner.cli.output import show


def export(
    model: Annotated[Path, typer.Argument(help="A model folder.", metavar="MODEL")],
    target: Annotated[
        Path, typer.Argument(help="The folder to write; or FOLDER/model.onnx, in it.", metavar="FOLDER")
    ],
    vectors: Annotated[
        Literal["float32", "float16", "int8"],
        typer.Option(help="How the vectors of words are held: float16 halves them, int8 quarters."),
    ] = "float32",
) -> None:
    """Write a model that tags without torch, on onnxruntime and numpy: the network as ONNX, all else beside it.

    Example:
      ner export runs/quickstart/model runs/quickstart/small
    """
    from ner.integrations.onnx.export import export as export_model

    folder = export_model(model, target, vectors=vectors)
    size = sum(path.stat().st_size for path in folder.iterdir() if path.is_file())
    show(f"{folder}: {size / 1e6:.1f} MB")
