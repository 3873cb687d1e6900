"""Stand-off annotation: a text and entities by character offset -> sentences of tokens and tags.

The rules, the same for JSONL and brat:

- White space at the ends of a span is no part of it.
- A span that begins or ends inside a token cuts it: an error, or as the user chose, widened to whole tokens or
  dropped, and each one is reported. A span in several pieces is treated alike, unless only white space stands between
  the pieces (brat cuts spans at line ends): widened, it covers everything from its first to its last character.
- Spans may not overlap; the same span given twice counts once.
- A span that reaches over the end of a sentence joins the two sentences.
"""

from __future__ import annotations

import logging
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from ner.config import DataConfig
from ner.corpus.sentence import Sentence
from ner.errors import DataError
from ner.schemes import Span, to_tags
from ner.text import get_tokenizer, segment

logger = logging.getLogger(__name__)
START, END = "start", "end"
Offsets = Sequence[tuple[int, int]]


class CharSpan(NamedTuple):
    """An entity over characters.

    Attributes:
        label: its type.
        pieces: from character to character, end exclusive; nearly always one piece.
        line: where the annotation stands, for messages.
    """

    label: str
    pieces: tuple[tuple[int, int], ...]  # in order
    line: int

    @property
    def start(self) -> int:
        """The first character."""
        return self.pieces[0][0]

    @property
    def end(self) -> int:
        """The character behind the last."""
        return self.pieces[-1][1]


