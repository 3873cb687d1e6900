"""The console program ``ner``: one file a command, each a thin wrapper around a public function."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any

import typer

from ner.cli import check, convert, evaluate, info, push, tag, train
from ner.errors import NerError
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
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show it.")] = False,
) -> None:
    """What stands before the command's name."""


def explained(command: Callable[..., Any]) -> Callable[..., Any]:
    """The command, with its user's errors as one message instead of a traceback; exit status 1."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except NerError as error:
            print(f"error: {error}", file=sys.stderr)
            raise typer.Exit(1) from None
        except KeyboardInterrupt:
            print("stopped", file=sys.stderr)
            raise typer.Exit(130) from None
        except BrokenPipeError:  # the reader of our output has gone, as `head` does
            sys.stderr.close()
            raise typer.Exit(0) from None

    return run


for _command in (train.train, evaluate.evaluate, tag.tag, check.check, convert.convert, info.info, push.push):
    app.command(no_args_is_help=True)(explained(_command))


def main() -> None:
    """The entry point of ``ner`` and ``python -m ner``."""
    app()
