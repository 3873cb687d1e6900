"""``ner evaluate``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from ner.cli.options import Format, InputScheme, Separator, TagColumn, WordColumn, data_options


def evaluate(
    model: Annotated[Path, typer.Argument(help="A model folder.", metavar="MODEL")],
    data: Annotated[str, typer.Argument(help="A file with gold tags.", metavar="DATA")],
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the scores there, as fractions.", metavar="FILE")
    ] = None,
    predictions: Annotated[
        Path | None, typer.Option(help="Write token, gold and predicted tag there, as columns.", metavar="FILE")
    ] = None,
    format: Format = "auto",
    word_column: WordColumn = None,
    tag_column: TagColumn = None,
    separator: Separator = "auto",
    input_scheme: InputScheme = "auto",
) -> None:
    """Score a model on a tagged corpus: seqeval's precision, recall and F1, by type and in all.

    Example: ner evaluate runs/quickstart/model data/sample/test.conll --json scores.json
    """
    from ner.scoring import evaluate as evaluate_model

    options = data_options(
        format=format, word_column=word_column, tag_column=tag_column, separator=separator, scheme=input_scheme
    )
    evaluation = evaluate_model(model, data, options)
    if predictions is not None:
        evaluation.write_predictions(predictions)
    if json_file is not None:
        json_file.write_text(json.dumps(evaluation.to_json(), indent=2) + "\n", encoding="utf-8")
    print(evaluation.table())
