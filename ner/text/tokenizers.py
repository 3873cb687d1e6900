"""The tokenizers by name, and the way from a text to tokens that the built-in ones share."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Protocol

from ner.errors import NerError
from ner.text.abbreviations import is_initial
from ner.text.characters import character_cuts
from ner.text.english import english_cuts
from ner.text.fold import fold

Offsets = tuple[int, int]
"""Where a token begins and ends in its text, end exclusive."""

DEFAULT_TOKENIZER = "english"
TOKENIZERS = ("english", "whitespace", "characters", "spacy:xx")
"""The names `get_tokenizer` knows; ``xx`` stands for a language code of spaCy."""

_REMEMBERED_CHUNKS = 65_536
_LONGEST_REMEMBERED = 48


class Tokenizer(Protocol):
    """What turns a text into tokens.

    Attributes:
        name: the name `get_tokenizer` builds this tokenizer from, as a model folder stores it.
    """

    @property
    def name(self) -> str:
        """The name it is stored under."""

    def tokenize(self, text: str) -> list[Offsets]:
        """Cut a text into tokens.

        Args:
            text: any string, empty and lone surrogates included.

        Returns:
            The offsets of the tokens, in order. They do not overlap, hold no white space at their ends, and every
            character that is not white space is in exactly one of them.
        """


class WhitespaceTokenizer:
    """One token a run of characters without white space, for text whose tokens are separated already."""

    name = "whitespace"

    def tokenize(self, text: str) -> list[Offsets]:
        """Cut a text at white space; see `Tokenizer.tokenize`."""
        return [match.span() for match in re.finditer(r"\S+", text)]


class ChunkTokenizer:
    """Cuts every chunk (run without white space) by itself, and remembers the chunks that come again and again.

    What a chunk becomes depends on the chunk alone, so the memory changes the speed and never the answer.

    Args:
        name: the name in `TOKENIZERS`.
        cuts: from the picture of a chunk (`ner.text.fold`) to the positions where its tokens end.
    """

    def __init__(self, name: str, cuts: Callable[[str], list[int]]) -> None:
        self.name = name
        self._cuts = cuts
        self._remembered: dict[str, tuple[Offsets, ...]] = {}

    def tokenize(self, text: str) -> list[Offsets]:
        """Cut a text into tokens; see `Tokenizer.tokenize`."""
        tokens: list[Offsets] = []
        append, remembered, find = tokens.append, self._remembered.get, text.find
        end = 0
        for chunk in text.split():  # splits where str.isspace says so, as the package does everywhere
            start = find(chunk, end)
            end = start + len(chunk)
            pieces = remembered(chunk)
            if pieces is None:
                pieces = self._split(chunk)
            for piece_start, piece_end in pieces:
                append((start + piece_start, start + piece_end))
        return tokens

    def __reduce__(self) -> tuple[Callable[[str], Tokenizer], tuple[str]]:
        """A copy in another process starts with an empty memory."""
        return get_tokenizer, (self.name,)

    def _split(self, chunk: str) -> tuple[Offsets, ...]:
        """The offsets of a chunk's tokens inside it."""
        picture, starts = fold(chunk)
        ends = self._cuts(picture)
        if starts is not None:
            ends = [starts[end] for end in ends]
        pieces = tuple(zip([0, *ends], ends, strict=False))
        if len(chunk) <= _LONGEST_REMEMBERED:
            if len(self._remembered) >= _REMEMBERED_CHUNKS:
                self._remembered.clear()  # at once: dropping the oldest one by one costs more than it saves
            self._remembered[chunk] = pieces
        return pieces


class EnglishTokenizer(ChunkTokenizer):
    """Penn Treebank and CoNLL-2003 style tokens; see `ner.text.english`."""

    def __init__(self) -> None:
        super().__init__("english", english_cuts)

    def tokenize(self, text: str) -> list[Offsets]:
        """Cut a text into tokens; see `Tokenizer.tokenize`.

        An initial keeps its period ("J. Smith") except at the very end, where no name can follow ("plan B.").
        """
        tokens = super().tokenize(text)
        if len(tokens) > 1:
            start, end = tokens[-1]
            if end - start == 2 and text[end - 1] == "." and is_initial(text[start]):
                tokens[-1:] = [(start, end - 1), (end - 1, end)]
        return tokens


class GivenTokens:
    """A tokenizer that knows the answer: for a text whose tokens somebody else has found.

    Args:
        tokens: their offsets in the one text that it is asked about.
    """

    name = "given"

    def __init__(self, tokens: list[Offsets]) -> None:
        self._tokens = tokens

    def tokenize(self, text: str) -> list[Offsets]:
        """The tokens that were given."""
        return self._tokens


def get_tokenizer(name: str = DEFAULT_TOKENIZER) -> Tokenizer:
    """The tokenizer of that name, one object for each name in a process.

    Args:
        name: ``english`` (Penn Treebank and CoNLL-2003 style, sensible for any script with blanks), ``whitespace``,
            ``characters`` (one token a Chinese or Japanese character), or ``spacy:`` and a language code of spaCy,
            ``spacy:de`` (needs the extra ``spacy``).

    Raises:
        NerError: no such tokenizer, or no such language.
        MissingExtraError: ``spacy:`` without spaCy.
    """
    return _build(name)


@lru_cache(maxsize=16)
def _build(name: str) -> Tokenizer:
    kind, colon, language = name.partition(":")
    if kind == "spacy" and language:
        from ner.text.spacy_tokenizer import SpacyTokenizer  # imported on use: it needs an extra

        return SpacyTokenizer(language)
    if not colon:
        if kind == "english":
            return EnglishTokenizer()
        if kind == "characters":
            return ChunkTokenizer(name, character_cuts)
        if kind == "whitespace":
            return WhitespaceTokenizer()
    known = ", ".join(TOKENIZERS)
    raise NerError(
        f"there is no tokenizer {name!r}. Choose one of {known} (xx: a language code of spaCy, as in spacy:de)"
    )
