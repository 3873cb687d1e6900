"""``ner train``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ner.cli.output import show


def train(
    config: Annotated[Path, typer.Argument(help="A YAML file; see configs/.", metavar="CONFIG")],
    overrides: Annotated[
        list[str] | None, typer.Argument(help="Keys to change, such as training.epochs=10.", metavar="KEY=VALUE")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the last checkpoint.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the run in the output folder.")] = False,
    seeds: Annotated[
        str | None,
        typer.Option(help="Train once for each, such as 1,2,3, and show mean and spread.", metavar="N,N,..."),
    ] = None,
) -> None:
    """Train a model and write it into OUTPUT/model; with --seeds, several into OUTPUT/seedN/model.

    Example:
      ner train configs/quickstart.yaml training.epochs=3 output=runs/try
    """
    from ner.cli.lists import numbers
    from ner.cli.screen import Screen
    from ner.config import load_config
    from ner.training.processes import is_main_process
    from ner.training.repeated import train_seeds
    from ner.training.run import train as train_model

    settings = load_config(config, overrides or [])
    if seeds is not None:
        chosen = numbers(seeds, int, "--seeds", "1,2,3")
        with Screen() as screen:
            found = train_seeds(settings, chosen, resume=resume, overwrite=overwrite, listener=screen)
        if is_main_process():
            summary = f"Summary: {found.folder / 'seeds.json'}. Hold it against others: ner compare"
            together = f". All of them together: ner tag {found.folder} FILE" if len(chosen) > 1 else ""
            show(f"\n{found.table()}\n\n{summary}{together}")
        return
    with Screen() as screen:
        result = train_model(settings, resume=resume, overwrite=overwrite, listener=screen)
    if not is_main_process():
        return
    for name, scores in (("dev", result.dev), ("test", result.test)):
        if scores is not None:
            show(f"\n{name}\n{scores.table()}")
    show(f"\nModel: {result.model} (epoch {result.best_epoch}). Tag with it: ner tag {result.model} FILE")
