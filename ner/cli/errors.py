"""``ner errors``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ner.cli.options import DataConfig, reads_data
from ner.cli.output import show, write_json


@reads_data()
def errors(
    model: Annotated[str, typer.Argument(help="A model, a run, or predictions.", metavar="MODEL")],
    data: Annotated[str, typer.Argument(help="A file with gold tags.", metavar="DATA")],
    html: Annotated[
        Path | None,
        typer.Option(help="Write a page there: all sentences with errors, gold beside prediction.", metavar="FILE"),
    ] = None,
    json_file: Annotated[
        str | None,
        typer.Option("--json", help="Write every error there; - instead of the tables.", metavar="FILE"),
    ] = None,
    training: Annotated[
        str | None,
        typer.Option("--train", help="What the model was trained on; by default what its run says.", metavar="FILE"),
    ] = None,
    limit: Annotated[int, typer.Option(min=0, help="Show so many of the most frequent errors.", metavar="N")] = 20,
    *,
    options: DataConfig,
) -> None:
    """Show what goes wrong: wrong type, wrong boundary, both, missed, spurious; by type, length and novelty.

    Example:
      ner errors runs/quickstart data/sample/test.conll --html errors.html
    """
    from ner.analysing import analyse_errors
    from ner.evaluation.error_page import write_page

    report = analyse_errors(model, data, options, training=training)
    if json_file != "-":
        show(report.table(limit))
        if report.training is None:
            show("\nWhich entities are new is not known: name what the model was trained on (--train FILE).")
    if json_file is not None:
        write_json(report.to_json(limit), json_file)
    if html is not None:
        write_page(report, html, f"Errors of {model} on {data}")
