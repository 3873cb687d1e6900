"""``ner check``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from ner.cli.options import DataConfig, reads_data


@reads_data()
def check(
    train: Annotated[str, typer.Argument(help="The training file, or a configuration (.yaml).", metavar="TRAIN")],
    dev: Annotated[str | None, typer.Argument(metavar="[DEV]")] = None,
    test: Annotated[str | None, typer.Argument(metavar="[TEST]")] = None,
    vectors: Annotated[list[str] | None, typer.Option(help="A file of vectors; may be repeated.")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the report there.", metavar="FILE")] = None,
    *,
    options: DataConfig,
) -> None:
    """Look for what spoils a training: illegal tags, sentences in two splits, labels never trained, missing vectors.

    Exit status 1 if a training would stop on it.

    Example: ner check data/sample/train.conll data/sample/dev.conll data/sample/test.conll
    """
    from ner.checking import check as check_corpus

    splits = {"train": train, "dev": dev, "test": test}
    options = options.model_copy(update={split: [path] for split, path in splits.items() if path is not None})
    report = check_corpus(options, vectors or [])
    if json_file is not None:
        json_file.write_text(json.dumps(report.to_json(), indent=2) + "\n", encoding="utf-8")
    print(report.table())
    raise typer.Exit(1 if report.fatal else 0)
