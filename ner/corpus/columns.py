"""Column files: one token a line, an empty line after each sentence; CoNLL-2003 and its many relatives.

Columns are separated by a tab, or by runs of blanks and tabs; no other white space separates, so a word may hold a
no-break space. In tab files a word may hold blanks and may be empty. A line of nothing but blanks and tabs ends the
sentence. ``-DOCSTART-`` as the first column or the word, and the comment ``# newdoc``, begin a document. Where the
first column numbers the tokens, as in CoNLL-U, multiword ranges (``1-2``) and empty nodes (``1.1``) are left out: the
words between them bear the tags.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

from ner.config import DataConfig
from ner.corpus.layout import COMMENT, DOCSTART, Layout, find_layout, is_tag, ragged, sample, wrong_tag
from ner.corpus.sentence import Sentence
from ner.corpus.source import Source, name_of, text_blocks

_DEFAULT = DataConfig()
_BLANK_LINE = re.compile(r"^[ \t]+$", re.MULTILINE)
_NEWDOC = re.compile(r"# newdoc(?= |$)")


def read_columns(source: Source, data: DataConfig = _DEFAULT, *, tagged: bool = True) -> Iterator[Sentence]:
    """Read sentences one after the other, holding about a megabyte of the file at a time.

    Args:
        source: a path, ``-`` for standard input, or a binary stream; gzip is unpacked.
        data: separator, and columns of words and tags, where these are not to be found out.
        tagged: False to read words alone; every other column is then kept as such.

    Yields:
        Sentences with the tags as the file has them, None where it has one column or ``tagged`` is False. Other
        columns are named by their position, ``"1"``.

    Raises:
        DataError: the file cannot be read or decoded; a line has another number of columns than the first; there
            is no such column; or the tag column holds what is no tag, and then which column does look like tags.
    """
    find = partial(
        find_layout,
        name=name_of(source),
        separator=data.separator,
        word_column=data.word_column,
        tag_column=data.tag_column,
        tagged=tagged,
    )
    known: set[str] = set()
    document, fresh = 0, True  # fresh: the document has no sentence yet, so that boundaries in a row count once
    for line, text, layout in laid_out(whole_sentences(text_blocks(source)), find):
        if layout is None:  # nothing but comments
            return
        marker = "#" if layout.ids else COMMENT
        for chunk in text.split("\n\n"):
            body = chunk.strip("\n")
            first = line + len(chunk) - len(chunk.lstrip("\n"))
            line += chunk.count("\n") + 2
            if not body:
                continue
            if marker not in body and DOCSTART not in body and (columns := _columns(body, layout)):
                yield _sentence(columns, range(first, first + len(columns[0])), document, layout, known)
                fresh = False
                continue
            for numbers, part, boundary in _parts(body.split("\n"), first, layout):
                if boundary and not fresh:
                    document, fresh = document + 1, True
                columns = _columns("\n".join(part), layout) if part else []
                if columns is None:
                    columns, numbers = _careful(part, numbers, layout)
                if columns:
                    yield _sentence(columns, numbers, document, layout, known)
                    fresh = False


def laid_out(
    pieces: Iterable[tuple[int, str]], find: Callable[..., Layout | None]
) -> Iterator[tuple[int, str, Layout | None]]:
    """The text as `whole_sentences` cuts it, from where the layout is known; at the end without one, if it never is.

    What looks like a comment before that is held back: ``# O`` is one only if it does not fit the layout.

    Args:
        pieces: of the text, with the numbers of their first lines.
        find: as `find_layout`, of which it takes the first two arguments and ``certain``.
    """
    layout: Layout | None = None
    held: list[str] = []
    begin = 1
    for line, text in pieces:
        if layout is None:
            begin = begin if held else line
            layout = find(sample(text), line, certain=True)
            held.append(text)
            if layout is None:
                continue
            if len(held) > 1:
                line, text = begin, "".join(held)
                layout = find(sample(text), line, certain=True) or layout
        yield line, text, layout
    if layout is None and held:
        text = "".join(held)
        yield begin, text, find(sample(text), begin)


def whole_sentences(blocks: Iterable[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """The text of a column file in pieces that end where a sentence does, each with the number of its first line.

    Lines of nothing but blanks and tabs are empty in it, so that two LFs in a row separate sentences.

    Args:
        blocks: as `ner.corpus.source.text_blocks` gives them.
    """
    start = 1
    parts: list[str] = []
    for line, text in blocks:
        if text.startswith((" ", "\t")) or "\n " in text or "\n\t" in text:
            text = _BLANK_LINE.sub("", text)
        if not parts:
            start = line
        cut = text.rfind("\n\n") + 2
        if cut < 2 and not (parts and text.startswith("\n")):
            parts.append(text)  # joined only once its end is seen: a sentence may be as long as the file
            continue
        cut = max(cut, 1)
        yield start, "".join([*parts, text[:cut]])
        start, parts = line + text.count("\n", 0, cut), [text[cut:]] if cut < len(text) else []
    if parts:
        yield start, "".join(parts)


def _parts(lines: Sequence[str], first: int, layout: Layout) -> Iterator[tuple[list[int], list[str], bool]]:
    """Token lines and their numbers between document boundaries, and whether a boundary stands before them."""
    numbers: list[int] = []
    part: list[str] = []
    boundary = False
    for number, line in enumerate(lines, first):
        if line[0] != "#" and DOCSTART not in line:  # nearly every line
            numbers.append(number)
            part.append(line)
        elif begins_document(line, layout):
            yield numbers, part, boundary
            numbers, part, boundary = [], [], True
        elif not layout.is_comment(line):
            numbers.append(number)
            part.append(line)
    yield numbers, part, boundary


def begins_document(line: str, layout: Layout) -> bool:
    """Whether a line is ``-DOCSTART-``, with or without further columns, or the comment ``# newdoc``."""
    if line.startswith(DOCSTART):
        return line[len(DOCSTART) :][:1] in ("", " ", "\t")
    if line.startswith(COMMENT):
        return _NEWDOC.match(line) is not None and (layout.separator == " " or layout.is_comment(line))
    if DOCSTART not in line:
        return False
    fields = layout.fields(line)
    return len(fields) == layout.width and fields[layout.word] == DOCSTART


