"""Readers of what is to be tagged, each a stream of units in the order of the file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ner.config import DataConfig
from ner.corpus.jsonl import DOCUMENT, TEXT, TOKENS, DocumentCount, as_strings, given_offsets, parse_record
from ner.corpus.source import Source, name_of, stretch_lines
from ner.document import Offsets
from ner.errors import DataError
from ner.tagging.columns import read_columns
from ner.tagging.doubts import TextDoubts
from ner.tagging.units import Unit
from ner.text import Tokenizer, segment

_PLACE = {"text", "start", "end"}  # of a token
Reader = Callable[[Source, Tokenizer, DataConfig, Sequence[str]], Iterator[Unit]]
"""Takes the source, what cuts texts, how the file is read, and the columns that the model reads beside the words."""


def read_text(source: Source, tokenizer: Tokenizer, data: DataConfig, columns: Sequence[str] = ()) -> Iterator[Unit]:
    """A unit a line; an empty line is an empty text."""
    name = name_of(source)
    doubts = None if getattr(source, "first_byte", 0) else TextDoubts(name)
    for number, line, begins in stretch_lines(source):
        if doubts is not None:
            doubts.look(number, line)
        unit = of_text(line, tokenizer, name, number)
        unit.begins = begins
        unit.document_of = [number] * len(unit.sentences)
        yield unit


def read_jsonl(source: Source, tokenizer: Tokenizer, data: DataConfig, columns: Sequence[str] = ()) -> Iterator[Unit]:
    """A unit a record: its ``tokens`` (or ``words``) are taken as they are, else its ``text`` is cut into tokens.

    Tokens may be strings, or offsets into the text, as ``ner tag --to jsonl`` writes them.

    Raises:
        DataError: a line that is no JSON object, or has neither, or has tokens that are not those of its text, or has
            not the columns that the model reads.
    """
    name = name_of(source)
    keys = TOKENS if data.tokens is None else (data.tokens,)
    documents, begins = DocumentCount(), False
    for number, line, first in stretch_lines(source):
        begins = begins or first
        if line and not line.isspace():
            record = parse_record(line, name, number)
            unit = _of_record(record, keys, data.text or TEXT, tokenizer, name, number)
            unit.size, unit.begins, begins = len(line), begins, False
            is_text = unit.text is not None and not any(_are_strings(record.get(key)) for key in keys)
            place(unit, record, is_text, documents, columns)
            yield unit


def place(
    unit: Unit, record: Mapping[str, Any], is_text: bool, documents: DocumentCount, columns: Sequence[str]
) -> None:
    """Say of a unit which document it belongs to, and what the model reads beside its words.

    Args:
        unit: of the record; changed in place.
        record: with ``document``, where it has one, and the columns.
        is_text: it is a document by itself where it names none.
        documents: counts those of the file.
        columns: that the model reads.

    Raises:
        DataError: a column is not there, or of another length than the tokens.
    """
    unit.document_of = [documents.number(record, is_text)] * len(unit.sentences)
    unit.is_closed = is_text and DOCUMENT not in record
    if columns:
        unit.columns = _columns(record, columns, unit)


def read_conll(source: Source, tokenizer: Tokenizer, data: DataConfig, columns: Sequence[str] = ()) -> Iterator[Unit]:
    """See `ner.tagging.columns.read_columns`."""
    return read_columns(source, data, columns)


def _are_strings(tokens: Any) -> bool:
    return isinstance(tokens, list) and bool(tokens) and isinstance(tokens[0], str)


def _columns(record: Mapping[str, Any], names: Sequence[str], unit: Unit) -> list[list[list[str]]]:
    """The columns of each sentence of a unit."""
    total = sum(map(len, unit.sentences))
    for name in names:
        values = record.get(name)
        if not isinstance(values, list) or len(values) != total:
            found = f"{len(values)} values" if isinstance(values, list) else "no list"
            raise DataError(
                f"{name} has {found}, and there are {total} tokens; the model reads it beside the words.",
                unit.name,
                unit.line,
                f"Give tokens and {name} as lists of the same length.",
            )
    rows: list[list[list[str]]] = []
    start = 0
    for sentence in unit.sentences:
        stop = start + len(sentence)
        rows.append([as_strings(record[name][start:stop]) for name in names])
        start = stop
    return rows


def of_text(text: str, tokenizer: Tokenizer, name: str, line: int, origin: Any = None) -> Unit:
    """The unit of a text that is still to be cut."""
    return of_offsets(text, segment(text, tokenizer), name, line, origin)


def of_offsets(text: str, offsets: list[Offsets], name: str, line: int, origin: Any) -> Unit:
    """A unit of a text whose tokens are known, sentence by sentence."""
    tokens = [[text[start:end] for start, end in sentence] for sentence in offsets]
    return Unit(tokens, text, offsets, name, line, origin)


def _of_record(
    record: Mapping[str, Any], keys: Sequence[str], text_key: str, tokenizer: Tokenizer, name: str, line: int
) -> Unit:
    key = next((one for one in keys if isinstance(record.get(one), list)), None)
    tokens: list[Any] = [] if key is None else record[key]
    text = record.get(text_key)
    others = {one: value for one, value in record.items() if value is not None or one not in (*keys, text_key)}
    if isinstance(text, str):
        del others[text_key]
    if key is not None and not any(isinstance(token, dict) and not _PLACE.issuperset(token) for token in tokens):
        del others[key]  # all of it comes back
    if isinstance(text, str):
        if key is None or not tokens:
            return of_text(text, tokenizer, name, line, others)
        if isinstance(tokens[0], dict):
            given = [list(sentence) for sentence in given_offsets(record, key, text, name, line)]
        else:
            given = [aligned(_strings(tokens, key, name, line), text, key, name, line)]
        return of_offsets(text, given, name, line, others)
    if key is not None:
        return Unit([_strings(tokens, key, name, line)], name=name, line=line, origin=others)
    raise DataError(
        f"has the keys {', '.join(record) or 'none'}, and no text and no list of tokens among them.",
        name,
        line,
        f'Name the text "{text_key}", or the list of its words {" or ".join(f"{one!r}" for one in keys)}.',
    )


def _strings(tokens: list[Any], key: str, name: str, line: int) -> list[str]:
    for index, token in enumerate(tokens):
        if not isinstance(token, str):
            raise DataError(f"{key}[{index}] is {token!r:.60}, not a string.", name, line, "Mend the line.")
    return tokens


def aligned(tokens: list[str], text: str, key: str, name: str, line: int) -> Offsets:
    """Where tokens stand in a text that has nothing but white space between them."""
    offsets, end = [], 0
    for index, token in enumerate(tokens):
        start = text.find(token, end)
        if start < 0 or text[end:start].strip():
            raise DataError(
                f"{key}[{index}] is {token!r:.60}, but the text goes on with {text[end:].lstrip()!r:.60}.",
                name,
                line,
                f"Leave out the text, or {key} to have the text cut into tokens.",
            )
        end = start + len(token)
        offsets.append((start, end))
    if text[end:].strip():
        raise DataError(
            f"{key} end before {text[end:].lstrip()!r:.60}.",
            name,
            line,
            f"Leave out the text, or {key} to have the text cut into tokens.",
        )
    return offsets
