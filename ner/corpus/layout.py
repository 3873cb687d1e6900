"""How a column file is laid out: separator, number of columns, and which of them are words, tags and ids."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from ner.errors import DataError
from ner.schemes import OUTSIDE, UNKNOWN, split_tag

DOCSTART = "-DOCSTART-"
COMMENT = "# "
NO_TAG = "is no tag: expected O, or one of B I E S L U M, a hyphen and a label"
_BLANKS = re.compile("[ \t]+")
_ID = re.compile(r"([0-9]+)([-.][0-9]+)?", re.ASCII)
_LABEL = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")
_SAMPLE = 200  # sentences looked at: enough to tell ids from words, few enough to cost nothing


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of a file, counted from 0.

    Attributes:
        name: of the file, for messages.
        separator: a tab, or a blank for runs of blanks and tabs.
        width: number of columns, as line ``line`` has it.
        word, tag: columns; ``tag`` is None where no tags are read.
        ids: the first column numbers the tokens, as in CoNLL-U.
        line: the first token line.
        shape: matches the lines of a sentence, joined by LF, in which every line has the columns.
    """

    name: str
    separator: str
    width: int
    word: int
    tag: int | None
    ids: bool
    line: int
    shape: re.Pattern[str]

    def fields(self, line: str) -> list[str]:
        """A line's columns."""
        return _fields(line, self.separator)

    def is_comment(self, line: str) -> bool:
        """Whether a line is a comment.

        It begins with ``# ``, and would not do as a token: it has another number of columns, or no tag where the tag
        should be. So ``# O`` is the word ``#`` in a file of words and tags. Where tokens are numbered, whatever
        begins with ``#`` is a comment; where words stand alone, whatever begins with ``# ``.
        """
        if self.ids:
            return line.startswith("#")
        if not line.startswith(COMMENT):
            return False
        fields = self.fields(line)
        return self.width == 1 or len(fields) != self.width or (self.tag is not None and not is_tag(fields[self.tag]))


@lru_cache(maxsize=65536)
def is_tag(text: str) -> bool:
    """Whether a text is a tag of any scheme, ``?`` for an unknown one, or alternatives such as ``B-PER|O``."""
    try:
        return all(part in (OUTSIDE, UNKNOWN) or bool(split_tag(part)) for part in text.split("|"))
    except ValueError:
        return False


def find_layout(
    lines: Sequence[str],
    first_line: int,
    name: str,
    *,
    certain: bool = False,
    separator: str = "auto",
    word_column: int | None = None,
    tag_column: int | None = None,
    tagged: bool = True,
) -> Layout | None:
    """The layout that the first lines of a file show, or None where none of them is a token.

    Args:
        lines: the beginning of the file, up to the end of a sentence.
        first_line: number of the first of them.
        name: the file, for messages.
        certain: go by lines that are surely tokens; otherwise, where there is none, by one that begins with ``#``.
        separator: ``tab``, ``blank``, or ``auto``: tab where the first token line has one.
        word_column, tag_column: counted from 0, negative from the end; None for the first and the last column, or the
            second and third where the first column numbers the tokens.
        tagged: whether tags are read; if not, all columns but the words are other columns.

    Raises:
        DataError: there are not as many columns as asked for, or words and tags are to be one column.
    """
    found = _first_token(lines, certain)
    if found is None:
        return None
    at = first_line + found
    first = lines[found]
    character = {"tab": "\t", "blank": " "}.get(separator) or ("\t" if "\t" in first else " ")
    width = len(_fields(first, character))
    ids = word_column in (None, 1, 1 - width) and width > (2 if tagged else 1) and _numbered(lines, character)
    word = _column("word_column", (1 if ids else 0) if word_column is None else word_column, width, name, at)
    tag = None
    if tagged and (width > 1 or tag_column is not None):
        tag = _column("tag_column", (2 if ids else -1) if tag_column is None else tag_column, width, name, at)
        if tag == word:
            raise DataError(
                f"column {word} of {width} (counted from 0) cannot hold both the words and the tags.",
                name,
                at,
                "Set data.word_column and data.tag_column to different columns.",
            )
    return Layout(name, character, width, word, tag, ids, at, _shape(character, width))


