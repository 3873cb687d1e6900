"""``ner check``."""

from __future__ import annotations

from typing import Annotated

import typer

from ner.cli.options import DataConfig, reads_data
from ner.cli.output import show, write_json


@reads_data()
def check(
    train: Annotated[str, typer.Argument(help="The training file, or a configuration (.yaml).", metavar="TRAIN")],
    dev: Annotated[str | None, typer.Argument(help="The file that models are chosen on.", metavar="DEV")] = None,
    test: Annotated[str | None, typer.Argument(help="The file that the model is scored on.", metavar="TEST")] = None,
    vectors: Annotated[
        list[str] | None, typer.Option(help="A file of word vectors; may be repeated.", metavar="FILE")
    ] = None,
    json_file: Annotated[
        str | None, typer.Option("--json", help="Write the report there; - instead of the table.", metavar="FILE")
    ] = None,
    *,
    options: DataConfig,
) -> None:
    """Look for what spoils a training: illegal tags, sentences in two splits, labels never trained, missing vectors.

    Exit status 1 if a training would stop on it.

    Example:
      ner check configs/quickstart.yaml
    """
    from ner.checking import check as check_corpus

    data, files = _of_configuration(train, dev, options) or (_of_files(train, dev, test, options), [])
    report = check_corpus(data, [*files, *(vectors or [])])
    if json_file != "-":
        show(report.table())
    if json_file is not None:
        write_json(report.to_json(), json_file)
    raise typer.Exit(1 if report.fatal else 0)


def _of_files(train: str, dev: str | None, test: str | None, options: DataConfig) -> DataConfig:
    splits = {"train": train, "dev": dev, "test": test}
    return options.model_copy(update={split: [path] for split, path in splits.items() if path is not None})


def _of_configuration(path: str, dev: str | None, options: DataConfig) -> tuple[DataConfig, list[str]] | None:
    """Data and vectors of a configuration file; None if the path is no such file."""
    from ner.config import load_config
    from ner.errors import ConfigError

    if not path.lower().endswith((".yaml", ".yml")):
        return None
    if dev is not None or options.model_fields_set:
        raise ConfigError(f"{path}: a configuration says itself which files there are and how to read them")
    config = load_config(path)
    return config.data, config.vectors