def _columns(body: str, layout: Layout) -> list[list[str]] | None:
    """The columns of token lines, or None where a line departs from the layout.

    Cutting the sentence at once, after a look at its shape, is faster than cutting it line by line.
    """
    if not layout.shape.fullmatch(body):
        return None
    fields = body.replace("\n", layout.separator).split(layout.separator)
    columns = [fields[column :: layout.width] for column in range(layout.width)]
    return None if layout.ids and not "".join(columns[0]).isdecimal() else columns


def _careful(lines: Sequence[str], numbers: list[int], layout: Layout) -> tuple[list[list[str]], list[int]]:
    """The columns of token lines and the lines' numbers, without multiword ranges and empty nodes."""
    rows = [layout.fields(line) for line in lines]
    if layout.ids:
        kept = [index for index, row in enumerate(rows) if row[0].isdecimal() or len(row) != layout.width]
        rows, numbers = [rows[index] for index in kept], [numbers[index] for index in kept]
    for row, number in zip(rows, numbers, strict=True):
        if len(row) != layout.width:
            raise ragged(layout, row, number)
    return [list(column) for column in zip(*rows, strict=True)], numbers


def _sentence(
    columns: list[list[str]], numbers: Sequence[int], document: int, layout: Layout, known: set[str]
) -> Sentence:
    tags = None
    if layout.tag is not None:
        tags = columns[layout.tag]
        if not known.issuperset(tags):
            for position, tag in enumerate(tags):
                if not is_tag(tag):
                    raise wrong_tag(layout, columns, tag, numbers[position])
            known.update(tags)
    others = {str(index): columns[index] for index in range(layout.width) if index not in (layout.word, layout.tag)}
    return Sentence(columns[layout.word], tags, numbers[0], document, others)
