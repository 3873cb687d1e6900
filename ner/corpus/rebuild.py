"""Sentences back to texts with entities by character offset: what JSONL with spans and brat are written from."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from ner.corpus.sentence import Sentence
from ner.corpus.standoff import END, START
from ner.errors import DataError
from ner.schemes import to_spans

OFFSETS = (START, END)
_WIDEST_GAP = 1 << 16  # between tokens; wider ones are no offsets but a mistake that would fill the memory


@dataclass(slots=True)
class Text:
    """A text with its tokens and entities.

    Attributes:
        text: where offsets are known, every token is where it was; what stood between them is a line end between
            sentences and blanks elsewhere.
        tokens: from character to character, end exclusive.
        entities: label, start and end in characters; None where no sentence is tagged.
        sizes: number of tokens of each sentence.
        document: its number.
    """

    text: str
    document: int
    tokens: list[tuple[int, int]] = field(default_factory=list)
    entities: list[tuple[str, int, int]] | None = None
    sizes: list[int] = field(default_factory=list)


def texts(sentences: Iterable[Sentence], target: str | os.PathLike[str], *, whole_documents: bool) -> Iterator[Text]:
    """The texts that sentences make up, one after the other.

    Args:
        sentences: with offsets in columns ``start`` and ``end``, as the readers of texts leave them, or without.
        target: what is written, for messages.
        whole_documents: a text a document; otherwise sentences without offsets are a text each.

    Raises:
        DataError: partial tags, or an entity without a character.
    """
    builder: _Builder | None = None
    for sentence in sentences:
        offsets = _offsets(sentence)
        if builder is not None and not builder.goes_on(sentence, offsets, whole_documents):
            yield builder.finish()
            builder = None
        if builder is None:
            builder = _Builder(sentence.document, target)
        builder.add(sentence, offsets)
    if builder is not None:
        yield builder.finish()


class _Builder:
    def __init__(self, document: int, target: str | os.PathLike[str]) -> None:
        self._text = Text("", document)
        self._pieces: list[str] = []
        self._end = 0
        self._target = target

    def goes_on(self, sentence: Sentence, offsets: Sequence[tuple[int, int]] | None, whole_documents: bool) -> bool:
        if sentence.document != self._text.document:
            return False
        return whole_documents or (offsets is not None and self._fits(offsets))

    def add(self, sentence: Sentence, offsets: Sequence[tuple[int, int]] | None) -> None:
        first = len(self._text.tokens)
        if offsets is None or not self._fits(offsets):
            offsets = self._side_by_side(sentence.tokens)
        for index, (token, (start, end)) in enumerate(zip(sentence.tokens, offsets, strict=True)):
            gap = start - self._end
            self._pieces += ["\n".ljust(gap) if gap and not index and first else " " * gap, token]
            self._end = end
        self._text.tokens += offsets
        self._text.sizes.append(len(sentence.tokens))
        if sentence.tags is not None:
            self._tag(sentence, first)

    def finish(self) -> Text:
        self._text.text = "".join(self._pieces)
        return self._text

    def _fits(self, offsets: Sequence[tuple[int, int]]) -> bool:
        return not offsets or self._end <= offsets[0][0] <= self._end + _WIDEST_GAP

    def _side_by_side(self, tokens: Sequence[str]) -> list[tuple[int, int]]:
        position = self._end + 1 if self._pieces else 0
        offsets = []
        for token in tokens:
            offsets.append((position, position + len(token)))
            position += len(token) + 1
        return offsets

    def _tag(self, sentence: Sentence, first: int) -> None:
        if self._text.entities is None:
            self._text.entities = []
        assert sentence.tags is not None
        try:
            spans = to_spans(sentence.tags)
        except ValueError as error:
            raise DataError(
                f"the sentence from line {sentence.line} cannot be written with character offsets: {error}.",
                self._target,
                remedy="Partial tags (?, B-PER|O) need columns or JSONL with tags.",
            ) from None
        for label, begin, stop in spans:
            start, end = self._text.tokens[first + begin][0], self._text.tokens[first + stop - 1][1]
            if start == end:
                raise DataError(
                    f"the {label} entity in the sentence from line {sentence.line} has no characters.",
                    self._target,
                    remedy="Write columns or JSONL with tags, which can have empty words.",
                )
            self._text.entities.append((label, start, end))


def _offsets(sentence: Sentence) -> list[tuple[int, int]] | None:
    """Where the tokens stand in their text, or None where that is not known or cannot be."""
    if not all(key in sentence.columns for key in OFFSETS):
        return None
    try:
        offsets = [(int(a), int(b)) for a, b in zip(*(sentence.columns[key] for key in OFFSETS), strict=True)]
    except ValueError:
        return None
    last = offsets[0][0] if offsets else 0
    for token, (start, end) in zip(sentence.tokens, offsets, strict=True):
        if not last <= start <= last + _WIDEST_GAP or end - start != len(token):
            return None
        last = end
    return offsets
