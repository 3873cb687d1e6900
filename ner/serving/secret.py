"""The token, from a file: on a command line every user of the machine could read it."""

from __future__ import annotations

from pathlib import Path

from ner.errors import ConfigError


def read_token(path: Path) -> str:
    """The token in a file, without the blanks and line ends around it.

    Raises:
        ConfigError: the file cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(f"--token-file {path}: cannot be read: {reason}") from None
