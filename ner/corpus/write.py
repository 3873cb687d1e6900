"""Sentences to files: columns, JSONL and brat. A file is whole under its name, or not there."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

from ner.corpus.atomic import replacing
from ner.corpus.jsonl import DOCUMENT, SENTENCES
from ner.corpus.layout import DOCSTART
from ner.corpus.rebuild import OFFSETS, texts
from ner.corpus.sentence import Sentence
from ner.errors import DataError

Target = str | os.PathLike[str]
_POSITION = re.compile("[0-9]{1,4}", re.ASCII)


def write_columns(
    sentences: Iterable[Sentence],
    target: Target,
    *,
    word_column: int | None = None,
    tag_column: int | None = None,
    separator: str = "\t",
) -> None:
    """Write a column file: an empty line after each sentence, ``-DOCSTART-`` between documents.

    Columns that are named by their position stand there again; the word takes the first place left, columns with
    names of their own follow, and the tag takes the last. Offsets in a text are left out.

    Args:
        sentences: all with the same columns.
        target: a path, ``.gz`` to pack it; ``-`` is standard output.
        word_column, tag_column: where word and tag go, counted from 0 and negative from the end.
        separator: of the columns; a blank only where no field holds one.

    Raises:
        DataError: a word or another field that a column file cannot hold, or sentences with different columns; the
            target is then as it was.
    """
    with replacing(target) as stream:
        document = width = None
        for sentence in sentences:
            if not sentence.tokens:
                continue
            order = _order(sentence, word_column, tag_column)
            if width is not None and len(order) != width:
                raise DataError(
                    f"{len(order)} columns, but the sentences before have {width}.",
                    target,
                    remedy="A column file has the same columns throughout: leave some out, or write JSONL.",
                )
            rows = list(zip(*order, strict=True))
            body = "\n".join(map(separator.join, rows))
            if _is_suspicious(body, sentence, len(order), separator):
                _check_fields(sentence, rows, target)
            if width is None and body.startswith("\ufeff"):
                stream.write("\ufeff")  # readers take the first one for a byte order mark
            if document is not None and document != sentence.document:
                stream.write(separator.join([DOCSTART, *["O"] * (len(order) - 1)]) + "\n\n")
            stream.write(body + "\n\n")
            width, document = len(order), sentence.document


def write_predictions(
    tokens: Sequence[list[str]], gold: Sequence[list[str]], predicted: Sequence[list[str]], target: Target
) -> None:
    """Write token, gold tag and predicted tag as columns.

    A blank separates them, which is all that conlleval takes without its option ``-d``; a tab, where a word or a
    label has a blank in it, or nothing.

    Raises:
        DataError: a token that a column file cannot hold; the target is then as it was.
    """
    fields = chain.from_iterable(chain(tokens, gold, predicted))
    rows = zip(tokens, gold, predicted, strict=True)
    write_columns(
        (Sentence(words, found, columns={"gold": known}) for words, known, found in rows),
        target,
        separator="\t" if any(" " in field or not field for field in fields) else " ",
    )


def write_jsonl(sentences: Iterable[Sentence], target: Target) -> None:
    """Write JSONL with ``tokens`` and ``tags``, the number of the ``document``, and other columns by name.

    Args:
        sentences: any; a column named by its position keeps that name.
        target: a path, ``.gz`` to pack it; ``-`` is standard output.

    Raises:
        DataError: the file cannot be written; the target is then as it was.
    """
    with replacing(target) as stream:
        for sentence in sentences:
            record: dict[str, Any] = {"tokens": sentence.tokens}
            if sentence.tags is not None:
                record["tags"] = sentence.tags
            others = {
                key: column for key, column in sentence.columns.items() if key not in {*OFFSETS, *record, DOCUMENT}
            }
            stream.write(to_json({**record, DOCUMENT: sentence.document, **others}) + "\n")


def write_spans(sentences: Iterable[Sentence], target: Target) -> None:
    """Write JSONL with ``text``, ``tokens`` and ``entities`` by character offset, as ``ner tag --to jsonl`` does.

    Sentences that come from a text are put back where they were, all of a text in one line; others are a line each,
    their tokens joined by blanks. ``sentences`` holds the number of tokens of each sentence.

    Args:
        sentences: with tags in any scheme, none of them partial.
        target: a path, ``.gz`` to pack it; ``-`` is standard output.

    Raises:
        DataError: partial tags, which offsets cannot say, or an unwritable file; the target is then as it was.
    """
    with replacing(target) as stream:
        for text in texts(sentences, target, whole_documents=False):
            record: dict[str, Any] = {
                "text": text.text,
                "tokens": [{"text": text.text[start:end], "start": start, "end": end} for start, end in text.tokens],
            }
            if text.entities is not None:
                record["entities"] = [
                    {"text": text.text[start:end], "label": label, "start": start, "end": end}
                    for label, start, end in text.entities
                ]
            stream.write(to_json({**record, SENTENCES: text.sizes, DOCUMENT: text.document}) + "\n")


def to_json(record: dict[str, Any]) -> str:
    """A record as one line of JSON, readable in any script; half surrogate pairs, which UTF-8 lacks, are escaped."""
    line = json.dumps(record, ensure_ascii=False)
    try:
        line.encode()
    except UnicodeEncodeError:
        return json.dumps(record)
    return line


def _order(sentence: Sentence, word_column: int | None, tag_column: int | None) -> list[list[str]]:
    """The columns of a sentence as a file has them, from left to right."""
    wishes = [(word_column, sentence.tokens)]
    for key, column in sentence.columns.items():
        if key not in OFFSETS:
            wishes.append((int(key) if _POSITION.fullmatch(key) else None, column))
    if sentence.tags is not None:
        wishes.append((tag_column, sentence.tags))
    width = len(wishes)
    places: dict[int, list[str]] = {}
    rest = []
    for position, column in wishes:
        if position is None or not -width <= position < width or position % width in places:
            rest.append(column)
        else:
            places[position % width] = column
    left = iter(rest)
    return [places[position] if position in places else next(left) for position in range(width)]


def _is_suspicious(body: str, sentence: Sentence, width: int, separator: str) -> bool:
    """Whether lines may be read otherwise than they are meant; quick, and True rather once too often."""
    length = len(sentence.tokens)
    return (
        body.count("\n") != length - 1
        or body.count(separator) != length * (width - 1)
        or "\r" in body
        or DOCSTART in body
        or sentence.tags is None  # a tag is never empty, so no tagged line is
        or not all(sentence.tags)
    )


def _check_fields(sentence: Sentence, rows: Sequence[Sequence[str]], target: Target) -> None:
    for index, row in enumerate(rows):
        fault = None
        first = row[0]
        if any("\t" in field or "\n" in field for field in row):
            fault = "holds a tab or a line end"
        elif row[-1].endswith("\r"):
            fault = "ends in a carriage return"
        elif DOCSTART in (first.partition(" ")[0], sentence.tokens[index]):
            fault = f"is {DOCSTART}, the sign of a new document"
        elif not "".join(row).strip(" "):
            fault = "has nothing but blanks, the sign of a new sentence"
        elif len(row) == 1 and " " in first:
            fault = "holds a blank, and there is no other column to show that the separator is a tab"
        if fault is not None:
            raise DataError(
                f"the line {' | '.join(row)!r:.80} of the sentence from line {sentence.line} {fault}: a column file"
                " cannot say that.",
                target,
                remedy="Write JSONL instead, which can.",
            )
