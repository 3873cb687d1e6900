"""Capitalization and shape of a word, in one of a small closed set of categories."""

from __future__ import annotations

import re
from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

SHAPES = (
    "other",  # nothing below: no letter, digit or visible sign
    "lower",  # dog, don't, e-mail
    "capital",  # one capital letter alone: A, J.
    "upper",  # NATO, U.S., AT&T
    "title",  # London, O'neill
    "hyphenated title",  # Anglo-Saxon, Baden-Württemberg
    "camel",  # the first letter lower, a capital later: iPhone, eBay, al-Qaeda
    "mixed",  # any other mixture: McDonald, PhD
    "caseless",  # letters, none of a script with case: 東京, القاهرة
    "number",  # digits and signs: 1996, 3,000.5, 12:30, 50%
    "digits and lower",  # 1990s, mp3, 3rd, 5月
    "digits and upper",  # F-16, B2B, 4x4Drive
    "punctuation",  # signs and symbols only: ..., $, :)
    "mention",  # @name
    "hashtag",  # #topic
    "address",  # of the web or of mail
)
"""The categories; a word's number is the position in here. The order is part of a model: append only."""

_NUMBER = {name: number for number, name in enumerate(SHAPES)}
_DIGIT = re.compile(r"\d")
_TAGGED = re.compile(r"[@#]\w+")
_ADDRESS = re.compile(r"(?:https?://|www\.)\S+|[^\s@]+@[^\s@.]+\.[^\s@]+", re.IGNORECASE)


def shape(word: str) -> int:
    """The number of a word's category in `SHAPES`."""
    return _NUMBER[_name(word)]


def encode(words: Collection[str]) -> NDArray[np.int64]:
    """The categories of words, [W]."""
    return np.fromiter(map(shape, words), np.int64, len(words))


def _name(word: str) -> str:
    return _case(word) if word.isalpha() else _sign(word)


def _sign(word: str) -> str:
    """The category of a word that is not letters alone."""
    if _TAGGED.fullmatch(word):
        return "mention" if word[0] == "@" else "hashtag"
    if _ADDRESS.fullmatch(word):
        return "address"
    letters = any(map(str.isalpha, word))
    if _DIGIT.search(word):
        return "number" if not letters else "digits and lower" if word == word.lower() else "digits and upper"
    if letters:
        return _case(word)
    return "punctuation" if any(sign.isprintable() and not sign.isspace() for sign in word) else "other"


def _case(word: str) -> str:
    """The category of a word with a letter and no digit, by capitals."""
    if word.islower():
        return "lower"
    if word.isupper():
        return "capital" if sum(map(str.isalpha, word)) == 1 else "upper"
    if word.lower() == word.upper():
        return "caseless"
    begin = next(place for place, sign in enumerate(word) if sign.isalpha())
    if not word[begin].istitle():
        return "camel"
    if word[begin + 1 :].islower():
        return "title"
    return "hyphenated title" if all(map(_is_title, word.split("-"))) else "mixed"


def _is_title(part: str) -> bool:
    return part[:1].istitle() and (len(part) == 1 or part[1:].islower())
