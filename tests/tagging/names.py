"""A tagger that finds the names it knows, so that what is tested is the way to it and from it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import Any

from ner.corpus.beside import ALONE, Beside
from ner.document import Document, ScoredSpan
from ner.text import get_tokenizer

STREAMS = ("text", "conll", "jsonl")  # what is read as a stream of text, and written as one
PAGES = (*STREAMS, "html")
NAMES = {
    "Ada": "PER",
    "Ada Lovelace": "PER",
    "Otto": "PER",
    "London": "LOC",
    "New York": "LOC",
    "Oslo": "LOC",
    "Acme": "ORG",
}


class NameTagger:
    """Stands in for `ner.Tagger` where files are tagged."""

    tokenizer = get_tokenizer("english")
    device = "cpu"
    context = 0
    columns = ()

    def predict(
        self,
        sentences: Sequence[Sequence[str]],
        scores: bool = True,
        threshold: float | None = None,
        beside: Beside = ALONE,
    ) -> Any:
        found = [list(self._spans(tokens, scores)) for tokens in sentences]
        return SimpleNamespace(span_lists=lambda: found)

    def start(self, *arguments: Any) -> Any:
        found = self.predict(*arguments)
        return lambda: found

    def tag_tokens(self, sentences: Sequence[Sequence[str]]) -> list[Document]:
        return [Document.of_tokens(tokens, list(self._spans(tokens, True))) for tokens in sentences]

    @property
    def tagset(self) -> None:
        return None

    @staticmethod
    def _spans(tokens: Sequence[str], scores: bool) -> Iterator[ScoredSpan]:
        position = 0
        while position < len(tokens):
            sizes = [size for size in (2, 1) if " ".join(tokens[position : position + size]) in NAMES]
            size = min(sizes[0], len(tokens) - position) if sizes else 0
            if size:
                name = " ".join(tokens[position : position + size])
                yield ScoredSpan(NAMES[name], position, position + size, len(name) / 20 if scores else math.nan)
            position += size or 1
