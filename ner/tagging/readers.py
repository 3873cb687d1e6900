"""Readers of what is to be tagged, each a stream of units in the order of the file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ner.config import DataConfig
from ner.corpus.jsonl import TOKENS, given_offsets, parse_record
from ner.corpus.source import Source, lines, name_of
from ner.document import Offsets
from ner.errors import DataError
from ner.tagging.columns import read_columns
from ner.tagging.units import Unit
from ner.text import Tokenizer, segment

Reader = Callable[[Source, Tokenizer, DataConfig], Iterator[Unit]]


def read_text(source: Source, tokenizer: Tokenizer, data: DataConfig) -> Iterator[Unit]:
    """A unit a line; an empty line is an empty text."""
    name = name_of(source)
    for number, line in lines(source):
        yield _of_text(line, tokenizer, name, number)


def read_jsonl(source: Source, tokenizer: Tokenizer, data: DataConfig) -> Iterator[Unit]:
    """A unit a record: its ``tokens`` (or ``words``) are taken as they are, else its ``text`` is cut into tokens.

    Tokens may be strings, or offsets into the text, as ``ner tag --to jsonl`` writes them.

    Raises:
        DataError: a line that is no JSON object, or has neither, or has tokens that are not those of its text.
    """
    name = name_of(source)
    keys = TOKENS if data.tokens is None else (data.tokens,)
    for number, line in lines(source):
        if line and not line.isspace():
            unit = _of_record(parse_record(line, name, number), keys, tokenizer, name, number)
            unit.size = len(line)
            yield unit


def read_conll(source: Source, tokenizer: Tokenizer, data: DataConfig) -> Iterator[Unit]:
    """See `ner.tagging.columns.read_columns`."""
    return read_columns(source, data)


def _of_text(text: str, tokenizer: Tokenizer, name: str, line: int, origin: Any = None) -> Unit:
    return _of_offsets(text, segment(text, tokenizer), name, line, origin)


def _of_offsets(text: str, offsets: list[Offsets], name: str, line: int, origin: Any) -> Unit:
    tokens = [[text[start:end] for start, end in sentence] for sentence in offsets]
    return Unit(tokens, text, offsets, name, line, origin)


def _of_record(record: Mapping[str, Any], keys: Sequence[str], tokenizer: Tokenizer, name: str, line: int) -> Unit:
    key = next((one for one in keys if isinstance(record.get(one), list)), None)
    tokens: list[Any] = [] if key is None else record[key]
    text = record.get("text")
    others = {one: value for one, value in record.items() if one not in ("text", "tokens", "entities", key)}
    if isinstance(text, str):
        if key is None or not tokens:
            return _of_text(text, tokenizer, name, line, others)
        if isinstance(tokens[0], dict):
            given = [list(sentence) for sentence in given_offsets(record, key, text, name, line)]
        else:
            given = [_aligned(_strings(tokens, key, name, line), text, key, name, line)]
        return _of_offsets(text, given, name, line, others)
    if key is not None:
        return Unit([_strings(tokens, key, name, line)], name=name, line=line, origin=others)
    raise DataError(
        f"has the keys {', '.join(record) or 'none'}, and no text and no list of tokens among them.",
        name,
        line,
        f'Name the text "text", or the list of its words {" or ".join(f"{one!r}" for one in keys)}.',
    )


def _strings(tokens: list[Any], key: str, name: str, line: int) -> list[str]:
    for index, token in enumerate(tokens):
        if not isinstance(token, str):
            raise DataError(f"{key}[{index}] is {token!r:.60}, not a string.", name, line, "Mend the line.")
    return tokens


def _aligned(tokens: list[str], text: str, key: str, name: str, line: int) -> Offsets:
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
