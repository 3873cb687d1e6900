"""Sentences by rule: where a stop, a line or a paragraph ends one, and where it only looks so.

The rules read the text and the breaks are put between tokens, so they serve any tokenizer and never cut a token.

A sentence ends

* after ``.``, ``!``, ``?``, an ellipsis or a stop of another script, together with the quotes and brackets that close
  behind it, when white space follows; not after titles and initials ("Dr. A. Smith"), not after other abbreviations
  unless a word follows that commonly opens a sentence ("Apple Inc. The"), and not before a word in lower case where
  the stop is an ellipsis or a quote or bracket closes behind it (``"Why?" he asked``);
* after the full-width stops of Chinese and Japanese, whatever follows;
* at a blank line, a form feed and a paragraph separator, always;
* at a single line break before an item of a list, and where the writer did not merely wrap a line: nothing in lower
  case follows, and the next word had ample room on the line, or the lines of the paragraph are all short (a list of
  headlines, an address) or longer than anybody wraps.
"""

from __future__ import annotations

import re
from bisect import bisect_left

from ner.text.abbreviations import (
    BEFORE_LOWER_CASE,
    BEFORE_NUMBERS,
    LIST_ENDINGS,
    NEVER_LAST,
    OPENING_WORDS,
    is_abbreviation,
)
from ner.text.tokenizers import Offsets, Tokenizer

_FULL_WIDTH = "。！？｡"
_STOPS = f".!?…{_FULL_WIDTH}।॥؟۔։።။"
_CLOSERS = r"""["'”’»)\]}›」』】》）］｝〉]"""
_LINE_ENDS = r"\n\r\v\x85\u2028"
_PARAGRAPH_ENDS = r"\f\x1c-\x1e\u2029"
# Begins with one set of characters, which `re` looks for five times as fast as for alternatives. Behind the stops may
# be a reference mark as in Wikipedia, "in 1999.[3] The", and an emoticon.
_CANDIDATE = re.compile(
    rf"(?P<first>[{_STOPS}{_LINE_ENDS}{_PARAGRAPH_ENDS}])"
    rf"(?:(?<=[{_STOPS}])(?P<more>[{_STOPS}]*)(?P<closers>{_CLOSERS}*)"
    rf"(?:\[[0-9]{{1,3}}\])*(?:\ [:;=][-']?[)(DPp](?!\w))?|\s*)"
)
_LINE_END = r"(?:\r\n|\r(?!\n)|[\n\v\x85\u2028])"
_BLANK_LINE = re.compile(rf"[{_PARAGRAPH_ENDS}]\s*|{_LINE_END}[^\S{_LINE_ENDS}]*{_LINE_END}\s*")
_LINES = re.compile(_LINE_END)
_LAST_WORD = re.compile(r"[^\W_][\w.]*\Z")
_LONGEST_ABBREVIATION = 24
# Within the paragraph: what follows a blank line says nothing about what stands before it.
_NEXT_WORD = re.compile(
    rf"""(?:[^\S{_LINE_ENDS}{_PARAGRAPH_ENDS}]|["'“‘«‹„(\[{{<¿¡*_–—-]|{_LINE_END}(?![^\S{_LINE_ENDS}]*{_LINE_END}))*"""
    r"(?P<word>[^\W_]{0,24})(?P<stop>[.!?…]?)"
)
_LIST_ITEM = re.compile(r"[-*•‣◦·]\s|\(?[0-9]{1,3}[.)]\s|\(?[A-Za-z]\)\s")
_LIST_NUMBER = re.compile(r"[0-9]{1,3}|[A-Za-z]|[IVXivx]{1,5}")
_QUOTE_GOES_ON = ("と", "っ", "，", "、", "」", "』")
_COMPANY_ENDINGS = frozenset({"Inc", "Corp", "Ltd", "Co", "LLC", "Group", "Holdings"})  # "Yahoo! Inc."

# Lines of a wrapped text are about as long as the longest of them: the next word had no room.
_NARROWEST_WRAP, _WIDEST_WRAP = 40, 200
_RAGGED = 8  # columns that a wrapped line may fall short of that


