"""``ner check``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ner.cli.options import DataConfig, reads_data
from ner.cli.output import show, write_json

if TYPE_CHECKING:
    from ner.config import Config


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
    suspects: Annotated[
        bool, typer.Option("--suspects", help="Look for annotation errors in TRAIN instead: trains models.")
    ] = False,
    folds: Annotated[int, typer.Option(min=2, help="Parts of TRAIN, with --suspects.", metavar="N")] = 5,
    epochs: Annotated[int, typer.Option(min=1, help="Of each training, with --suspects.", metavar="N")] = 8,
    seeds: Annotated[str, typer.Option(help="Ask models of several, with --suspects.", metavar="N,N,...")] = "1",
    limit: Annotated[int, typer.Option(min=0, help="Show so many suspects.", metavar="N")] = 20,
    *,
    options: DataConfig,
) -> None:
    """Look for what spoils a training: illegal tags, sentences in two splits, labels never trained, missing vectors.

    Exit status 1 if a training would stop on it. With --suspects: what is probably annotated wrongly, ranked.

    Example:
      ner check configs/quickstart.yaml
    """
    from ner.checking import check as check_corpus
    from ner.cli.lists import numbers

    if suspects:
        chosen = numbers(seeds, int, "--seeds", "1,2,3")
        _suspects(_settings(train, dev, options, vectors or []), folds, epochs, chosen, limit, json_file)
        return
    data, files = _of_configuration(train, dev, options) or (_of_files(train, dev, test, options), [])
    report = check_corpus(data, [*files, *(vectors or [])])
    if json_file != "-":
        show(report.table())
    if json_file is not None:
        write_json(report.to_json(), json_file)
    raise typer.Exit(1 if report.fatal else 0)


def _settings(train: str, dev: str | None, options: DataConfig, vectors: list[str]) -> Config:
    """The configuration, or the default one for files."""
    from ner.config import load_config, with_values

    if _of_configuration(train, dev, options) is None:
        files = _of_files(train, None, None, options)
        return load_config({"data": files.model_dump(), "vectors": vectors})
    config = load_config(train)
    return with_values(config, {"vectors": [*config.vectors, *vectors]})


def _suspects(config: Config, folds: int, epochs: int, seeds: list[int], limit: int, json_file: str | None) -> None:
    from ner.cli.screen import Screen
    from ner.suspecting import find_suspects
    from ner.training.listener import Listener

    listener = Listener() if json_file == "-" else Screen()
    found = find_suspects(config, folds=folds, epochs=epochs, seeds=seeds, listener=listener)
    if json_file != "-":
        show(f"\n{found.table(limit)}")
    if json_file is not None:
        write_json(found.to_json(), json_file)


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
