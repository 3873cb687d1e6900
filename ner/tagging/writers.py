"""Writers of what was tagged: each makes a piece of the output of a unit and what was found in it."""

from __future__ import annotations

import datetime
import decimal
import json
import re
from collections.abc import Callable, Mapping
from functools import partial
from operator import add
from typing import Any

from ner.corpus.layout import DOCSTART
from ner.document import Document, ScoredSpan
from ner.errors import DataError
from ner.features.tags import TagSet
from ner.html import highlight
from ner.prediction import Explanation
from ner.schemes import Span, to_tags
from ner.tagging.details import add_alternatives, add_probabilities
from ner.tagging.options import TagOptions
from ner.tagging.own_keys import set_aside
from ner.tagging.units import Columns, Row, Tagged, Unit

Writer = Callable[[Unit, Tagged, TagOptions], str]

_OURS = frozenset(("text", "tokens", "entities"))
_UNFIT = re.compile(r"[\t\n\r ]")


def write_jsonl(unit: Unit, tagged: Tagged, options: TagOptions) -> str:
    """A line a document; a record's other keys come first, see `ner.tagging.own_keys`."""
    others = other_keys(unit)
    documents = unit.documents(tagged.spans)
    if tagged.explanations is None:
        return "".join(_plain_line(others, document, unit) for document in documents)
    lines, start = [], 0
    for document in documents:
        found = tagged.explanations[start : start + len(document.offsets)]
        start += len(document.offsets)
        record = document.to_dict()
        if options.probabilities:
            add_probabilities(record, found, tagged.tagset.tags)
        if options.n_best:
            add_alternatives(record, document, found)
        lines.append(f"{dump({**set_aside(others, record), **record}, unit)}\n")
    return "".join(lines)


def write_text(unit: Unit, tagged: Tagged, options: TagOptions) -> str:
    """The text with its entities in brackets, a line a document."""
    return "".join(f"{document}\n" for document in unit.documents(tagged.spans))


def write_html(unit: Unit, tagged: Tagged, options: TagOptions) -> str:
    """A block of HTML a document; an empty line where its text is empty."""
    return "".join(
        f"{highlight(document) if document.text else '<br>'}\n" for document in unit.documents(tagged.spans)
    )


def write_columns(unit: Unit, tagged: Tagged, options: TagOptions) -> str:
    """Column files with one more column; anything else as token, tab, tag, and an empty line after each sentence."""
    separator = unit.origin.separator if isinstance(unit.origin, Columns) else "\t"
    columns = [
        to_tags(_plain(found), len(tokens), options.tag_scheme)
        for tokens, found in zip(unit.sentences, tagged.spans, strict=True)
    ]
    if tagged.explanations is not None:
        for row, found, one in zip(columns, tagged.spans, tagged.explanations, strict=True):
            chances = _chances(found, one, tagged.tagset)
            row[:] = [f"{tag}{separator}{chance:.6f}" for tag, chance in zip(row, chances, strict=True)]
    if isinstance(unit.origin, Columns):
        return _with_column(unit.origin, columns, f"{separator}_" if tagged.explanations is not None else "")
    pieces = []
    for tokens, row in zip(unit.sentences, columns, strict=True):
        for token in tokens:
            if _UNFIT.search(token) or token == DOCSTART:
                raise DataError(
                    f"the token {token!r:.60} cannot stand in a column.",
                    unit.name,
                    unit.line,
                    "Write JSONL instead: --to jsonl.",
                )
        pieces += [f"{token}\t{tag}\n" for token, tag in zip(tokens, row, strict=True)]
        if tokens:
            pieces.append("\n")
    return "".join(pieces)


def _with_column(origin: Columns, columns: list[list[str]], no_chance: str) -> str:
    lines, separator = origin.lines, origin.separator
    if origin.plain and not no_chance:
        ((first, stop),) = ((places[0], places[-1] + 1) for places in origin.places)
        marks = [f"{separator}{tag}" for tag in columns[0]]
        return "\n".join([*lines[:first], *map(add, lines[first:stop], marks), *lines[stop:]])
    fields = {place: filler + no_chance for place, filler in origin.fillers.items()}
    for places, row in zip(origin.places, columns, strict=True):
        fields.update(zip(places, row, strict=True))
    for place, field in fields.items():
        line = lines[place]
        end = "\r" if line.endswith("\r") else ""
        lines[place] = f"{line.removesuffix(end)}{separator}{field}{end}"
    return "\n".join(lines)


def _chances(spans: list[ScoredSpan], explanation: Explanation, tagset: TagSet) -> list[float]:
    """The probability of the model's own tag at every token."""
    tags = to_tags(_plain(spans), len(explanation.marginals), tagset.scheme)
    return [row[tagset.number(tag)] for row, tag in zip(explanation.marginals.tolist(), tags, strict=True)]


def _plain(spans: list[ScoredSpan]) -> list[Span]:
    return [Span(label, start, end) for label, start, end, _ in spans]


def other_keys(unit: Unit) -> dict[str, Any]:
    """What came with the words of a unit, by its name."""
    if isinstance(unit.origin, Row):
        return unit.origin.rows.others[unit.origin.index] if unit.origin.index >= 0 else {}
    return unit.origin if isinstance(unit.origin, dict) else {}


def _plain_line(others: Mapping[str, Any], document: Document, unit: Unit) -> str:
    """The line of a record of which nothing but the entities is told."""
    line = document.to_json()
    if not _OURS.isdisjoint(others):
        others = set_aside(others, document.to_dict())
    if others:
        line = f"{json.dumps(dict(others), ensure_ascii=False, default=partial(_in_json, unit))[:-1]}, {line[1:]}"
    return f"{line if _is_utf8(line) else dump({**others, **document.to_dict()}, unit)}\n"


def dump(record: dict[str, Any], unit: Unit) -> str:
    """A record as JSON; where it holds lone surrogates, which UTF-8 cannot, everything beyond ASCII is escaped."""
    plain = partial(_in_json, unit)
    line = json.dumps(record, ensure_ascii=False, default=plain)
    return line if _is_utf8(line) else json.dumps(record, default=plain)


def _in_json(unit: Unit, value: object) -> str:
    """What tables hold and JSON does not: dates and decimal numbers as text."""
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        return str(value)
    raise DataError(
        f"a column holds {type(value).__name__}, which JSON does not have.",
        unit.name,
        unit.line,
        "Write a table, as it was read: --to parquet, --to dataset.",
    )


def _is_utf8(line: str) -> bool:
    try:
        line.encode()
    except UnicodeEncodeError:
        return False
    return True
