"""Options that several commands share: how a corpus file is read."""

from __future__ import annotations

from typing import Annotated, Any

import typer

Format = Annotated[str, typer.Option("--format", help="columns, jsonl, brat, parquet, or auto: by name and look.")]
WordColumn = Annotated[int | None, typer.Option("--word-column", help="Counted from 0, negative from the end.")]
TagColumn = Annotated[int | None, typer.Option("--tag-column", help="Counted from 0, negative from the end.")]
Separator = Annotated[str, typer.Option("--separator", help="Of column files: tab, blank, or auto.")]
InputScheme = Annotated[str, typer.Option("--input-scheme", help="Of the tags in the file; auto detects it.")]


def data_options(**options: Any) -> Any:
    """A `DataConfig` of the options given; None stands for the default.

    Raises:
        ConfigError: a value that is not allowed.
    """
    from ner.config import load_config

    return load_config({"data": {key: value for key, value in options.items() if value is not None}}).data
