"""Where a tagger goes wrong: every error in one of five kinds, by type, length and novelty, and the most frequent.

The kinds and the one-to-one pairing behind them are those of `ner.evaluation.matching.match_spans`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ner.evaluation.matching import ERRORS, Kind, Match, match_spans
from ner.evaluation.notebook import Shown
from ner.evaluation.spans import SpanCounts
from ner.evaluation.tables import Part, Table, percent, text
from ner.schemes import Span, to_tags

SEEN, RETYPED, WORDS_SEEN, NEW = "seen", "seen as another type", "words seen", "new words"
NOVELTY = (SEEN, RETYPED, WORDS_SEEN, NEW)
"""Whether an entity was in the training data: as it is, with another label, only its words, or not even those."""

NONE = "(none)"
"""The column of missed entities and the row of spurious ones in the confusion matrix."""

ABSENT = "-"
"""What tables show for a text or a number that does not exist."""

_CONTEXT = 6  # tokens shown on either side of an error
_EXAMPLES = 3
_LONG = 5  # tokens; longer entities share a row
Breakdown = dict[str, Counter[Kind]]
Named = tuple[str, str]


@dataclass(frozen=True, slots=True)
class TrainingNames:
    """What the training data had: its words, and its entities with their labels."""

    words: frozenset[str]
    entities: dict[tuple[str, ...], frozenset[str]]

    @classmethod
    def of(cls, tokens: Iterable[Sequence[str]], spans: Iterable[Iterable[Span]]) -> TrainingNames:
        """Collect them from the training sentences' tokens and gold spans."""
        words: set[str] = set()
        labels: defaultdict[tuple[str, ...], set[str]] = defaultdict(set)
        for sentence, found in zip(tokens, spans, strict=True):
            words.update(sentence)
            for label, start, end in found:
                labels[tuple(sentence[start:end])].add(label)
        return cls(frozenset(words), {name: frozenset(known) for name, known in labels.items()})

    def novelty(self, words: Sequence[str], label: str) -> str:
        """The one of `NOVELTY` that holds for an entity; upper and lower case differ."""
        known = self.entities.get(tuple(words))
        if known is not None:
            return SEEN if label in known else RETYPED
        return WORDS_SEEN if self.words.issuperset(words) else NEW


