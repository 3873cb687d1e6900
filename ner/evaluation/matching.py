"""Which prediction answers which gold entity, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from ner.schemes import Span

Kind = Literal["correct", "type", "boundary", "both", "missed", "spurious"]

ERRORS: dict[Kind, str] = {
    "type": "wrong type",
    "boundary": "wrong boundary",
    "both": "wrong type and boundary",
    "missed": "missed",
    "spurious": "spurious",
}
"""The kinds of error in the order of the report, and how they read."""


@dataclass(frozen=True, slots=True)
class Match:
    """A gold entity with its prediction, a gold entity without one, or a prediction without a gold entity."""

    kind: Kind
    gold: Span | None
    predicted: Span | None

    @property
    def span(self) -> Span:
        """The gold entity, or where there is none the prediction."""
        found = self.gold or self.predicted
        assert found is not None
        return found


def match_spans(gold: Iterable[Span], predicted: Iterable[Span]) -> list[Match]:
    """Pair the spans of a sentence one to one, and name the error of each pair.

    In this order, every span being used once:

    1. same label and boundaries: ``correct``;
    2. same boundaries: ``type``;
    3. same label and a common token: ``boundary``;
    4. a common token: ``both``;
    5. what is left over: ``missed`` gold spans and ``spurious`` predictions.

    Where a span has several candidates in 3 and 4, the pair with most common tokens comes first, then the leftmost.
    So gold spans are correct, type, boundary, both or missed, and predictions are correct, type, boundary, both or
    spurious.

    Returns:
        The matches from left to right.
    """
    golds, predictions = set(gold), set(predicted)
    matches: list[Match] = []
    rules: tuple[tuple[Kind, Callable[[Span, Span], bool]], ...] = (
        ("correct", lambda one, other: one == other),
        ("type", lambda one, other: one[1:] == other[1:]),
        ("boundary", lambda one, other: one.label == other.label),
        ("both", lambda one, other: True),
    )
    for kind, agree in rules:
        pairs = [(_common(one, other), one, other) for one in golds for other in predictions if agree(one, other)]
        for common, one, other in sorted(pairs, key=lambda pair: (-pair[0], pair[1][1:], pair[2][1:], pair[1:])):
            if common and one in golds and other in predictions:
                golds.remove(one)
                predictions.remove(other)
                matches.append(Match(kind, one, other))
    matches += [Match("missed", span, None) for span in golds]
    matches += [Match("spurious", None, span) for span in predictions]
    return sorted(matches, key=lambda match: (match.span[1:], match.span.label, match.kind))


def _common(one: Span, other: Span) -> int:
    """The number of tokens that both have."""
    return max(0, min(one.end, other.end) - max(one.start, other.start))
