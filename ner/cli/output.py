"""What a command writes beside what it prints."""

from __future__ import annotations

import json
import os
from typing import Any


def write_json(value: Any, target: str | os.PathLike[str]) -> None:
    """Write a value as indented JSON, whole or not at all; ``-`` is standard output.

    Raises:
        DataError: the file cannot be written.
    """
    from ner.corpus.atomic import replacing

    with replacing(target) as stream:
        stream.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")