@dataclass(frozen=True, slots=True)
class Frequent:
    """An error made ``count`` times on the same words, with the first places where it was.

    Attributes:
        kind: of error.
        gold, predicted: text and label of each, None where there is none.
        count: how often.
        examples: sentence numbers, 0-based, and the error between « and » in its context.
    """

    kind: Kind
    gold: Named | None
    predicted: Named | None
    count: int
    examples: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class ErrorReport(Shown):
    """All that is right and wrong in a prediction.

    Attributes:
        tokens: the words of each sentence.
        matches: gold entities and predictions of each sentence, paired.
        places: how each sentence is named to the user, such as ``line 7``; empty to number them.
        training: what the training data had; None leaves novelty out.
    """

    tokens: Sequence[Sequence[str]]
    matches: Sequence[Sequence[Match]]
    places: Sequence[str] = ()
    training: TrainingNames | None = None

    def __repr__(self) -> str:
        found = ", ".join(f"{kind} {number}" for kind, number in self.counts().most_common())
        return f"<ErrorReport of {len(self.tokens)} sentences, {found or 'no entities'}>"

    def counts(self) -> Counter[Kind]:
        """How many matches there are of each kind, ``correct`` among them."""
        return Counter(match.kind for _, match in self._all())

    def by_type(self) -> Breakdown:
        """Kinds by the label of the gold entity, or of the prediction where that is spurious."""
        return self._breakdown(lambda _, match: match.span.label)

    def by_length(self) -> Breakdown:
        """Kinds by length in tokens, of the gold entity or the spurious prediction."""

        def length(_: Sequence[str], match: Match) -> str:
            number = match.span.end - match.span.start
            return str(number) if number < _LONG else f"{_LONG} or more"

        return self._breakdown(length)

    def by_novelty(self) -> Breakdown:
        """Kinds by `NOVELTY`, of the gold entity or the spurious prediction; empty without training data."""
        training = self.training
        if training is None:
            return {}
        found = self._breakdown(lambda words, match: training.novelty(_words(words, match.span), match.span.label))
        return {name: found[name] for name in NOVELTY if name in found}

    def confusion(self) -> dict[str, dict[str, int]]:
        """Pairs by gold label, then predicted label; boundaries do not matter, and `NONE` stands for no partner."""
        labels = sorted({span.label for _, match in self._all() for span in (match.gold, match.predicted) if span})
        matrix = {row: dict.fromkeys([*labels, NONE], 0) for row in [*labels, NONE]}
        for _, match in self._all():
            row, column = (span.label if span else NONE for span in (match.gold, match.predicted))
            matrix[row][column] += 1
        return matrix

    def frequent(self, limit: int = 20) -> list[Frequent]:
        """The most frequent errors on the same words, at most ``limit``; of equally frequent ones the first."""
        places: defaultdict[tuple[Kind, Named | None, Named | None], list[tuple[int, Match]]] = defaultdict(list)
        for number, match in self._all():
            if match.kind != "correct":
                words = self.tokens[number]
                places[match.kind, _named(words, match.gold), _named(words, match.predicted)].append((number, match))
        ranked = sorted(places.items(), key=lambda item: -len(item[1]))[:limit]
        return [
            Frequent(
                kind,
                gold,
                predicted,
                count=len(found),
                examples=tuple((number, _context(self.tokens[number], match)) for number, match in found[:_EXAMPLES]),
            )
            for (kind, gold, predicted), found in ranked
        ]

    def place(self, sentence: int) -> str:
        """How a sentence, 0-based, is named to the user."""
        return self.places[sentence] if self.places else f"sentence {sentence + 1}"

    def summary(self) -> str:
        """Sizes and F1 in a line, and how the columns of the breakdowns are to be read."""
        counts = self.counts()
        scores = SpanCounts(
            correct=counts["correct"],
            predicted=counts.total() - counts["missed"],
            gold=counts.total() - counts["spurious"],
        )
        return (
            f"{len(self.tokens)} sentences; entities: {scores.gold} gold, {scores.predicted} predicted, "
            f"{scores.correct} correct; F1 {percent(scores.f1)}. "
            "Found: percent of the gold entities, label and boundaries right; errors are counted."
        )

    def to_json(self, limit: int = 20) -> dict[str, Any]:
        """Plain numbers and texts: every breakdown, the ``limit`` most frequent errors, and every error by itself."""
        return {
            "counts": _plain(self.counts()),
            "types": {name: _plain(counts) for name, counts in self.by_type().items()},
            "lengths": {name: _plain(counts) for name, counts in self.by_length().items()},
            "novelty": {name: _plain(counts) for name, counts in self.by_novelty().items()},
            "confusion": self.confusion(),
            "frequent": [
                {
                    "kind": error.kind,
                    "gold": list(error.gold) if error.gold else None,
                    "predicted": list(error.predicted) if error.predicted else None,
                    "count": error.count,
                    "examples": [
                        {"place": self.place(number), "context": context} for number, context in error.examples
                    ],
                }
                for error in self.frequent(limit)
            ],
            "errors": [
                {
                    "sentence": number,
                    "place": self.place(number),
                    "kind": match.kind,
                    "gold": _span_json(self.tokens[number], match.gold),
                    "predicted": _span_json(self.tokens[number], match.predicted),
                }
                for number, match in self._all()
                if match.kind != "correct"
            ],
        }

    def table(self, limit: int = 20) -> str:
        """Plain aligned tables: kinds by type, length and novelty, the confusion matrix, the most frequent errors."""
        return text(self.parts(limit))

    def parts(self, limit: int = 20) -> list[Part]:
        """What `table` shows."""
        parts: list[Part] = [self.summary(), _breakdown_table("label", {**self.by_type(), "all": self.counts()})]
        parts.append(_breakdown_table("tokens", self.by_length()))
        if self.training is not None:
            parts.append(_breakdown_table("in training", self.by_novelty()))
        matrix = self.confusion()
        rows = [(row, *map(str, counts.values())) for row, counts in matrix.items()]
        parts.append(Table(("gold \\ predicted", *matrix), rows))
        frequent = [
            (str(error.count), ERRORS[error.kind], reads(error.gold), reads(error.predicted), self.example(error))
            for error in self.frequent(limit)
        ]
        parts.append(Table(("times", "error", "gold", "predicted", "for example"), frequent, left=5))
        return parts

    def example(self, error: Frequent) -> str:
        """The first place of a frequent error, with its context."""
        sentence, context = error.examples[0]
        return f"{self.place(sentence)}: {context}"

    def _all(self) -> Iterator[tuple[int, Match]]:
        for number, matches in enumerate(self.matches):
            for match in matches:
                yield number, match

    def _breakdown(self, key: Callable[[Sequence[str], Match], str]) -> Breakdown:
        found: defaultdict[str, Counter[Kind]] = defaultdict(Counter)
        for number, match in self._all():
            found[key(self.tokens[number], match)][match.kind] += 1
        return dict(sorted(found.items()))


