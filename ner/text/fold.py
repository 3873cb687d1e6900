"""A chunk of any script, folded to an ASCII-like picture that a plain regular expression can read.

``re`` knows no Unicode categories: it takes a Devanagari vowel sign or an accent for punctuation. So a chunk (text
without white space) is first drawn in few characters, one for each *base* character of it: letters of any script are
``x`` or ``X``, digits ``0``, curly quotes straight quotes, currency signs ``$``. Combining marks, joiners, variation
selectors, skin tones and the emoji after a joiner are drawn with their base, which is why no tokenizer that cuts the
picture can ever cut between them.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

HEBREW = "ƕ"
"""Stands for a Hebrew letter, between which a double quote is part of an acronym."""
IDEOGRAPH = "字"
"""Stands for a Chinese or Japanese character: Han, kana, bopomofo."""
SYMBOL = "¤"
"""Stands for punctuation and symbols that are always a token of their own."""
_EMOJI, _FLAG, _EXTENDER, _JOINER = "☺", "⚑", "\u0300", "\u200d"

_ALIKE = {
    "'": "‘’‛＇′´\u02bc",
    '"': "“”„‟«»″＂",
    "-": "\u2010\u2011\u2212·",  # the middle dot holds a word together as a hyphen does: col·lecció
    ".": "٫",
    ",": "٬",
}
_SINGLES = {ord(char): ascii_char for ascii_char, chars in _ALIKE.items() for char in chars}
_SINGLES |= {ord("…"): "…", ord("״"): HEBREW, ord("׳"): HEBREW, ord("\u200d"): _JOINER, ord("\u200b"): SYMBOL}
_BY_CATEGORY = {"Lu": "X", "Lt": "X", "Nd": "0", "Nl": "0", "No": "0", "Sc": "$", "So": _EMOJI, "Cf": _EXTENDER}
# Surrogates are bytes that were no UTF-8; unassigned code points are letters of scripts newer than this Python.
_BY_CATEGORY |= {"Cs": "x", "Cn": "x"}
_BY_MAJOR = {"L": "x", "M": _EXTENDER}
# Iteration marks and zero, kana and bopomofo, extensions, Han, compatibility Han, half-width kana, the later planes.
_IDEOGRAPHS = (
    (0x3005, 0x3007),
    (0x3041, 0x312F),
    (0x31A0, 0x31FF),
    (0x3400, 0x9FFF),
    (0xF900, 0xFAFF),
    (0xFF66, 0xFF9F),
    (0x16FE0, 0x1B2FF),
    (0x20000, 0x3FFFD),
)
_REMEMBERED = 20_000


def _draw(code: int) -> str:
    """The picture of one character."""
    if code < 128:
        return chr(code)
    if (single := _SINGLES.get(code)) is not None:
        return single
    if 0x1F3FB <= code <= 0x1F3FF:
        return _EXTENDER
    if 0x1F1E6 <= code <= 0x1F1FF:
        return _FLAG
    if 0x5D0 <= code <= 0x5EA:
        return HEBREW
    category = unicodedata.category(chr(code))
    if category in ("Lo", "Lm", "Nl") and any(first <= code <= last for first, last in _IDEOGRAPHS):
        return IDEOGRAPH
    return _BY_CATEGORY.get(category) or _BY_MAJOR.get(category[0], SYMBOL)


class _Pictures(dict[int, str]):
    """A table for ``str.translate`` that fills itself, up to a bound."""

    def __missing__(self, code: int) -> str:
        picture = _draw(code)
        if len(self) < _REMEMBERED:
            self[code] = picture
        return picture


_PICTURES = _Pictures()
_MARK = f"[{_EXTENDER}{_JOINER}]"
_CLUSTER = re.compile(f"(?:{_FLAG}{_FLAG}|.)(?:{_MARK}|(?<={_JOINER}){_EMOJI})*", re.DOTALL)
_ORPHANS = (_EXTENDER, _JOINER)  # as the first of a cluster: marks at the beginning of a chunk
_NEEDS_CLUSTERS = re.compile(f"{_MARK}|{_FLAG}")


def starts_cluster(text: str, index: int) -> bool:
    """Whether ``text[index]`` is a base: no mark, no joiner, and no emoji that a joiner ties to the one before."""
    picture = _PICTURES[ord(text[index])]
    if picture == _EMOJI:
        return index == 0 or _PICTURES[ord(text[index - 1])] != _JOINER
    return picture not in _ORPHANS


class Folded(NamedTuple):
    """The picture of a chunk, and where each of its characters stands in the chunk.

    Attributes:
        picture: one character a base character of the chunk.
        starts: for every position in ``picture``, and its end, the position in the chunk; None where all are equal.
    """

    picture: str
    starts: list[int] | None


def fold(chunk: str) -> Folded:
    """Draw a chunk without white space.

    Marks that have no base, at the beginning of the chunk, count as one symbol of their own.
    """
    if chunk.isascii():
        return Folded(chunk, None)
    drawn = chunk.translate(_PICTURES)
    if _NEEDS_CLUSTERS.search(drawn) is None:
        return Folded(drawn, None)
    clusters = [match.start() for match in _CLUSTER.finditer(drawn)]
    picture = "".join([SYMBOL if drawn[start] in _ORPHANS else drawn[start] for start in clusters])
    return Folded(picture, [*clusters, len(chunk)])
