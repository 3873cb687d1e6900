"""The tokenizers of spaCy for the languages that the built-in ones know nothing of (extra ``spacy``)."""

from __future__ import annotations

import re
from typing import Any

from ner.errors import MissingExtraError, NerError
from ner.text.fold import starts_cluster

_LANGUAGE = re.compile("[a-z]{2,3}")  # the name becomes part of an import
_SURROGATE = re.compile("[\ud800-\udfff]")
# spaCy keeps every string it has ever seen; a new tokenizer is cheaper than a process that grows without end.
_MOST_STRINGS = 1_000_000


class SpacyTokenizer:
    """The rules of ``spacy.blank(language)``, without a trained pipeline.

    Args:
        language: a language code of spaCy, ``de``.

    Raises:
        NerError: spaCy has no such language, or the language needs a package that is not installed.
        MissingExtraError: spaCy is not installed.
    """

    def __init__(self, language: str) -> None:
        self.name = f"spacy:{language}"
        self._language = language
        self._pipeline = _blank(language)

    def tokenize(self, text: str) -> list[tuple[int, int]]:
        """Cut a text into tokens; see `ner.text.Tokenizer.tokenize`.

        Tokens of white space are left out, and a token that begins with a mark or in the middle of an emoji is joined
        to the one it belongs to.
        """
        pipeline = self._pipeline
        if len(pipeline.vocab.strings) > _MOST_STRINGS:
            pipeline = self._pipeline = _blank(self._language)
        tokens: list[tuple[int, int]] = []
        for token in pipeline.tokenizer(_SURROGATE.sub("\ufffd", text)):  # spaCy cannot encode surrogates
            for match in re.finditer(r"\S+", token.text):
                start, end = token.idx + match.start(), token.idx + match.end()
                if tokens and tokens[-1][1] == start and not starts_cluster(text, start):
                    tokens[-1] = (tokens[-1][0], end)
                else:
                    tokens.append((start, end))
        return tokens


def _blank(language: str) -> Any:
    """An empty pipeline of spaCy, which holds the tokenizer and its vocabulary."""
    try:
        import spacy
    except ImportError as error:
        raise MissingExtraError(f"The tokenizer spacy:{language}", "spacy") from error
    if _LANGUAGE.fullmatch(language) is None:
        raise NerError(f"spacy:{language} names no language: expected a code of two or three letters, as in spacy:de")
    try:
        return spacy.blank(language)
    except ImportError as error:
        raise NerError(f"the tokenizer spacy:{language} cannot be used: {error}") from error