def wrong_tag(layout: Layout, columns: Sequence[Sequence[str]], text: str, line: int) -> DataError:
    """The error for a tag column that holds something else, naming a column that would do."""
    assert layout.tag is not None
    tags = columns[layout.tag]
    likely = [
        index
        for index, column in enumerate(columns)
        if index != layout.tag and all(is_tag(field) for field in column)
    ]
    if line == layout.line and len(tags) > 1 and all(map(is_tag, tags[1:])):
        remedy = f"Is it a header? Then take it out: sed {line}d FILE > NEW."
        if set(tags[1:]) == {OUTSIDE} and _LABEL.fullmatch(text):
            remedy += f" {_prefixes(layout)}"
    elif likely:
        remedy = f"Column {likely[-1]} looks like tags: set data.tag_column={likely[-1]}."
        if likely[-1] == layout.word:
            remedy += f" The words are then elsewhere: set data.word_column={layout.tag}, perhaps."
    elif OUTSIDE in tags and all(map(_LABEL.fullmatch, tags)):
        remedy = _prefixes(layout)
    else:
        remedy = "No other column of this sentence looks like tags. Mend the line, or set data.tag_column."
    found = f"'{text}'" if text else "nothing"
    return DataError(
        f"{found} in column {layout.tag} (counted from 0) {NO_TAG}.",
        layout.name,
        line,
        remedy,
    )


def _prefixes(layout: Layout) -> str:
    """How to make tags of bare labels. awk leaves lines alone that are no tokens, and drops the CR before an LF."""
    assert layout.tag is not None
    fields = "-F'\\t' -v OFS='\\t' " if layout.separator == "\t" else ""
    label = f"${layout.tag + 1}"
    return (
        "If these are labels without prefixes, put I- before each; equal ones in a row are then one entity: "
        f"""awk {fields}'{{ sub(/\\r$/, "") }} NF == {layout.width} && {label} != "O" """
        f"""{{ {label} = "I-" {label} }} 1' FILE > NEW."""
    )


def ragged(layout: Layout, fields: Sequence[str], line: int) -> DataError:
    """The error for a line with another number of columns than the file's first."""
    kind = "tabs" if layout.separator == "\t" else "blanks or tabs"
    other = "blank" if layout.separator == "\t" else "tab"
    return DataError(
        f"{len(fields)} column{'s' if len(fields) > 1 else ''}, but line {layout.line} has {layout.width}.",
        layout.name,
        line,
        f"Columns are separated by {kind} here. Mend the line, or try data.separator={other}.",
    )


def _fields(line: str, separator: str) -> list[str]:
    return line.split("\t") if separator == "\t" else _BLANKS.split(line.strip(" \t"))


def _shape(separator: str, width: int) -> re.Pattern[str]:
    field = r"[^\t\n]*" if separator == "\t" else r"[^ \t\n]+"
    line = separator.join([field] * width)
    return re.compile(rf"{line}(?:\n{line})*")


def _first_token(lines: Sequence[str], certain: bool) -> int | None:
    """The index of the first line that is surely a token, or else, if that will do, of the first that may be one."""
    possible = None
    for index, line in enumerate(lines):
        if not line.startswith("#"):
            if line.strip(" \t") and not line.startswith(DOCSTART):
                return index
        elif possible is None and ("\t" in line or not line.startswith(COMMENT)):
            possible = index
    return None if certain else possible


def _numbered(lines: Sequence[str], separator: str) -> bool:
    """Whether the first column counts 1, 2, 3 in each sentence, ranges (1-2) and empty nodes (1.1) passed over.

    A single token numbered 1 proves nothing, unless comments stand beside it.
    """
    expected, sentences, evidence = 1, 0, 0
    for line in lines:
        if sentences > _SAMPLE:
            break
        if not line.strip(" \t"):
            sentences += expected > 1
            expected = 1
        elif line.startswith("#"):
            evidence += 1
        elif not line.startswith(DOCSTART):
            match = _ID.fullmatch(_fields(line, separator)[0])
            if match is None or (match[2] is None and match[1] != str(expected)):
                return False
            expected += match[2] is None
            evidence += 1
    return evidence > 1 and (sentences > 0 or expected > 1)


def _column(key: str, column: int, width: int, name: str, line: int) -> int:
    if not -width <= column < width:
        raise DataError(
            f"there is no column {column}: the line has {width}, counted from 0.",
            name,
            line,
            f"Set data.{key}, or data.separator if the columns are cut in the wrong places.",
        )
    return column % width


def sample(text: str, size: int = 20000) -> list[str]:
    """The first lines of a text, enough to tell the layout from: up to the first token, and ``size`` more."""
    lines = text.split("\n")
    return lines[: (_first_token(lines, True) or 0) + size]
