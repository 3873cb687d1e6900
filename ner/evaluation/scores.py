"""The reported scores: seqeval's, in conlleval's reading and in the strict one of the tag scheme.

In conlleval's reading an orphan ``I-X`` opens a span; in the strict reading a span counts only if its tags are what
the scheme asks for. seqeval has gaps, which are closed by renaming letters one to one or by mirroring sentences; both
leave an illegal sequence illegal:

- its conlleval reading does not know ``L``, ``U`` and ``M``: they are renamed ``E``, ``S`` and ``I``;
- it has no BMES: renamed, it is IOBES;
- its IOE1 misses legal spans: mirrored, it is IOB1, which works;
- its strict reading trims hyphens from labels: labels are numbered.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

from ner.errors import DataError
from ner.evaluation.notebook import Shown
from ner.evaluation.spans import check_parallel, count_spans
from ner.evaluation.tables import Part, Table, percent, text
from ner.schemes import OUTSIDE, legality, named, split_tag

_RENAMED_LETTER = {"L": "E", "U": "S", "M": "I"}
_RENAMED_SCHEME = {"BILOU": "IOBES", "BMES": "IOBES"}
_Corpus = list[list[str]]


@dataclass(frozen=True, slots=True)
class Score:
    """Precision, recall and F1 as fractions, and the number of gold entities behind them."""

    precision: float = 0.0
    recall: float = 0.0
    f1: float = 0.0
    support: int = 0


@dataclass(frozen=True, slots=True)
class Scores(Shown):
    """All scores of a prediction.

    Attributes:
        micro: over all entities, in conlleval's reading: the score that papers report.
        macro: mean over the types that occur in gold or prediction.
        types: by entity type.
        strict: micro average in the strict reading.
        strict_types: by entity type in the strict reading; a type without any legal entity is absent.
        accuracy: fraction of the tokens with the right tag.
        illegal_transitions: predicted tags that may not follow the one before, begin or end a sentence.
        sentences, tokens: size of the data.
        gold, predicted, correct: numbers of entities in conlleval's reading.
    """

    micro: Score
    macro: Score
    types: dict[str, Score]
    strict: Score
    strict_types: dict[str, Score]
    accuracy: float
    illegal_transitions: int
    sentences: int
    tokens: int
    gold: int
    predicted: int
    correct: int

    def to_json(self) -> dict[str, Any]:
        """Plain numbers and dicts; `from_json` reads them back."""
        return {
            "micro": asdict(self.micro),
            "macro": asdict(self.macro),
            "types": {name: asdict(score) for name, score in self.types.items()},
            "strict": {
                **asdict(self.strict),
                "types": {name: asdict(score) for name, score in self.strict_types.items()},
            },
            "accuracy": self.accuracy,
            "illegal_transitions": self.illegal_transitions,
            "sentences": self.sentences,
            "tokens": self.tokens,
            "entities": {"gold": self.gold, "predicted": self.predicted, "correct": self.correct},
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Scores:
        """The scores that `to_json` wrote; keys beside them are passed over.

        Raises:
            DataError: a key is missing or holds something else.
        """
        try:
            strict = dict(data["strict"])
            strict_types = strict.pop("types")
            return cls(
                micro=Score(**data["micro"]),
                macro=Score(**data["macro"]),
                types={name: Score(**score) for name, score in data["types"].items()},
                strict=Score(**strict),
                strict_types={name: Score(**score) for name, score in strict_types.items()},
                **{key: data[key] for key in ("accuracy", "illegal_transitions", "sentences", "tokens")},
                **{key: data["entities"][key] for key in ("gold", "predicted", "correct")},
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise DataError(
                f"these are no scores ({error!r}).", remedy="Write them again with `ner evaluate --json`."
            ) from error

    def table(self) -> str:
        """A plain aligned table, percentages to two places."""
        return text(self.parts())

    def parts(self) -> list[Part]:
        """What `table` shows."""
        rows = [*self.types.items(), ("micro", self.micro), ("macro", self.macro), ("strict", self.strict)]
        cells = [
            (name, percent(row.precision), percent(row.recall), percent(row.f1), str(row.support))
            for name, row in rows
        ]
        return [
            f"{self.tokens} tokens in {self.sentences} sentences; "
            f"entities: {self.gold} gold, {self.predicted} predicted, {self.correct} correct\n"
            f"accuracy {percent(self.accuracy)}; illegal transitions {self.illegal_transitions}",
            Table(("type", "precision", "recall", "F1", "support"), cells),
        ]


def score(
    gold: Sequence[Sequence[str]],
    predicted: Sequence[Sequence[str]],
    scheme: str,
    illegal_transitions: int | None = None,
) -> Scores:
    """Score predicted tags against gold tags.

    A label that occurs only in gold or only in the prediction counts as missed or spurious. Without any entity, or
    without any sentence, the scores are zero.

    Args:
        gold, predicted: the tags of each sentence, both written in ``scheme``.
        scheme: one of `ner.schemes.SCHEMES`.
        illegal_transitions: counted before the tags were rewritten in ``scheme``; None counts them here.

    Raises:
        ValueError: different numbers of sentences or tokens, an unknown scheme, or a tag that it does not have.
    """
    check_parallel(gold, predicted)
    vocabulary = sorted({OUTSIDE}.union(*gold, *predicted))
    scheme = named(scheme)
    legality(vocabulary, scheme)  # refuses tags that the scheme does not have, in gold too
    if illegal_transitions is None:
        illegal_transitions = count_illegal(predicted, scheme)
    names = sorted({split_tag(tag)[1] for tag in vocabulary if tag != OUTSIDE})
    known = {tag: _renamed(tag, names) for tag in vocabulary}
    gold_known, predicted_known = ([[known[tag] for tag in tags] for tags in corpus] for corpus in (gold, predicted))
    types, micro, macro = _conlleval(gold_known, predicted_known, names)
    strict_types, strict = _strict(gold_known, predicted_known, names, scheme)
    counts = count_spans(gold, predicted)
    tokens = sum(map(len, gold))
    return Scores(
        micro=micro,
        macro=macro,
        types=types,
        strict=strict,
        strict_types=strict_types,
        accuracy=sum(map(_agreement, gold, predicted)) / tokens if tokens else 0.0,
        illegal_transitions=illegal_transitions,
        sentences=len(gold),
        tokens=tokens,
        gold=counts.gold,
        predicted=counts.predicted,
        correct=counts.correct,
    )


def count_illegal(corpus: Sequence[Sequence[str]], scheme: str) -> int:
    """How many tags may not begin a sentence, follow the tag before, or end a sentence."""
    vocabulary = sorted({OUTSIDE}.union(*corpus))
    rules = legality(vocabulary, scheme)
    index = {tag: number for number, tag in enumerate(vocabulary)}
    count = 0
    for tags in corpus:
        numbers = [index[tag] for tag in tags]
        if numbers:
            count += (not rules.start[numbers[0]]) + (not rules.end[numbers[-1]])
            count += sum(not rules.transitions[before][after] for before, after in pairwise(numbers))
    return count


def _renamed(tag: str, names: list[str]) -> str:
    """The tag in letters that seqeval knows, with its label's number; numbers sort as the labels do."""
    if tag == OUTSIDE:
        return tag
    letter, label = split_tag(tag)
    return f"{_RENAMED_LETTER.get(letter, letter)}-{names.index(label):06}"


