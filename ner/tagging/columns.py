"""Column files to units that remember every line as it came: comments, marks, line ends, blanks and all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from ner.config import DataConfig
from ner.corpus.columns import begins_document, laid_out, whole_sentences
from ner.corpus.layout import DOCSTART, Layout, find_layout, is_tag, ragged
from ner.corpus.source import Source, name_of, text_blocks
from ner.errors import DataError
from ner.schemes import OUTSIDE
from ner.tagging.doubts import doubt_columns
from ner.tagging.units import Columns, Unit

_BOM = "\ufeff"
_NO_VALUE = "_"  # of CoNLL-U


def read_columns(source: Source, data: DataConfig, columns: Sequence[str] = ()) -> Iterator[Unit]:
    """A unit for each stretch between empty lines.

    Args:
        source: a column file; gzip is unpacked.
        data: separator and column of the words, if they are not to be found out.
        columns: that the model reads beside the words, by position.

    Raises:
        DataError: a line has another number of columns than the first token line, or there is no such column.
    """
    name = name_of(source)
    odd: dict[int, str] = {}
    find = partial(_find_layout, name=name, data=data)
    document, positions, fresh = 0, None, True
    for number, text, layout in laid_out(whole_sentences(_plain(source, odd)), find):
        *chunks, rest = text.split("\n\n")
        for chunk in [*(f"{chunk}\n\n" for chunk in chunks), rest]:
            if chunk:
                if positions is None and layout is not None:
                    positions = [_position(column, layout, number) for column in columns]
                unit = _unit(chunk, number, layout, odd, name, positions or ())
                if fresh and layout is not None and unit.sentences:
                    fresh = False
                    _doubt(unit, number, layout)
                unit.document_of = [document + passed for passed in unit.document_of]
                document += unit.origin.boundaries
                yield unit
                number += chunk.count("\n")
    for row in odd.values():  # a last line of blanks, without a line end
        yield Unit([], name=name, origin=Columns([row], "\t", []))


def _doubt(unit: Unit, number: int, layout: Layout) -> None:
    """Look whether the first sentence, in a unit that begins in that line, is what it is read as."""
    places, lines = unit.origin.places[0], unit.origin.lines
    rows = [layout.fields(lines[place].removesuffix("\r").removeprefix(_BOM)) for place in places]
    doubt_columns(rows, layout.name, number + places[0])


def _plain(source: Source, odd: dict[int, str]) -> Iterator[tuple[int, str]]:
    """The text without CR LF, byte order mark and blanks on empty lines; lines that had such are put into ``odd``."""
    for first, text in text_blocks(source, exact=True):
        if "\r" in text or text.startswith((" ", "\t", _BOM)) or "\n " in text or "\n\t" in text:
            rows = text.split("\n")
            for index, row in enumerate(rows):
                plain = row.removesuffix("\r")
                if first + index == 1:
                    plain = plain.removeprefix(_BOM)
                if not plain.strip(" \t"):
                    plain = ""
                if plain != row:
                    rows[index], odd[first + index] = plain, row
            text = "\n".join(rows)
        yield first, text


def _find_layout(
    rows: Sequence[str], line: int, *, certain: bool = False, name: str, data: DataConfig
) -> Layout | None:
    """Words and, if the last column holds tags, these too, so that a comment is told from a token."""
    find = partial(
        find_layout, rows, line, name, certain=certain, separator=data.separator, word_column=data.word_column
    )
    words = find(tagged=False)
    if words is None or words.word == words.width - 1:
        return words
    tags = find(tagged=True)
    assert tags is not None and tags.tag is not None
    fields = [tags.fields(row) for row in rows if row and not row.startswith(("#", DOCSTART))]
    return tags if all(is_tag(row[tags.tag]) for row in fields if len(row) == tags.width) else words


def _position(column: str, layout: Layout, line: int) -> int:
    if column.isdecimal() and int(column) < layout.width:
        return int(column)
    raise DataError(
        f"there is no column {column}, which the model reads beside the words: the line has {layout.width}, counted "
        "from 0.",
        layout.name,
        line,
        "Give it a file with the columns of its training data; tags may be left out.",
    )


def _unit(
    chunk: str, line: int, layout: Layout | None, odd: dict[int, str], name: str, positions: Sequence[int]
) -> Unit:
    """A unit whose documents are counted from 0."""
    lines = chunk.split("\n")
    body = chunk.strip("\n")
    first = len(chunk) - len(chunk.lstrip("\n"))
    if layout is None or not body:
        unit = Unit([], name=name, line=line, origin=Columns(lines, "\t", []))
    elif "#" not in body and DOCSTART not in body and not layout.ids and layout.shape.fullmatch(body):
        fields = body.replace("\n", layout.separator).split(layout.separator)
        words = fields[layout.word :: layout.width]
        places = range(first, first + len(words))
        origin = Columns(lines, layout.separator, [places], plain=not odd)
        columns = [[fields[position :: layout.width] for position in positions]]
        unit = Unit([words], name=name, line=line + first, origin=origin, document_of=[0], columns=columns)
    else:
        unit = _careful(lines, line, layout, positions)
    unit.is_closed = False
    if odd:
        for index in range(len(lines) - (not lines[-1])):  # what follows the last line end is the next unit's
            lines[index] = odd.pop(line + index, lines[index])
    return unit


def _careful(lines: list[str], first: int, layout: Layout, positions: Sequence[int]) -> Unit:
    """The unit of lines among which not all are tokens."""
    words: list[list[str]] = [[]]
    places: list[list[int]] = [[]]
    further: list[list[list[str]]] = [[[] for _ in positions]]
    fillers = {}
    for index, row in enumerate(lines):
        if not row:
            continue
        if begins_document(row, layout):
            if not row.startswith("#") and len(layout.fields(row)) == layout.width:
                fillers[index] = OUTSIDE
            words.append([])
            places.append([])
            further.append([[] for _ in positions])
            continue
        if layout.is_comment(row):
            continue
        fields = layout.fields(row)
        if len(fields) != layout.width:
            raise ragged(layout, fields, first + index)
        if layout.ids and not fields[0].isdecimal():
            fillers[index] = _NO_VALUE
            continue
        words[-1].append(fields[layout.word])
        places[-1].append(index)
        for values, position in zip(further[-1], positions, strict=True):
            values.append(fields[position])
    full = [number for number, rows in enumerate(places) if rows]
    origin = Columns(
        lines, layout.separator, [places[number] for number in full], fillers, boundaries=len(places) - 1
    )
    return Unit(
        [words[number] for number in full],
        name=layout.name,
        line=first,
        origin=origin,
        document_of=full,
        columns=[further[number] for number in full],
    )
