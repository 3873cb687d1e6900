"""What tagging gives: a text with its sentences, tokens and entities, all by character offset."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from json.encoder import encode_basestring
from typing import Any, NamedTuple

from ner.schemes import Span, to_tags

Offsets = list[tuple[int, int]]
_LETTERS, _ENTITIES = 60, 10  # of a document that shows itself in a line


class Token(NamedTuple):
    """A token and where it stands: ``document.text[start:end] == text``."""

    text: str
    start: int
    end: int


class Entity(NamedTuple):
    """A named entity: ``document.text[start:end] == text``.

    Attributes:
        score: the model's probability that exactly these tokens are an entity of this label; NaN where none was
            asked for.
    """

    text: str
    label: str
    start: int
    end: int
    score: float


class ScoredSpan(NamedTuple):
    """An entity over tokens ``start`` up to, not including, ``end`` of its sentence."""

    label: str
    start: int
    end: int
    score: float


@dataclass(frozen=True)
class Document:
    """A tagged text. In a notebook it shows itself with its entities highlighted.

    Attributes:
        text: as it was given.
        offsets: the characters of every token, sentence by sentence.
        spans: the entities over tokens, sentence by sentence.
    """

    text: str
    offsets: list[Offsets]
    spans: list[list[ScoredSpan]]

    @classmethod
    def of_tokens(cls, tokens: Sequence[str], spans: list[ScoredSpan]) -> Document:
        """A document of one sentence, whose text is the tokens joined by blanks."""
        offsets, position = [], 0
        for token in tokens:
            offsets.append((position, position + len(token)))
            position += len(token) + 1
        return cls(" ".join(tokens), [offsets], [spans])

    @cached_property
    def sentences(self) -> list[list[Token]]:
        """The tokens, sentence by sentence."""
        text = self.text
        return [[Token(text[start:end], start, end) for start, end in offsets] for offsets in self.offsets]

    @cached_property
    def tokens(self) -> list[Token]:
        """All tokens in order."""
        return [token for sentence in self.sentences for token in sentence]

    @cached_property
    def entities(self) -> list[Entity]:
        """All entities in order."""
        found = []
        for offsets, spans in zip(self.offsets, self.spans, strict=True):
            for label, first, stop, score in spans:
                start, end = offsets[first][0], offsets[stop - 1][1]
                found.append(Entity(self.text[start:end], label, start, end, score))
        return found

    def tags(self, scheme: str = "IOB2") -> list[list[str]]:
        """A tag a token, sentence by sentence, in the scheme asked for."""
        return [
            to_tags([Span(*span[:3]) for span in spans], len(offsets), scheme)
            for offsets, spans in zip(self.offsets, self.spans, strict=True)
        ]

    def to_dict(self) -> dict[str, Any]:
        """The document as ``ner tag --to jsonl`` writes it."""
        return {
            "text": self.text,
            "tokens": [token._asdict() for token in self.tokens],
            "entities": [{**entity._asdict(), "score": round(entity.score, 6)} for entity in self.entities],
        }

    def to_json(self) -> str:
        """`to_dict` as JSON, letter for letter what `json.dumps` makes of it, beyond ASCII too; much faster."""
        text, quote = self.text, encode_basestring
        tokens = [
            f'{{"text": {quote(text[start:end])}, "start": {start}, "end": {end}}}'
            for offsets in self.offsets
            for start, end in offsets
        ]
        entities = [
            f'{{"text": {quote(name)}, "label": {quote(label)}, "start": {start}, "end": {end}, '
            f'"score": {json.dumps(round(score, 6))}}}'
            for name, label, start, end, score in self.entities
        ]
        return f'{{"text": {quote(text)}, "tokens": [{", ".join(tokens)}], "entities": [{", ".join(entities)}]}}'

    def __repr__(self) -> str:
        text = self.text if len(self.text) <= _LETTERS else f"{self.text[: _LETTERS - 3]}..."
        shown = [f"[{entity.label} {entity.text}]" for entity in self.entities[:_ENTITIES]]
        more = ["..."] * (len(self.entities) > _ENTITIES)
        return f"<Document {text!r}, entities: {' '.join([*shown, *more]) or 'none'}>"

    def _repr_html_(self) -> str:
        from ner.html import highlight

        return highlight(self)

    def __str__(self) -> str:
        """The text with its entities in brackets: ``[PER Ada Lovelace] was born in [LOC London].``"""
        pieces, position = [], 0
        for entity in self.entities:
            pieces += [self.text[position : entity.start], f"[{entity.label} {entity.text}]"]
            position = entity.end
        return "".join([*pieces, self.text[position:]])
