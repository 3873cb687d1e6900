"""Options that take several numbers, separated by commas."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from ner.errors import ConfigError

Number = TypeVar("Number", int, float)


def numbers(text: str, kind: Callable[[str], Number], option: str, example: str) -> list[Number]:
    """The numbers of an option.

    Raises:
        ConfigError: anything else.
    """
    try:
        return [kind(part) for part in text.split(",")]
    except ValueError:
        raise ConfigError(f"{option} {text}: expected numbers separated by commas, such as {example}") from None
