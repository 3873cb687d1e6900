"""Lists the errors of the package that no row of docs/messages.md shows: file, line, and what is raised.

python scripts/unprovoked.py
"""

from __future__ import annotations

import ast
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from document_messages import render

from ner import errors

ROOT = Path(errors.__file__).parent
KINDS = {name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, errors.NerError)}


def unprovoked() -> tuple[str, list[str]]:
    """The page, and the places whose error nothing in it provokes."""
    with tempfile.NamedTemporaryFile() as file:
        record_into(file.fileno())
        page = render()
        made = {(path, int(line)) for path, line in map(str.split, Path(file.name).read_text().splitlines())}
    return page, [
        f"{path.relative_to(ROOT.parent)}:{node.lineno} {ast.unparse(node)[:100]}"
        for path, node in errors_in_source()
        if not any((str(path), line) in made for line in range(node.lineno, (node.end_lineno or node.lineno) + 1))
    ]


def record_into(descriptor: int) -> None:
    """From now on write where an error is made, in processes that are forked off, too."""

    def new(kind: type[errors.NerError], *arguments: Any, **options: Any) -> errors.NerError:
        frame = sys._getframe(1)
        os.write(descriptor, f"{frame.f_code.co_filename} {frame.f_lineno}\n".encode())
        return Exception.__new__(kind, *arguments)

    errors.NerError.__new__ = new  # type: ignore[method-assign,assignment]


def errors_in_source() -> Iterator[tuple[Path, ast.Call]]:
    """Every place where the package makes an error of its own."""
    for path in sorted(ROOT.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in KINDS:
                yield path, node


if __name__ == "__main__":
    missing = unprovoked()[1]
    print("\n".join([*missing, f"{len(missing)} of {len(list(errors_in_source()))}"]))
