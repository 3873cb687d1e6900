"""The console program ``ner``: one file a command, each a thin wrapper around a public function."""

from __future__ import annotations

from typing import Annotated

import typer

from ner.cli import (
    check,
    compare,
    convert,
    curve,
    errors,
    evaluate,
    info,
    inspect,
    push,
    suggest,
    tag,
    train,
    tune,
    vectors,
)
from ner.cli.failing import explained
from ner.cli.output import accept_any_text
from ner.version import __version__

app = typer.Typer(
    name="ner",
    help="Find named entities, with a model that you train yourself.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        print(__version__)
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """What stands before the command's name."""


for _command in (
    train.train,
    tune.tune,
    curve.curve,
    evaluate.evaluate,
    compare.compare,
    errors.errors,
    tag.tag,
    suggest.suggest,
    check.check,
    convert.convert,
    info.info,
    inspect.inspect,
    push.push,
    vectors.vectors,
):
    app.command(no_args_is_help=True)(explained(_command))


def main() -> None:
    """The entry point of ``ner`` and ``python -m ner``."""
    accept_any_text()
    app()
