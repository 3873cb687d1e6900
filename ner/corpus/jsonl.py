"""JSONL: an object a line, with tokens and tags, or with a text and entities by character offset.

Tokens and tags: ``{"tokens": ["Ada", "left"], "tags": ["B-PER", "O"]}``; the usual other names of the keys are known.
Other lists as long as the tokens are kept as columns. Lines with the same ``document`` belong together.

Text and entities: ``{"text": "Ada left", "entities": [{"start": 0, "end": 3, "label": "PER"}]}``, also as
``"label": [[0, 3, "PER"]]`` (doccano) and ``"spans"`` (Prodigy). Each text is a document, cut into sentences and
tokens by `ner.text`, unless the line has ``"tokens": [{"text", "start", "end"}]``, as ``ner tag --to jsonl`` writes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any

from ner.config import DataConfig
from ner.corpus.layout import NO_TAG, is_tag
from ner.corpus.sentence import Sentence
from ner.corpus.source import Source, lines, name_of
from ner.corpus.standoff import CharSpan, Offsets, Standoff
from ner.corpus.weights import WEIGHT, check_weight
from ner.errors import DataError
from ner.text import GivenTokens, segment

TOKENS = ("tokens", "words")
TAGS = ("tags", "ner_tags", "labels", "ner", "label")
SPANS = ("entities", "spans", "label", "labels")
_START = ("start", "start_offset", "begin", "start_char")
_END = ("end", "end_offset", "end_char")
_LABEL = ("label", "type", "entity", "tag", "entity_group")
SENTENCES = "sentences"
DOCUMENT = "document"
TEXT = "text"
_DEFAULT = DataConfig()


def read_jsonl(source: Source, data: DataConfig = _DEFAULT, *, tagged: bool = True) -> Iterator[Sentence]:
    """Read sentences, one line of the file at a time.

    Args:
        source: a path, ``-`` for standard input, or a binary stream; gzip is unpacked.
        data: names of the keys, what cuts texts that come without tokens, what becomes of a span that cuts a token.
        tagged: False to leave tags and entities aside.

    Yields:
        Sentences with the tags of the file, or with those made of its entities.

    Raises:
        DataError: the source cannot be read; a line is no JSON object, or has neither tokens nor a text; or its tags
            or entities do not fit.
    """
    name = name_of(source)
    reader = RecordReader(name, data, tagged=tagged)
    for number, line in lines(source):
        if line and not line.isspace():
            yield from reader.sentences(parse_record(line, name, number), number)


def parse_record(line: str, name: str, number: int) -> dict[str, Any]:
    """The object of a line of JSONL.

    Raises:
        DataError: the line is no JSON, or another value than an object.
    """
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        whole = line.strip() in ("[", "{")
        raise DataError(
            f"is no JSON: {error}.",
            name,
            number,
            "The file is one JSON value, not one a line: jq -c '.[]' FILE > NEW." if whole else "Mend the line.",
        ) from None
    if isinstance(record, dict):
        return record
    remedy = 'Expected an object, such as {"tokens": ["Ada"], "tags": ["B-PER"]}.'
    if isinstance(record, list) and record and isinstance(record[0], dict):
        remedy = "Write one object a line: jq -c '.[]' FILE > NEW."
    raise DataError(f"holds a JSON {_KIND.get(type(record), 'number')}.", name, number, remedy)


_KIND = {list: "array", str: "string", bool: "truth value", type(None): "null", dict: "object"}


class DocumentCount:
    """Counts the documents of a file as its records come."""

    def __init__(self) -> None:
        self._number = -1
        self._key: object = self  # like no document's

    def number(self, record: Mapping[str, Any], alone: bool) -> int:
        """The number of a record's document, from 0: another than the last record's if its ``document`` is another.

        Args:
            record: of the file.
            alone: it is a document by itself where it does not name one.
        """
        key = object() if alone and DOCUMENT not in record else record.get(DOCUMENT)
        if key != self._key:
            self._number += 1
        self._key = key
        return self._number


def as_strings(values: Sequence[object]) -> list[str]:
    """The values of a further column."""
    return [value if isinstance(value, str) else json.dumps(value, ensure_ascii=False) for value in values]


class RecordReader:
    """Turns the records of one file into sentences, and counts its documents.

    Args:
        name: of the file, for messages.
        data, tagged: as for `read_jsonl`.
    """

    def __init__(self, name: str, data: DataConfig, *, tagged: bool = True) -> None:
        self.name = name
        self._text = data.text or TEXT
        self._tokens = TOKENS if data.tokens is None else (data.tokens,)
        self._tags = TAGS if data.tags is None else (data.tags,)
        self._spans = SPANS if data.tags is None else (data.tags,)
        self._standoff = Standoff(name, data)
        self._tagged = tagged
        self._documents = DocumentCount()

    def sentences(self, record: dict[str, Any], line: int) -> Iterator[Sentence]:
        """The sentences of a record that stands in that line.

        Raises:
            DataError: as `read_jsonl`.
        """
        given = next((key for key in self._tokens if isinstance(record.get(key), list)), None)
        text = record.get(self._text)
        tokens = record[given] if given is not None else []
        if isinstance(text, str) and (not tokens or isinstance(tokens[0], dict)):
            yield from self._of_text(record, text, given if tokens else None, line)
        elif given is not None:
            yield from self._of_tokens(record, given, line)
        else:
            raise DataError(
                f"has the keys {_list(record)}, and no list of tokens and no text among them.",
                self.name,
                line,
                f"Expected {' or '.join(self._tokens)} (or set data.tokens), or {self._text} (or set data.text).",
            )

    def _of_tokens(self, record: dict[str, Any], key: str, line: int) -> Iterator[Sentence]:
        tokens = record[key]
        self._check_strings(tokens, key, line)
        tags_key = next((name for name in self._tags if _is_list_of(record.get(name), str, int)), None)
        tags = None
        if self._tagged and tags_key is not None:
            tags = record[tags_key]
            self._check_tags(tags, tags_key, len(tokens), line)
        columns = {
            name: as_strings(values)
            for name, values in record.items()
            if isinstance(values, list)
            and len(values) == len(tokens)
            and name not in (key, DOCUMENT)
            and values is not tags
        }
        document = self._documents.number(record, alone=False)
        if tokens:
            weight = check_weight(record.get(WEIGHT), self.name, line)
            yield Sentence(tokens, tags, line, document, columns, weight)

    def _of_text(self, record: dict[str, Any], text: str, tokens_key: str | None, line: int) -> Iterator[Sentence]:
        spans = None
        if self._tagged:
            spans_key = next((key for key in self._spans if isinstance(record.get(key), list)), None)
            if spans_key is not None:
                spans = [self._span(one, text, spans_key, line) for one in record[spans_key]]
        tokens = None if tokens_key is None else given_offsets(record, tokens_key, text, self.name, line)
        document = self._documents.number(record, alone=True)
        yield from self._standoff.sentences(text, spans, line, document, tokens)

    def _check_strings(self, values: Sequence[object], key: str, line: int) -> None:
        for index, value in enumerate(values):
            if not isinstance(value, str):
                raise DataError(f"{key}[{index}] is {value!r:.60}, not a string.", self.name, line, "Mend the line.")

    def _check_tags(self, tags: Sequence[object], key: str, length: int, line: int) -> None:
        if tags and all(type(tag) is int for tag in tags):
            raise DataError(
                f"{key} holds numbers, whose names the file does not give.",
                self.name,
                line,
                "Write the tags by name: O, B-PER, ...",
            )
        self._check_strings(tags, key, line)
        if len(tags) != length:
            raise DataError(f"{length} tokens, but {len(tags)} {key}.", self.name, line, "Mend the line.")
        for index, tag in enumerate(tags):
            if not is_tag(str(tag)):
                raise DataError(
                    f"{key}[{index}] is {tag!r}, which {NO_TAG}.",
                    self.name,
                    line,
                    "Mend the line, or set data.tags to the key that holds the tags.",
                )

    def _span(self, entity: object, text: str, key: str, line: int) -> CharSpan:
        start: object = None
        end: object = None
        label: object = None
        if isinstance(entity, dict):
            start, end, label = (_first(entity, names) for names in (_START, _END, _LABEL))
        elif isinstance(entity, list) and len(entity) >= 3:
            start, end, label = entity[:3]
        if type(start) is not int or type(end) is not int or not isinstance(label, str) or not label:
            raise DataError(
                f"{key} holds {json.dumps(entity, ensure_ascii=False):.80}, which is no entity.",
                self.name,
                line,
                'Expected [start, end, "LABEL"] or {"start": 0, "end": 3, "label": "LABEL"}, in characters.',
            )
        covered = entity.get("text") if isinstance(entity, dict) else None
        if isinstance(covered, str) and text[start:end] != covered:
            raise DataError(
                f"the {label} span {start}-{end} is {text[start:end]!r:.80}, but should be {covered!r:.80}.",
                self.name,
                line,
                "Offsets count characters (not bytes, not UTF-16 units) from 0, and the end is exclusive.",
            )
        return CharSpan(label, ((start, end),), line)


def given_offsets(record: Mapping[str, Any], key: str, text: str, name: str, line: int) -> list[Offsets]:
    """The tokens that a record gives as offsets into its text, sentence by sentence.

    Where the record has no list ``sentences`` of their sizes, the sentences are found in the text.

    Raises:
        DataError: a token that is no such offset, or whose text is another.
    """
    offsets = []
    last = 0
    for index, token in enumerate(record[key]):
        start, end = (_first(token, names) for names in (_START, _END)) if isinstance(token, dict) else (None, None)
        if type(start) is not int or type(end) is not int or not last <= start <= end <= len(text):
            raise DataError(
                f"{key}[{index}] is {json.dumps(token, ensure_ascii=False):.80}.",
                name,
                line,
                'Expected {"start": ..., "end": ...}, one behind the other and within the text.',
            )
        if token.get("text", text[start:end]) != text[start:end]:
            raise DataError(
                f"{key}[{index}] is {token['text']!r:.80}, but the text has {text[start:end]!r:.80} there.",
                name,
                line,
                "Offsets count characters (not bytes, not UTF-16 units) from 0, and the end is exclusive.",
            )
        offsets.append((start, end))
        last = end
    sizes: Any = record.get(SENTENCES)
    if not _is_list_of(sizes, int) or sum(sizes) != len(offsets) or min(sizes, default=1) < 1:
        return list(segment(text, GivenTokens(offsets)))
    return [offsets[stop - size : stop] for stop, size in zip(accumulate(sizes), sizes, strict=True)]


def _first(record: Mapping[str, Any], names: Sequence[str]) -> Any:
    return next((record[name] for name in names if name in record), None)


def _is_list_of(value: Any, *kinds: type) -> bool:
    return isinstance(value, list) and all(type(one) in kinds for one in value)


def _list(record: Mapping[str, Any]) -> str:
    return ", ".join(record) or "none"
