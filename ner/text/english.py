"""Tokens as in the Penn Treebank and CoNLL-2003, cut out of a folded chunk (see `ner.text.fold`).

The conventions are those of the Penn Treebank (R. MacIntyre's ``tokenizer.sed``, 1995) with three differences: no
character is rewritten, hyphenated words stay whole as in CoNLL-2003, and what the web brought (addresses, mentions,
hashtags, emoticons) stays whole.
"""

from __future__ import annotations

import re

from ner.text.abbreviations import is_abbreviation
from ner.text.fold import HEBREW, IDEOGRAPH, SYMBOL

_LETTER = f"A-Za-z{HEBREW}{IDEOGRAPH}"
_ALNUM = f"0-9{_LETTER}"
_TOP_LEVEL = (
    "com|org|net|edu|gov|mil|int|info|biz|io|ai|app|dev|tv|me|co|eu|uk|us|ca|au|nz|ie|in|de|at|ch|fr|be|nl|es|pt|it|pl"
    "|se|no|fi|dk|cz|ru|ua|gr|tr|jp|cn|kr|br|mx|ar|za|il"
)
# What may stand in a link, and what may end it: a final stop or bracket belongs to the sentence.
_LINK_TAIL = rf'[^"<>{IDEOGRAPH}{SYMBOL}]*[A-Za-z0-9/#&=_~%$+-]'

# Tried in this order. Each repetition is either bounded or cannot give back what it read to the one after it, so an
# alternative fails after a bounded look or consumes what it looked at: the time is linear in any input.
_PIECES = {
    "link": rf"(?:(?i:https?|ftp)://|[Ww]{{3}}\.(?=[A-Za-z0-9])){_LINK_TAIL}",
    "mail": r"[A-Za-z0-9][A-Za-z0-9._%+-]{0,63}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}",
    "host": (
        rf"(?:[A-Za-z0-9][A-Za-z0-9-]{{0,62}}\.){{1,8}}(?:{_TOP_LEVEL}|(?i:com|org|net|edu|gov))"
        rf"(?![{_ALNUM}@_-]|\.[{_ALNUM}])(?:/{_LINK_TAIL}|/)?"
    ),
    "handle": rf"(?<![{_ALNUM}])(?:@[{_ALNUM}_]+|#[0-9_]*[{_LETTER}][{_ALNUM}_]*)",
    "entity": r"&(?:[A-Za-z]{2,8}|#[0-9]{1,7});",
    "emoticon": (
        rf"[:;=][-o^']?[)(\]\[*|/](?![{_ALNUM}/])|(?<![{_ALNUM}])[:;=][-o^']?[DPpOo](?![{_ALNUM}])"
        rf"|<3(?![{_ALNUM}.,%])|\^_+\^"
    ),
    "clitic": (
        rf"'(?i:s|m|d|ll|re|ve|em|til|cause|n'?)(?![{_ALNUM}])"
        rf"|'[tT](?=(?i:is|was)(?![{_ALNUM}]))"
        rf"|(?<![{_ALNUM}])'[0-9]{{2}}s?(?![{_ALNUM}])"
    ),
    "dollar": r"(?:US|NZ|NT|HK|CA|AU|A|C|R|S)\$(?=[0-9])",
    "short": r"[A-Za-z]/[A-Za-z](?![A-Za-z0-9])|[wW]/(?=[A-Za-z]|$)|[Cc]\+\+|[CF]#(?![A-Za-z0-9])",
    "word": (
        r"(?P<word>"
        rf"(?:(?<![{_ALNUM}.)\]%'\"])[-+](?=\.?[0-9]))?(?:\.(?=[0-9]))?[{_ALNUM}]+(?:(?:"
        rf"-(?=[{_ALNUM}])"
        rf"|\.(?![A-Z][a-z])(?=[{_ALNUM}])"  # "end.The" lacks a blank
        r"|(?<=\.[A-Za-z])\.-(?=[A-Za-z0-9])|(?<=[A-Z])\.-(?=[A-Z]\.)"  # U.S.-based, J.-P.
        r"|(?<=[0-9])[,:/](?=[0-9])"
        rf"|(?<=[{_LETTER}])(?:['&]|\*+)(?=[{_LETTER}])"
        rf'|(?<={HEBREW})"(?={HEBREW})'
        rf"|_+(?=[{_ALNUM}])"
        rf")[{_ALNUM}]+)*)"
    ),
    "run": r"\.{2,}|…+|[!?]+|(?P<same>[-=_*~+#$<>/\\])(?P=same)+|``|''",
    "single": r".",
}
_PIECE = re.compile("|".join(_PIECES.values()), re.DOTALL)
_CONTRACTION = re.compile(r"[nN]'[tT]$|'(?i:s|m|d|ll|re|ve)$")
_FUSED = {"cannot": 3, "gimme": 3, "gonna": 3, "gotta": 3, "lemme": 3, "wanna": 3}


def english_cuts(picture: str) -> list[int]:
    """Where the tokens of a folded chunk end; they tile it, so each begins where the one before it ends."""
    cuts: list[int] = []
    end = 0
    while end < len(picture):
        start = end
        match = _PIECE.match(picture, start)
        assert match is not None  # the last alternative takes any character
        end = match.end()
        if match.lastgroup == "word":
            word = match.group()
            if _has_one_period_at(picture, end) and is_abbreviation(word[word.rfind("-") + 1 :]):
                end += 1
            else:
                cuts += [start + cut for cut in _contraction_cuts(word)]
        cuts.append(end)
    return cuts


def _has_one_period_at(picture: str, index: int) -> bool:
    return picture.startswith(".", index) and not picture.startswith("..", index)


def _contraction_cuts(word: str) -> list[int]:
    """Where a word of letters falls apart: could|n't|'ve, Reilly|'s, can|not."""
    if (fused := _FUSED.get(word.lower())) is not None:
        return [fused]
    cuts: list[int] = []
    end = len(word)
    # No contraction is longer than three characters.
    while (match := _CONTRACTION.search(word, max(1, end - 3), end)) is not None:
        end = match.start()
        cuts.append(end)
    return cuts[::-1]