def analyse(
    tokens: Sequence[Sequence[str]],
    gold: Sequence[Sequence[Span]],
    predicted: Sequence[Sequence[Span]],
    places: Sequence[str] = (),
    training: TrainingNames | None = None,
) -> ErrorReport:
    """Pair and classify all entities of a corpus.

    Args:
        tokens: the words of each sentence.
        gold, predicted: the spans of each sentence; those of one side do not overlap.
        places: how each sentence is named to the user; empty to number them.
        training: what the training data had, for the breakdown by novelty.

    Raises:
        ValueError: different numbers of sentences, or spans that overlap or lie outside of their sentence.
    """
    sizes = {len(tokens), len(gold), len(predicted), len(places) or len(tokens)}
    if len(sizes) > 1:
        raise ValueError(
            f"{len(tokens)} sentences, gold spans of {len(gold)} and predicted spans of {len(predicted)}, "
            f"names of {len(places)}: expected the same number of each"
        )
    for number, (words, *sides) in enumerate(zip(tokens, gold, predicted, strict=True), start=1):
        for side, spans in zip(("gold", "predicted"), sides, strict=True):
            try:
                to_tags(spans, len(words), "IOB2")
            except ValueError as error:
                raise ValueError(f"sentence {number}, {side}: {error}") from error
    return ErrorReport(tokens, [match_spans(*sides) for sides in zip(gold, predicted, strict=True)], places, training)


def _words(words: Sequence[str], span: Span) -> Sequence[str]:
    return words[span.start : span.end]


def _named(words: Sequence[str], span: Span | None) -> Named | None:
    return (" ".join(_words(words, span)), span.label) if span else None


def reads(named: Named | None) -> str:
    """A text with its label, as tables show it."""
    return f"{named[0]} ({named[1]})" if named else ABSENT


def _context(words: Sequence[str], match: Match) -> str:
    spans = [span for span in (match.gold, match.predicted) if span]
    start, end = min(span.start for span in spans), max(span.end for span in spans)
    before, after = words[max(0, start - _CONTEXT) : start], words[end : end + _CONTEXT]
    return " ".join((*before, f"«{' '.join(words[start:end])}»", *after))


def _plain(counts: Counter[Kind]) -> dict[str, int]:
    return {kind: counts[kind] for kind in ("correct", *ERRORS)}


def _span_json(words: Sequence[str], span: Span | None) -> dict[str, Any] | None:
    return {"text": " ".join(_words(words, span)), **span._asdict()} if span else None


def _breakdown_table(name: str, breakdown: Breakdown) -> Table:
    rows = []
    for key, counts in breakdown.items():
        gold = counts.total() - counts["spurious"]
        found = percent(counts["correct"] / gold) if gold else ABSENT
        rows.append((key, str(gold), found, *(str(counts[kind]) for kind in ERRORS)))
    return Table((name, "gold", "found", *ERRORS), rows)
