"""``ner evaluate``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from ner.cli.options import DataConfig, reads_data


@reads_data()
def evaluate(
    model: Annotated[Path, typer.Argument(help="A model folder.", metavar="MODEL")],
    data: Annotated[str, typer.Argument(help="A file with gold tags.", metavar="DATA")],
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the scores there, as fractions.", metavar="FILE")
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

    Example: ner evaluate runs/quickstart/model data/sample/test.conll --json scores.json
    """
    from ner.scoring import evaluate as evaluate_model

    evaluation = evaluate_model(model, data, options)
    if predictions is not None:
        evaluation.write_predictions(predictions)
    if json_file is not None:
        json_file.write_text(json.dumps(evaluation.to_json(), indent=2) + "\n", encoding="utf-8")
    print(evaluation.table())
    if thresholds:
        print(f"\nentities above a threshold on their score\n{evaluation.thresholds().table()}")
    if calibration:
        print(f"\nscores of entities against how often they are right\n{evaluation.reliability().table()}")
    if plots is not None:
        plots.mkdir(parents=True, exist_ok=True)
        evaluation.thresholds().plot(plots / "thresholds.png")
        evaluation.reliability().plot(plots / "calibration.png")
