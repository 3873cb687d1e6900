"""``ner compare``."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from ner.cli.options import DataConfig, reads_data
from ner.cli.output import show, write_json

_RUN = "A model, a run, predictions, or a folder of several seeds of either."


@reads_data()
def compare(
    first: Annotated[str, typer.Argument(help=_RUN, metavar="RUN_A")],
    second: Annotated[str, typer.Argument(help="What it is compared with: any of these.", metavar="RUN_B")],
    data: Annotated[str, typer.Argument(help="A file with gold tags.", metavar="DATA")],
    unit: Annotated[
        Literal["auto", "sentences", "documents"],
        typer.Option(help="What is drawn anew; auto: documents if there are 20.", metavar="UNIT"),
    ] = "auto",
    samples: Annotated[int, typer.Option(min=1, help="Number of resamples.", metavar="N")] = 10_000,
    seed: Annotated[int, typer.Option(min=0, help="Of the random numbers.", metavar="N")] = 0,
    json_file: Annotated[
        str | None,
        typer.Option("--json", help="Write it there, F1 as fractions; - instead of the table.", metavar="FILE"),
    ] = None,
    *,
    options: DataConfig,
) -> None:
    """Say whether one of two systems is better, or only luckier: by resampling the data, and the seeds if several.

    For the example, first: ner train configs/quickstart.yaml --seeds 1,2 output=runs/seeds

    Example:
      ner compare runs/quickstart runs/seeds data/sample/test.conll
    """
    from ner.comparing import compare as compare_systems

    found = compare_systems(first, second, data, options, unit=unit, samples=samples, seed=seed)
    if json_file != "-":
        show(found.table())
    if json_file is not None:
        write_json(found.to_json(), json_file)
