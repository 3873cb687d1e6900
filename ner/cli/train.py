"""``ner train``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def train(
    config: Annotated[Path, typer.Argument(help="A YAML file; see configs/.", metavar="CONFIG")],
    overrides: Annotated[
        list[str] | None, typer.Argument(help="Keys to change, such as training.epochs=10.", metavar="KEY=VALUE")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the last checkpoint.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the run in the output folder.")] = False,
) -> None:
    """Train a model and write it into OUTPUT/model.

    Example:
      ner train configs/quickstart.yaml training.epochs=3 output=runs/try
    """
    from ner.cli.screen import Screen
    from ner.config import load_config
    from ner.training.run import train as train_model

    settings = load_config(config, overrides or [])
    with Screen() as screen:
        result = train_model(settings, resume=resume, overwrite=overwrite, listener=screen)
    for name, scores in (("dev", result.dev), ("test", result.test)):
        if scores is not None:
            print(f"\n{name}\n{scores.table()}")
    print(f"\nModel: {result.model} (epoch {result.best_epoch}). Tag with it: ner tag {result.model} FILE")
