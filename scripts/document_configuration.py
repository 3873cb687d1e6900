"""Writes docs/configuration.md: every key with its default, as the docstrings of `ner.config` explain it.

python scripts/document_configuration.py
"""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path

from ner.config import Config, Section

HEAD = """\
# Configuration

Every key of a configuration file, with its default. On the command line: `ner train CONFIG.yaml section.key=value`.
Paths are relative to the folder that you call from. A key that does not exist, a value of the wrong kind and an
impossible combination are errors, all of them in one message.

This page is written by `python scripts/document_configuration.py` from `ner/config/`.
"""
TARGET = Path(__file__).parent.parent / "docs" / "configuration.md"


def render() -> str:
    """The page."""
    return HEAD + "".join(_section(Config, "", "The whole"))


def _section(section: type[Section], prefix: str, title: str) -> list[str]:
    about = _attributes(section)
    first = inspect.cleandoc(section.__doc__ or "").split("\n\n")[0].replace("\n", " ")
    rows, below = [], []
    for key, field in section.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, Section):
            below += _section(kind, f"{prefix}{key}.", f"`{prefix}{key}`")
        else:
            default = json.dumps(field.default)
            rows.append(f"| `{prefix}{key}` | `{default}` | {about[key]} |\n")
    table = ["\n| key | default | what it is |\n|---|---|---|\n", *rows] if rows else []
    return [f"\n## {title}\n\n{first}\n" if prefix else "", *table, *below]


def _attributes(section: type[Section]) -> dict[str, str]:
    """The entries under ``Attributes:`` of a docstring; one entry may explain several keys."""
    text = inspect.cleandoc(section.__doc__ or "")
    entries = re.findall(r"^    (\w[\w, ]*): (.*(?:\n        .*)*)", text.partition("Attributes:")[2], re.MULTILINE)
    found = {}
    for names, explanation in entries:
        for name in names.split(", "):
            found[name] = re.sub(r"\s+", " ", explanation).replace("``", "`").replace("|", "\\|")
    return found


if __name__ == "__main__":
    TARGET.write_text(render(), encoding="utf-8")
