"""doccano: JSONL with a text and ``"label": [[start, end, label], ...]`` a line.

Its projects of sequence labelling import and export it so; where they have relations, the spans are ``"entities"``.
Offsets count units of UTF-16, as doccano does unless a project counts clusters of graphemes. Keys that it does not
know are what it shows as metadata, and they come back. `ner.corpus.standoff` tells what becomes of spans that cut a
token.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ner.config import DataConfig
from ner.corpus.atomic import replacing
from ner.corpus.jsonl import DOCUMENT, TEXT, RecordReader, parse_record
from ner.corpus.rebuild import texts
from ner.corpus.sentence import Sentence
from ner.corpus.source import Source, lines, name_of
from ner.corpus.utf16 import Utf16
from ner.corpus.write import Target, to_json
from ner.errors import DataError

_DEFAULT = DataConfig()
LABEL = "label"
_SPANS = (LABEL, "entities", "labels")


def read_doccano(source: Source, data: DataConfig = _DEFAULT, *, tagged: bool = True) -> Iterator[Sentence]:
    """Read the sentences of an export.

    Args:
        source: a path, ``-`` for standard input, or a binary stream; gzip is unpacked.
        data: name of the key of the text, what cuts it, and what becomes of a span that cuts a token.
        tagged: False to leave the spans aside.

    Raises:
        DataError: as `ner.corpus.jsonl.read_jsonl`, and a span that begins or ends within a character.
    """
    name = name_of(source)
    reader = RecordReader(name, data.model_copy(update={"tokens": None, "tags": None}), tagged=tagged)
    for number, line in lines(source):
        if line and not line.isspace():
            record = parse_record(line, name, number)
            yield from reader.sentences(_in_characters(record, data.text or TEXT, name, number), number)


def write_doccano(sentences: Iterable[Sentence], target: Target) -> None:
    """Write the texts that sentences make up, a line each, as `ner.corpus.write.write_spans` does.

    Words are kept as text only: read again, they are as the tokenizer cuts them.

    Raises:
        DataError: partial tags, or an unwritable file; the target is then as it was.
    """
    with replacing(target) as stream:
        for text in texts(sentences, target, whole_documents=False):
            stream.write(to_json({**doccano_record(text.text, text.entities or ()), DOCUMENT: text.document}) + "\n")


def doccano_record(text: str, entities: Iterable[tuple[str, int, int]]) -> dict[str, Any]:
    """A text with its entities: label, start and end, in characters."""
    utf16 = Utf16(text)
    return {TEXT: text, LABEL: [[utf16.units(start), utf16.units(end), label] for label, start, end in entities]}


def _in_characters(record: Mapping[str, Any], key: str, name: str, line: int) -> dict[str, Any]:
    """The record with spans as `RecordReader` reads them."""
    text = record.get(key)
    found = next((one for one in _SPANS if isinstance(record.get(one), list)), None)
    if found is None or not isinstance(text, str) or text.isascii():
        return dict(record)
    utf16 = Utf16(text)

    def mended(span: Any) -> Any:
        if isinstance(span, list):
            return [*(mended_offset(offset) for offset in span[:2]), *span[2:]]
        if isinstance(span, dict):
            return {one: mended_offset(value) if "offset" in one else value for one, value in span.items()}
        return span

    def mended_offset(offset: Any) -> Any:
        if type(offset) is not int:
            return offset
        character = utf16.character(offset)
        if character is None:
            raise DataError(
                f"a span begins or ends at {offset}, within a character.",
                name,
                line,
                "Offsets count units of UTF-16, as doccano does; for offsets in characters set data.format=jsonl.",
            )
        return character

    return {**record, found: [mended(span) for span in record[found]]}
