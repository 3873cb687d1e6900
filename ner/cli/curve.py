"""``ner curve``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ner.cli.output import show


def curve(
    config: Annotated[Path, typer.Argument(help="A YAML file; see configs/.", metavar="CONFIG")],
    overrides: Annotated[
        list[str] | None, typer.Argument(help="Keys to change, such as output=runs/curve.", metavar="KEY=VALUE")
    ] = None,
    portions: Annotated[
        str, typer.Option(help="Of the training sentences, separated by commas.", metavar="P,P,...")
    ] = "0.1,0.25,0.5,1",
    seeds: Annotated[
        str | None, typer.Option(help="Train each portion once for each, such as 1,2,3.", metavar="N,N,...")
    ] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw it there: png, svg, pdf.", metavar="FILE")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where it was stopped.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the runs that stand there.")] = False,
) -> None:
    """Show what more training data bring: F1 of models trained on portions of it.

    Example:
      ner curve configs/quickstart.yaml output=runs/curve --portions 0.2,1
    """
    from ner.cli.lists import numbers
    from ner.cli.screen import Screen
    from ner.config import load_config
    from ner.evaluation.plots import new_figure
    from ner.training.portions import learning_curve
    from ner.training.processes import is_main_process

    settings = load_config(config, overrides or [])
    shares = numbers(portions, float, "--portions", "0.1,0.5,1")
    chosen = None if seeds is None else numbers(seeds, int, "--seeds", "1,2,3")
    if plot is not None:
        new_figure()  # should its library be missing, that is said before the trainings, not after
    with Screen() as screen:
        found = learning_curve(settings, shares, chosen, resume=resume, overwrite=overwrite, listener=screen)
    if not is_main_process():
        return
    show(f"\n{found.table()}\n\nSummary: {found.folder / 'curve.json'}")
    if plot is not None:
        found.plot(plot)
