"""``ner tune``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from ner.cli.output import show, write_json


def tune(
    config: Annotated[Path, typer.Argument(help="What is varied: a YAML file; see configs/.", metavar="CONFIG")],
    space: Annotated[
        Path, typer.Option(help="What it is varied in: a YAML file; see configs/spaces/.", metavar="SPACE")
    ],
    overrides: Annotated[
        list[str] | None, typer.Argument(help="Keys to change, such as training.epochs=8.", metavar="KEY=VALUE")
    ] = None,
    sampler: Annotated[
        Literal["grid", "random", "tpe"], typer.Option(help="What is tried next; tpe learns from the trials before.")
    ] = "tpe",
    trials: Annotated[
        int | None,
        typer.Option(
            "--trials", "-n", min=1, help="Of the study in all; by default 30, or the whole grid.", metavar="N"
        ),
    ] = None,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, help="Processes side by side.", metavar="J")] = 1,
    storage: Annotated[
        str | None,
        typer.Option(help="A file or database URL that processes share.", metavar="PLACE"),
    ] = None,
    study: Annotated[str, typer.Option(help="The study's name there.", metavar="NAME")] = "tune",
    no_pruning: Annotated[
        bool, typer.Option("--no-pruning", help="End no trial early that lags behind the others.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Of the sampler.", metavar="N")] = 0,
    plots: Annotated[
        Path | None, typer.Option(help="Draw history.png and importance.png there.", metavar="FOLDER")
    ] = None,
    json_file: Annotated[
        str | None,
        typer.Option("--json", help="Write every trial there; - instead of the table.", metavar="FILE"),
    ] = None,
) -> None:
    """Search for a better configuration, by dev F1 alone; test data are not read.

    The same command goes on with what was stopped, and helps what is at work.

    Example:
      ner tune configs/quickstart.yaml --space configs/spaces/usual.yaml -n 3
    """
    from ner.cli.screen import Screen
    from ner.config import load_config
    from ner.evaluation.plots import new_figure
    from ner.training.listener import Listener
    from ner.tuning.search import tune as search

    settings = load_config(config, overrides or [])
    if plots is not None:
        new_figure()  # should its library be missing, that is said before the trials, not after
        plots.mkdir(parents=True, exist_ok=True)
    found = search(
        settings,
        space,
        sampler=sampler,
        trials=trials,
        jobs=jobs,
        storage=storage,
        study=study,
        prune=not no_pruning,
        seed=seed,
        listener=Listener() if json_file == "-" else Screen(),
    )
    if json_file != "-":
        show(f"\n{found.table()}\n\nTrain it: ner train {found.folder / 'best.yaml'}")
    if json_file is not None:
        write_json(found.to_json(), json_file)
    if plots is not None:
        found.plot_history(plots / "history.png")
        found.plot_importance(plots / "importance.png")
