"""How a command fails: one message for what is the input's fault, silence when nobody reads on, an exit status."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import Any

import typer

from ner.cli.options import as_typed
from ner.cli.output import warning
from ner.errors import IncompleteInstallationError, NerError
from ner.printable import printable


def explained(command: Callable[..., Any]) -> Callable[..., None]:
    """The command, with a user's errors as one message instead of a traceback and exit status 1."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        status, message = 0, ""
        try:
            try:
                with warning(lambda text: as_typed(text, command)):
                    command(*args, **kwargs)
            except typer.Exit as wanted:
                status = wanted.exit_code
            if sys.stdout is not None:
                sys.stdout.flush()
        except BrokenPipeError:  # the reader of our output has gone, as `head` does
            _drop_output()
        except KeyboardInterrupt:
            status, message = 130, "stopped"
        except (NerError, OSError) as error:
            status, message = 1, f"error: {as_typed(str(error), command)}"
        except ModuleNotFoundError as error:
            missing = IncompleteInstallationError.explaining(error, f"ner {command.__name__}")
            if missing is None:
                raise
            status, message = 1, f"error: {missing}"
        if message:
            typer.echo(printable(message), err=True)
            _drop_output()
        if status:
            raise typer.Exit(status)

    return run


def _drop_output() -> None:
    """Let go what could not be written, or Python would try again at the end, and complain."""
    with suppress(OSError, ValueError, AttributeError):
        sys.stdout.flush()
        return
    with suppress(OSError, ValueError, AttributeError):  # no standard output, or none with a descriptor
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
        os.close(null)
