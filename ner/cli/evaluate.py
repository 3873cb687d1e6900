"""``ner evaluate``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ner.cli.options import DataConfig, reads_data
from ner.cli.output import show, write_json


@reads_data()
def evaluate(
    model: Annotated[Path, typer.Argument(help="A model folder.", metavar="MODEL")],
    data: Annotated[str, typer.Argument(help="A file with gold tags.", metavar="DATA")],
    json_file: Annotated[
        str | None,
        typer.Option("--json", help="Write the scores there, as fractions; - instead of the table.", metavar="FILE"),
    ] = None,
    predictions: Annotated[
        Path | None, typer.Option(help="Write token, gold and predicted tag there, as columns.", metavar="FILE")
    ] = None,
    thresholds: Annotated[
        bool, typer.Option("--thresholds", help="Show precision and recall above every threshold on the score.")
    ] = False,
    calibration: Annotated[
        bool, typer.Option("--calibration", help="Show whether the scores say how often entities are right.")
    ] = False,
    plots: Annotated[
        Path | None, typer.Option(help="Draw thresholds.png and calibration.png there.", metavar="FOLDER")
    ] = None,
    *,
    options: DataConfig,
) -> None:
    """Score a model on a tagged corpus: seqeval's precision, recall and F1, by type and in all.

    Example:
      ner evaluate runs/quickstart/model data/sample/test.conll --json scores.json
    """
    from ner.corpus.atomic import refuse_same
    from ner.scoring import evaluate as evaluate_model

    refuse_same(data, predictions)
    evaluation = evaluate_model(model, data, options)
    if json_file != "-":
        show(evaluation.table())
        if thresholds:
            show(f"\nentities above a threshold on their score\n{evaluation.thresholds().table()}")
        if calibration:
            show(f"\nscores of entities against how often they are right\n{evaluation.reliability().table()}")
    if json_file is not None:
        write_json(evaluation.to_json(), json_file)
    if predictions is not None:
        evaluation.write_predictions(predictions)
    if plots is not None:
        plots.mkdir(parents=True, exist_ok=True)
        evaluation.thresholds().plot(plots / "thresholds.png")
        evaluation.reliability().plot(plots / "calibration.png")
