"""The console program ``ner``: one file a command, each a thin wrapper around a public function."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Annotated

import typer

from ner.cli.failing import explained
from ner.cli.output import accept_any_text
from ner.version import __version__


def _version(wanted: bool) -> None:
    if wanted:
        print(__version__)
        raise typer.Exit


def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """What stands before the command's name."""


_COMMANDS = (
    "train",
    "tune",
    "curve",
    "evaluate",
    "compare",
    "errors",
    "tag",
    "serve",
    "suggest",
    "check",
    "convert",
    "info",
    "inspect",
    "export",
    "push",
    "vectors",
)
"""In the order of the help, each in the module of its name."""


def make_app(first: str = "") -> typer.Typer:
    """The program.

    Args:
        first: the first word of the command line. If it is a command, no other is laid out: that takes a while.
    """
    made = typer.Typer(
        name="ner",
        help="Find named entities, with a model that you train yourself.",
        no_args_is_help=True,
        rich_markup_mode="rich",
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    made.callback()(_options)
    for name in [first] if first in _COMMANDS else _COMMANDS:
        command = getattr(import_module(f"ner.cli.{name}"), name)
        made.command(no_args_is_help=True)(explained(command))
    return made


app = make_app()


def main() -> None:
    """The entry point of ``ner`` and ``python -m ner``."""
    accept_any_text()
    make_app(*sys.argv[1:2])()