class Standoff:
    """Turns the texts of one file into tagged sentences.

    Args:
        name: the file that holds the annotation, for messages.
        data: tokenizer, what becomes of a span that cuts a token, and the scheme of the tags to be made.

    Attributes:
        cut: how many spans were widened or dropped.
    """

    def __init__(self, name: str, data: DataConfig) -> None:
        self.name, self.cut_spans, self.scheme = name, data.cut_spans, data.made_scheme
        self.cut = 0
        self._tokenizer = get_tokenizer(data.tokenizer)

    def sentences(
        self,
        text: str,
        spans: Sequence[CharSpan] | None,
        line: int,
        document: int,
        tokens: Sequence[Offsets] | None = None,
    ) -> Iterator[Sentence]:
        """The sentences of a text.

        Args:
            text: any string.
            spans: in any order; None where the text is not annotated.
            line: where the text begins in its file.
            document: its number.
            tokens: the characters of the tokens, sentence by sentence; None to have the tokenizer find them.

        Yields:
            Sentences with the tokens' offsets as columns ``start`` and ``end``, so that a writer can put everything
            where it was.

        Raises:
            DataError: an empty, outlying or overlapping span, or one that cuts a token and ``cut_spans`` is
                ``error``.
        """
        sentences = segment(text, self._tokenizer) if tokens is None else tokens
        flat = [offsets for sentence in sentences for offsets in sentence]
        found = None if spans is None else self._over_tokens(text, flat, spans)
        for first, stop in _bounds(sentences, found or ()):
            part = flat[first:stop]
            tags = None
            if found is not None:
                inside = [
                    Span(label, start - first, end - first) for label, start, end in found if first <= start < stop
                ]
                tags = to_tags(inside, len(part), self.scheme)
            yield Sentence(
                [text[start:end] for start, end in part],
                tags,
                line,
                document,
                {START: [str(start) for start, _ in part], END: [str(end) for _, end in part]},
            )

    def _over_tokens(self, text: str, tokens: Offsets, spans: Sequence[CharSpan]) -> list[Span]:
        starts, ends = [start for start, _ in tokens], [end for _, end in tokens]
        found: dict[Span, CharSpan] = {}
        for span in spans:
            start, end = span.start, span.end
            exact = _between(starts, ends, start, end) if len(span.pieces) == 1 else None
            if exact is None:
                start, end = self._trimmed(text, span)
                exact = _between(starts, ends, start, end) if _is_whole(text, span) else None
            if exact is None:
                self._check_cut(text, span, tokens, start, end)
                if self.cut_spans == "drop":
                    continue
                exact = bisect_right(ends, start), bisect_left(starts, end)
                if exact[0] >= exact[1]:
                    raise DataError(
                        f"{_show(text, span)} holds no token.",
                        self.name,
                        span.line,
                        "Are the tokens those of the text? Mend them, or leave them out to have the text cut anew.",
                    )
            found[Span(span.label, *exact)] = span
        ordered = sorted(found, key=lambda span: (span.start, span.end))
        for before, after in pairwise(ordered):
            if after.start < before.end:
                raise self._overlap(text, found[before], found[after])
        return ordered

    def _trimmed(self, text: str, span: CharSpan) -> tuple[int, int]:
        """First and last character of a span without white space at the ends."""
        for start, end in span.pieces:
            if not 0 <= start < end <= len(text):
                raise DataError(
                    f"the {span.label} span {start}-{end} is empty or not within the text of {len(text)} characters.",
                    self.name,
                    span.line,
                    "Offsets count characters (not bytes, not UTF-16 units) from 0, and the end is exclusive.",
                )
        content = text[span.start : span.end]
        if not content.strip():
            raise DataError(
                f"the {span.label} span {span.start}-{span.end} holds nothing but white space.",
                self.name,
                span.line,
                "Mend its offsets or take it out.",
            )
        return span.end - len(content.lstrip()), span.start + len(content.rstrip())

    def _check_cut(self, text: str, span: CharSpan, tokens: Offsets, start: int, end: int) -> None:
        if not _is_whole(text, span):
            fault = f"{_show(text, span)} is in {len(span.pieces)} pieces"
        else:
            cut = [text[a:b] for a, b in tokens if a < start < b or a < end < b]
            fault = f"{_show(text, span)} cuts the token {' and the token '.join(map(repr, cut))}"
            fault = fault if cut else f"{_show(text, span)} begins or ends where no token does"
        if self.cut_spans == "error":
            raise DataError(
                f"{fault}.",
                self.name,
                span.line,
                "Set data.cut_spans=widen to take whole tokens, data.cut_spans=drop to leave such spans out, or"
                " another data.tokenizer.",
            )
        self.cut += 1
        logger.warning("%s:%d: %s: %s", self.name, span.line, fault, _DONE[self.cut_spans])

    def _overlap(self, text: str, one: CharSpan, other: CharSpan) -> DataError:
        line = f" of line {one.line}" if one.line != other.line else ""
        drop = ", or set data.cut_spans=drop if they only do so once widened" if self.cut_spans == "widen" else ""
        return DataError(
            f"{_show(text, other)} overlaps {_show(text, one)}{line}.",
            self.name,
            other.line,
            f"A token can be in one entity only: keep one of the two{drop}.",
        )


_DONE = {"widen": "widened to whole tokens", "drop": "dropped"}


def _between(starts: Sequence[int], ends: Sequence[int], start: int, end: int) -> tuple[int, int] | None:
    """The tokens that begin and end exactly there; an empty token begins and ends at one place."""
    first, stop = bisect_left(starts, start), bisect_right(ends, end)
    exact = first < stop and starts[first] == start and ends[stop - 1] == end
    return (first, stop) if exact else None


def _is_whole(text: str, span: CharSpan) -> bool:
    """Whether only white space stands between the pieces."""
    return all(not text[end:start].strip() for (_, end), (start, _) in pairwise(span.pieces))


def _show(text: str, span: CharSpan) -> str:
    shown = " ... ".join(text[start:end] for start, end in span.pieces)
    return f"the {span.label} span {shown!r} ({span.start}-{span.end})"


def _bounds(sentences: Sequence[Offsets], spans: Sequence[Span]) -> Iterator[tuple[int, int]]:
    """First and last token of every sentence, those joined that a span goes across."""
    crossed = {position for span in spans for position in range(span.start + 1, span.end)}
    first = stop = 0
    for sentence in sentences:
        stop += len(sentence)
        if stop > first and stop not in crossed:
            yield first, stop
            first = stop
