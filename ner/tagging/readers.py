"""Readers of what is to be tagged, each a stream of units in the order of the file."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from ner.corpus.columns import whole_sentences
from ner.corpus.layout import DOCSTART, Layout, find_layout, is_tag, sample
from ner.corpus.source import Source, lines, name_of, text_blocks
from ner.errors import DataError
from ner.tagging.units import Columns, Unit
from ner.text import Tokenizer, segment

Reader = Callable[[Source, Tokenizer], Iterator[Unit]]


def read_text(source: Source, tokenizer: Tokenizer) -> Iterator[Unit]:
    """A unit a line; an empty line is an empty text."""
    for number, line in lines(source):
        yield _of_text(line, tokenizer, number)


def read_jsonl(source: Source, tokenizer: Tokenizer) -> Iterator[Unit]:
    """A unit a record, whose ``tokens`` (or ``words``) are taken as they are, or else its ``text``.

    Raises:
        DataError: a line that is no JSON object, or has neither.
    """
    for number, line in lines(source):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise DataError(f"not JSON: {error}.", name_of(source), number, "Write one JSON object a line.") from None
        yield _of_record(record, tokenizer, name_of(source), number)


def read_columns(source: Source, tokenizer: Tokenizer) -> Iterator[Unit]:
    """A unit for each stretch between empty lines; comments and document marks are passed through.

    Raises:
        DataError: a line has another number of columns than the first token line.
    """
    layout: Layout | None = None
    for first, text in whole_sentences(text_blocks(source)):
        if layout is None:
            layout = _layout(text, first, name_of(source))
        number = first
        *chunks, rest = text.split("\n\n")
        for chunk in chunks:
            yield _of_columns(chunk, "\n\n", number, layout, name_of(source))
            number += chunk.count("\n") + 2
        if rest:
            yield _of_columns(rest, "", number, layout, name_of(source))


def _of_text(text: str, tokenizer: Tokenizer, line: int, origin: Any = None) -> Unit:
    offsets = segment(text, tokenizer)
    return Unit([[text[start:end] for start, end in sentence] for sentence in offsets], text, offsets, line, origin)


def _of_record(record: Any, tokenizer: Tokenizer, name: str, line: int) -> Unit:
    if not isinstance(record, dict):
        raise DataError("not a JSON object.", name, line, 'Write {"text": "..."} or {"tokens": [...]}.')
    tokens = record.get("tokens", record.get("words"))
    text = record.get("text")
    others = {key: value for key, value in record.items() if key not in ("text", "tokens", "words", "entities")}
    if isinstance(tokens, list) and all(isinstance(token, str) and token for token in tokens):
        return Unit([tokens], line=line, origin=others)
    if isinstance(text, str):
        return _of_text(text, tokenizer, line, others)
    raise DataError(
        f"no text and no tokens among the keys {', '.join(map(repr, record)) or '(none)'}.",
        name,
        line,
        'Name the text "text", or the list of its words "tokens".',
    )


def _layout(text: str, line: int, name: str) -> Layout | None:
    """Words and, if the last column holds tags, these too, so that a comment is told from a token."""
    found = find_layout(sample(text), line, name)
    if found is None or found.tag is None:
        return found
    rows = [found.fields(row) for row in sample(text) if row.strip(" \t") and not row.startswith("#")]
    if all(is_tag(row[found.tag]) for row in rows if len(row) == found.width):
        return found
    return find_layout(sample(text), line, name, tagged=False)


def _of_columns(chunk: str, end: str, line: int, layout: Layout | None, name: str) -> Unit:
    body = chunk.strip("\n")
    before, after = chunk[: len(chunk) - len(chunk.lstrip("\n"))], end
    if body:
        after = chunk[len(before) + len(body) :] + end
    rows = body.split("\n") if body else []
    line += len(before)
    if layout is None or not rows:
        return Unit([], line=line, origin=Columns(before, rows, after, "\t", []))
    columns = Columns(before, rows, after, layout.separator)
    if "#" not in body and DOCSTART not in body and not layout.ids and layout.shape.fullmatch(body):
        fields = body.replace("\n", layout.separator).split(layout.separator)
        return Unit([fields[layout.word :: layout.width]], line=line, origin=columns)
    sentences, columns.places = _careful(rows, line, layout)
    return Unit(sentences, line=line, origin=columns)


def _careful(rows: list[str], line: int, layout: Layout) -> tuple[list[list[str]], list[list[int]]]:
    """Words of every sentence, and the rows in which they stand."""
    sentences: list[list[str]] = [[]]
    places: list[list[int]] = [[]]
    for number, row in enumerate(rows):
        if layout.is_comment(row):
            continue
        fields = layout.fields(row)
        if row.startswith(DOCSTART) or (layout.word < len(fields) and fields[layout.word] == DOCSTART):
            sentences.append([])
            places.append([])
            continue
        if len(fields) != layout.width:
            raise DataError(
                f"{len(fields)} column{'s' if len(fields) > 1 else ''}, but line {layout.line} has {layout.width}.",
                layout.name,
                line + number,
                "Every token line needs the same columns: mend the line.",
            )
        if layout.ids and not fields[0].isdecimal():
            continue
        sentences[-1].append(fields[layout.word])
        places[-1].append(number)
    return sentences, places