def segment(text: str, tokenizer: Tokenizer) -> list[list[Offsets]]:
    """Cut a text into sentences of tokens.

    Args:
        text: any string.
        tokenizer: from `ner.text.get_tokenizer`.

    Returns:
        For every sentence the offsets (start, end) of its tokens in ``text``. All tokens of the tokenizer are there,
        in order; no sentence is empty; a text of white space has no sentence.
    """
    tokens = tokenizer.tokenize(text)
    layout = _Layout(text)
    sentences: list[list[Offsets]] = []
    first = 0
    for candidate in _CANDIDATE.finditer(text):
        is_stop = candidate["closers"] is not None
        position = candidate.end() if is_stop else candidate.start()
        index = bisect_left(tokens, (position,), first)
        if index == len(tokens):
            break
        if index > first and tokens[index - 1][1] <= position:
            if is_stop:
                ends = _stop_ends_sentence(text, candidate, tokens[first][0])
            else:
                ends = layout.line_ends_sentence(candidate, tokens[index])
            if ends:
                sentences.append(tokens[first:index])
                first = index
        if not is_stop:
            layout.line_start = candidate.end()
    if first < len(tokens):
        sentences.append(tokens[first:])
    return sentences


def _stop_ends_sentence(text: str, candidate: re.Match[str], opening: int) -> bool:
    """Whether the stops of a candidate end the sentence that begins at ``opening``; something follows them."""
    stops, closers = candidate["first"] + candidate["more"], candidate["closers"]
    start, end = candidate.span()
    if stops[-1] in _FULL_WIDTH:
        return not (closers and text.startswith(_QUOTE_GOES_ON, end))
    if not text[end].isspace():
        return _lacks_blank(text, start, end)
    following = _NEXT_WORD.match(text, end)
    assert following is not None  # all its parts may be empty
    word = following["word"]
    if not word and following["stop"]:
        return False  # spaced out: ". . ."
    goes_on = word[:1].islower()
    if closers and goes_on:
        return False  # "Why?" he asked
    if stops == ".":
        return _period_ends_sentence(text, start, opening, following)
    if stops.strip(".…"):
        return word not in _COMPANY_ENDINGS
    return not goes_on


def _period_ends_sentence(text: str, period: int, opening: int, following: re.Match[str]) -> bool:
    """Whether a single period is a full stop, by the word before it and the word that follows."""
    before = _LAST_WORD.search(text, max(opening, period - _LONGEST_ABBREVIATION), period)
    if before is None:  # perhaps the last of a spaced ". . ."
        return not (
            following["word"][:1].islower() and text[max(opening, period - 2) : period].rstrip().endswith(".")
        )
    word, lowered, following_word = before.group(), before.group().lower(), following["word"]
    if before.start() == opening and _LIST_NUMBER.fullmatch(word):
        return False
    if lowered in NEVER_LAST and is_abbreviation(word):
        return False
    if lowered in BEFORE_NUMBERS and following_word[:1].isdigit():
        return False
    if lowered in BEFORE_LOWER_CASE and following_word[:1].islower():
        return False
    if lowered in LIST_ENDINGS and following_word[:1].isupper():
        return True
    return not is_abbreviation(word) or (following_word in OPENING_WORDS and not following["stop"])


def _lacks_blank(text: str, start: int, end: int) -> bool:
    """Whether a blank was forgotten behind a stop, as in "the end.The next"; tokens must end there too."""
    before, after = text[max(0, start - 2) : start], text[end : end + 2]
    one_stop = end == start + 1 and len(before) == len(after) == 2
    return one_stop and before.isalpha() and before.islower() and after.isalpha() and after.istitle()


class _Layout:
    """The lines of a text, asked from its beginning to its end."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._blank_lines = _BLANK_LINE.finditer(text)
        self._paragraph_end = 0
        self._width = 0
        self.line_start = 0

    def line_ends_sentence(self, line_end: re.Match[str], following: Offsets) -> bool:
        """Whether the white space ``line_end`` ends a sentence without a stop; ``following`` is the next token."""
        if _BLANK_LINE.match(line_end.group()):
            return True
        start, end = following
        if _LIST_ITEM.match(self._text, start):
            return True
        if self._text[start].islower():
            return False
        width = self._width_at(line_end.start())
        line = self._text[self.line_start : line_end.start()].strip()
        room = width - len(line) - 1
        return not _NARROWEST_WRAP <= width <= _WIDEST_WRAP or room >= end - start + _RAGGED

    def _width_at(self, position: int) -> int:
        """Length of the longest line in the paragraph around ``position``."""
        while position >= self._paragraph_end:
            blank_line = next(self._blank_lines, None)
            paragraph_start = self._paragraph_end
            self._paragraph_end = len(self._text) + 1 if blank_line is None else blank_line.end()
            lines = _LINES.split(self._text[paragraph_start : self._paragraph_end])
            self._width = max(len(line.strip()) for line in lines)
        return self._width
