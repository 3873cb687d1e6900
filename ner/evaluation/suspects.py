"""Probable annotation errors: where a model that never saw a sentence is sure of something else than its annotation.

Every annotated entity is held against its likeliest rival, which is another entity over some of its words, or none at
all; and every entity that the model sees where the annotation has none is held against there being none. All of these
are exact probabilities under the CRF. How suspicious an annotation is are the odds against it:

    log odds = ln P(rival) - ln P(annotation)

Confident learning (Northcutt et al. 2021) ranks classes by the difference of probabilities. Here that puts names that
the model has not met, and is sure are none, before boundaries that it finds all but impossible, and finds fewer
errors: see ``scripts/suspects.py``, which prints both.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ner.evaluation.tables import text_table
from ner.schemes import Span

Kind = Literal["type", "boundary", "type and boundary", "no entity", "missing"]
"""What the model would change: the annotated entity's type, its boundary, both, or that it is one; or it would add
one that is missing."""

_CONTEXT = 4
_FLOOR = 1e-9  # of a probability: what is less is single precision's noise


@dataclass(frozen=True)
class Belief:
    """What models say of one sentence that they were not trained on.

    Attributes:
        annotated: the probability of every annotated entity.
        rivals: of other entities.
        nothing: that there is no entity in a span: of every annotated entity, and of every rival that overlaps none.
    """

    annotated: Mapping[Span, float]
    rivals: Mapping[Span, float]
    nothing: Mapping[Span, float]


@dataclass(frozen=True)
class Suspect:
    """A probable annotation error.

    Attributes:
        sentence: its number, from 0.
        place: file and line, or row, of the first word concerned.
        tokens: the sentence.
        annotated: what stands there; None for no entity.
        rival: what the model would have there; None for no entity.
        p_annotated, p_rival: their probabilities.
    """

    sentence: int
    place: str
    tokens: Sequence[str]
    annotated: Span | None
    rival: Span | None
    p_annotated: float
    p_rival: float

    @property
    def log_odds(self) -> float:
        """How suspicious it is: the natural logarithm of the odds of the rival against the annotation."""
        return math.log((self.p_rival + _FLOOR) / (self.p_annotated + _FLOOR))

    @property
    def kind(self) -> Kind:
        """What the model would change."""
        if self.annotated is None:
            return "missing"
        if self.rival is None:
            return "no entity"
        if self.annotated[1:] == self.rival[1:]:
            return "type"
        return "boundary" if self.annotated.label == self.rival.label else "type and boundary"

    def context(self) -> str:
        """The words concerned, among their neighbours."""
        spans = [span for span in (self.annotated, self.rival) if span is not None]
        start, end = min(span.start for span in spans), max(span.end for span in spans)
        before, after = self.tokens[max(0, start - _CONTEXT) : start], self.tokens[end : end + _CONTEXT]
        return " ".join((*before, f"«{' '.join(self.tokens[start:end])}»", *after))

    def reads(self, span: Span | None) -> str:
        """An entity with its type, as tables show it."""
        return "-" if span is None else f"{' '.join(self.tokens[span.start : span.end])} ({span.label})"

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "place": self.place,
            "sentence": self.sentence,
            "kind": self.kind,
            "annotated": self._plain(self.annotated),
            "rival": self._plain(self.rival),
            "p_annotated": round(self.p_annotated, 6),
            "p_rival": round(self.p_rival, 6),
            "log_odds": round(self.log_odds, 6),
            "tokens": list(self.tokens),
        }

    def _plain(self, span: Span | None) -> dict[str, Any] | None:
        return None if span is None else {"text": " ".join(self.tokens[span.start : span.end]), **span._asdict()}


@dataclass(frozen=True)
class Suspects:
    """Annotations by how suspicious they are, the most suspicious first.

    Attributes:
        ranked: all whose rival is likelier than they are.
        sentences, entities: that were looked at.
    """

    ranked: tuple[Suspect, ...]
    sentences: int
    entities: int

    @property
    def doubted(self) -> int:
        """Annotated entities among the suspects."""
        return sum(one.annotated is not None for one in self.ranked)

    @property
    def judgement(self) -> str:
        """What to think of the models: "", unless they doubt most of what is annotated."""
        if 2 * self.doubted <= self.entities:
            return ""
        return (
            f"The models doubt {self.doubted:,} of the {self.entities:,} annotated entities, more than half: they "
            "have learnt too little to judge. Give them vectors, more epochs (--epochs) or more sentences."
        )

    def table(self, limit: int = 20) -> str:
        """The most suspicious."""
        rows = [
            (
                str(rank),
                one.place,
                one.kind,
                one.reads(one.annotated),
                one.reads(one.rival),
                f"{one.p_annotated:.3f}",
                f"{one.p_rival:.3f}",
                "  " + one.context(),
            )
            for rank, one in enumerate(self.ranked[:limit], start=1)
        ]
        widest = max((len(row[-1]) for row in rows), default=0)
        rows = [(*row[:-1], row[-1].ljust(widest)) for row in rows]
        head = (
            f"{len(self.ranked):,} suspects in {self.sentences:,} sentences with {self.entities:,} entities: the "
            "models would rather have something else there"
        )
        head = f"{head}\n{self.judgement}" if self.judgement else head
        header = ("", "where", "what", "annotated", "rival", "P(annotated)", "P(rival)", "")
        return f"{head}\n\n{text_table(header, rows, left=5)}" if rows else head

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "sentences": self.sentences,
            "entities": self.entities,
            "suspects": [one.to_json() for one in self.ranked],
        }


def rank(sentences: Iterable[tuple[Sequence[str], Callable[[int], str], Belief]]) -> list[Suspect]:
    """Annotations whose rival is likelier than they are, by falling odds.

    Args:
        sentences: tokens, where the word of a number stands, and belief.
    """
    found = [one for number, sentence in enumerate(sentences) for one in _of_sentence(number, *sentence)]
    return sorted(
        (one for one in found if one.p_rival > one.p_annotated), key=lambda one: (-one.log_odds, one.sentence)
    )


def _of_sentence(
    number: int, tokens: Sequence[str], place: Callable[[int], str], belief: Belief
) -> Iterator[Suspect]:
    for span, chance in belief.annotated.items():
        rivals: dict[Span | None, float] = {None: belief.nothing[span]}
        rivals.update({other: p for other, p in belief.rivals.items() if overlap(span, other) and other != span})
        rival = max(rivals, key=lambda one: rivals[one])
        yield Suspect(number, place(span.start), tokens, span, rival, chance, rivals[rival])
    taken: list[Span] = list(belief.annotated)
    for span, chance in sorted(belief.rivals.items(), key=lambda item: -item[1]):
        if not any(overlap(span, other) for other in taken):
            taken.append(span)
            yield Suspect(number, place(span.start), tokens, None, span, belief.nothing[span], chance)


def overlap(one: Span, other: Span) -> bool:
    """Whether two entities share a word."""
    return one.start < other.end and other.start < one.end
