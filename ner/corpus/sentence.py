"""What every reader yields and every writer takes: one sentence of a corpus."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Sentence:
    """Tokens with their tags, and where they stood.

    Attributes:
        tokens: the words; an empty one stands where the file has none.
        tags: a tag a token as the file has it; None where the file has no tags.
        line: 1-based line of the first token in its file; 0 where there is no file.
        document: 0-based number of the document in its file.
        columns: the file's other columns by position or name, each as long as ``tokens``.
        weight: how much the sentence counts in training, where others count 1.
    """

    tokens: list[str]
    tags: list[str] | None = None
    line: int = 0
    document: int = 0
    columns: dict[str, list[str]] = field(default_factory=dict)
    weight: float = 1.0
