"""What is asked of the tagger, and what it answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from ner.tagging import TagOptions


@dataclass(frozen=True, slots=True)
class TagJob:
    """Texts, or sentences that are tokens already, to be tagged.

    Attributes:
        options: what is decided and told beside the entities.
        texts: each a document of its own.
        sentences: lists of tokens.
        documents: of the sentences, as `ner.Tagger.tag_tokens` takes them.
        columns: of the sentences, likewise.
    """

    options: TagOptions
    texts: Sequence[str] = ()
    sentences: Sequence[list[str]] = ()
    documents: Sequence[int] | None = None
    columns: Sequence[Sequence[Sequence[str]]] | None = None

    @property
    def size(self) -> int:
        """Characters of text, the blanks between tokens included."""
        return sum(map(len, self.texts)) + sum(len(token) + 1 for tokens in self.sentences for token in tokens)


@dataclass(frozen=True, slots=True)
class InspectJob:
    """One sentence whose gates are to be looked at: a text, or its tokens."""

    sentence: str | list[str]


@dataclass(frozen=True, slots=True)
class Answer:
    """A body of JSON, and what is counted of it.

    Attributes:
        body: in UTF-8.
        documents, tokens: how many were tagged.
        entities: how many were found of each label.
    """

    body: bytes
    documents: int = 0
    tokens: int = 0
    entities: Counter[str] = field(default_factory=Counter)