def _conlleval(gold: _Corpus, predicted: _Corpus, names: list[str]) -> tuple[dict[str, Score], Score, Score]:
    """By type, micro and macro average, as seqeval's default mode has them."""
    if not names:  # seqeval's macro average of nothing is not a number
        return {}, Score(), Score()
    # Here, because seqeval imports scikit-learn: seconds that tagging need not pay.
    from seqeval.metrics.sequence_labeling import precision_recall_fscore_support

    columns = precision_recall_fscore_support(gold, predicted, average=None, zero_division=0)
    micro, macro = (
        _as_score(precision_recall_fscore_support(gold, predicted, average=average, zero_division=0))
        for average in ("micro", "macro")
    )
    return _by_type(names, columns), micro, macro


def _strict(gold: _Corpus, predicted: _Corpus, names: list[str], scheme: str) -> tuple[dict[str, Score], Score]:
    """By type and micro average, as seqeval's strict mode has them."""
    if not names:
        return {}, Score()
    import seqeval.scheme
    from seqeval.metrics.v1 import precision_recall_fscore_support

    if scheme == "IOE1":
        gold, predicted, scheme = _mirrored(gold), _mirrored(predicted), "IOB1"
    reader = getattr(seqeval.scheme, _RENAMED_SCHEME.get(scheme, scheme))
    read = {
        "scheme": reader,
        "entities_true": seqeval.scheme.Entities(gold, reader),
        "entities_pred": seqeval.scheme.Entities(predicted, reader),
        "zero_division": 0,
    }
    found = sorted(read["entities_true"].unique_tags | read["entities_pred"].unique_tags)
    columns = precision_recall_fscore_support(gold, predicted, average=None, **read)
    micro = precision_recall_fscore_support(gold, predicted, average="micro", **read)
    return _by_type([names[int(number)] for number in found], columns), _as_score(micro)


def _mirrored(corpus: _Corpus) -> _Corpus:
    """Every sentence backwards, ends as beginnings."""
    return [["B" + tag[1:] if tag[0] == "E" else tag for tag in reversed(tags)] for tags in corpus]


def _by_type(names: list[str], columns: Sequence[Sequence[float]]) -> dict[str, Score]:
    return {name: _as_score(row) for name, row in zip(names, zip(*columns, strict=True), strict=True)}


def _as_score(row: Sequence[float]) -> Score:
    """Plain numbers of seqeval's numpy ones, which JSON would refuse."""
    precision, recall, f1, support = row
    return Score(float(precision), float(recall), float(f1), int(support))


def _agreement(gold: Sequence[str], predicted: Sequence[str]) -> int:
    return sum(map(str.__eq__, gold, predicted))
