"""Writers of what was tagged: each makes a piece of the output of a unit and its entities."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from ner.document import Document, ScoredSpan
from ner.errors import DataError
from ner.html import highlight
from ner.schemes import Span, to_tags
from ner.tagging.units import Columns, Unit

Spans = list[list[ScoredSpan]]
Writer = Callable[[Unit, Spans, str], str]

_UNFIT = re.compile(r"[\t\n\r ]")


def write_jsonl(unit: Unit, spans: Spans, scheme: str) -> str:
    """A line a document; a record's other keys come first."""
    others = unit.origin if isinstance(unit.origin, dict) else {}
    return "".join(_dump({**others, **document.to_dict()}) for document in unit.documents(spans))


def write_text(unit: Unit, spans: Spans, scheme: str) -> str:
    """The text with its entities in brackets, a line a document."""
    return "".join(f"{document}\n" for document in unit.documents(spans))


def write_html(unit: Unit, spans: Spans, scheme: str) -> str:
    """A block of HTML a document."""
    return "".join(f"{highlight(document)}\n" for document in unit.documents(spans) if document.text)


def write_columns(unit: Unit, spans: Spans, scheme: str) -> str:
    """Column files with one more column; anything else as token, tab, tag, and an empty line after each sentence."""
    tags = [
        to_tags([Span(*span[:3]) for span in found], len(tokens), scheme)
        for tokens, found in zip(unit.sentences, spans, strict=True)
    ]
    if isinstance(unit.origin, Columns):
        return _with_column(unit.origin, tags)
    pieces = []
    for tokens, row in zip(unit.sentences, tags, strict=True):
        for token in tokens:
            if _UNFIT.search(token):
                raise DataError(
                    f"the token {token!r} holds white space and cannot stand in a column.",
                    line=unit.line,
                    remedy="Write JSONL instead: --to jsonl.",
                )
        pieces += [f"{token}\t{tag}\n" for token, tag in zip(tokens, row, strict=True)]
        pieces.append("\n")
    return "".join(pieces)


def _with_column(columns: Columns, tags: list[list[str]]) -> str:
    lines, separator = columns.lines, columns.separator
    if columns.places is None:
        lines = [f"{line}{separator}{tag}" for line, tag in zip(lines, tags[0], strict=True)]
    else:
        lines = list(lines)
        for places, row in zip(columns.places, tags, strict=True):
            for place, tag in zip(places, row, strict=True):
                lines[place] = f"{lines[place]}{separator}{tag}"
    return columns.before + "\n".join(lines) + columns.after


def _dump(record: dict[str, object]) -> str:
    """A line of JSON; lone surrogates, which UTF-8 cannot hold, are escaped, and so is NaN, which JSON cannot."""
    line = json.dumps(record, ensure_ascii=False)
    try:
        line.encode()
    except UnicodeEncodeError:
        line = json.dumps(record)
    return line + "\n"


def document_line(document: Document) -> str:
    """A document as ``ner tag --to jsonl`` writes it."""
    return _dump(document.to_dict())
