"""Lists of words in a model folder: UTF-8 text, a word a line, for any word that Python can hold.

A character at which some program may break a line, that UTF-8 cannot carry, or that would read as an escape is
written as backslash, ``u`` and four hexadecimal digits; everything else stands for itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from ner.errors import ModelError

_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff\\\\]")
_ESCAPE = re.compile(r"\\(?:u([0-9a-f]{4}))?")


def write_words(path: Path, words: Iterable[str]) -> None:
    """Write a word a line. The inverse of `read_words`.

    Raises:
        OSError: the file cannot be written.
    """
    lines = "".join(f"{word}\n" for word in map(_escape, words))
    path.write_bytes(lines.encode())


def read_words(path: Path) -> list[str]:
    """Read what `write_words` wrote.

    Raises:
        ModelError: the file is missing, cut short, or no list of words.
    """
    try:
        text = path.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(f"{path}: cannot be read as a list of words: {error}") from None
    lines = text.split("\n")
    if lines.pop():
        raise ModelError(f"{path}: the last line is cut short. Copy the model again.")
    for number in _lines_with_escapes(text):
        try:
            lines[number] = _ESCAPE.sub(lambda match: chr(int(match[1], 16)), lines[number])
        except TypeError:  # a backslash that begins no escape
            raise ModelError(
                f"{path}:{number + 1}: expected backslash, u and four hexadecimal digits, found {lines[number]!r}"
            ) from None
    return lines


def _lines_with_escapes(text: str) -> Iterator[int]:
    """Their numbers from 0, found without a step in Python for each of the many other lines."""
    number = start = 0
    while (place := text.find("\\", start)) >= 0:
        number += text.count("\n", start, place)
        yield number
        start = text.find("\n", place)


def _escape(word: str) -> str:
    return word if word.isalnum() else _UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", word)
