"""The objects of a JSON file that holds them in an array, or one behind the other, each with its line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from ner.corpus.source import Source, name_of, whole_text
from ner.errors import DataError

_BLANK = re.compile(r"[ \t\r\n]*")
_BETWEEN = re.compile(r"[ \t\r\n]*(,[ \t\r\n]*)?")


def objects(source: Source) -> Iterator[tuple[int, dict[str, Any]]]:
    """The 1-based line where each object begins, and the object; all of the file's text is in memory.

    Raises:
        DataError: the source cannot be read, is no such JSON, or holds something else than objects.
    """
    name, text = name_of(source), whole_text(source)
    decode = json.JSONDecoder().raw_decode
    position = _BLANK.match(text, 0).end()  # type: ignore[union-attr]
    is_array = text.startswith("[", position)
    position = _BLANK.match(text, position + is_array).end()  # type: ignore[union-attr]
    line, counted = 1, 0
    while position < len(text) and not (is_array and text[position] == "]"):
        line, counted = line + text.count("\n", counted, position), position
        try:
            value, end = decode(text, position)
        except json.JSONDecodeError as error:
            raise DataError(f"is no JSON: {error.msg}.", name, error.lineno, "Was the file cut short?") from None
        except RecursionError:
            raise DataError("is nested too deeply.", name, line, "Is it the right file?") from None
        if not isinstance(value, dict):
            raise DataError(f"holds {text[position:end]!r:.60}, no object.", name, line, "Is it the right file?")
        yield line, value
        position = _BETWEEN.match(text, end).end()  # type: ignore[union-attr]
    if is_array and _BLANK.sub("", text[position:]) != "]":
        raise DataError("the array does not end where the file does.", name, line, "Was the file cut short?")
