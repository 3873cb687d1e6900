"""Scores of a model on a corpus: predicted, written in the corpus's own scheme, compared."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ner.config import DataConfig
from ner.corpus.beside import ALONE, Beside, beside_of
from ner.corpus.check import identity
from ner.corpus.read import load
from ner.corpus.write import write_predictions
from ner.document import ScoredSpan
from ner.errors import DataError
from ner.evaluation.calibration import Reliability, reliability
from ner.evaluation.notebook import Shown
from ner.evaluation.partial import open_places, settle
from ner.evaluation.scores import Scores, count_illegal, score
from ner.evaluation.spans import outcomes
from ner.evaluation.tables import Part, text
from ner.evaluation.thresholds import ThresholdCurve, curve
from ner.schemes import Span, convert, detect, to_spans

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict

    from ner.tagger import Tagger

LEAST_SCORE = 0.05


@dataclass(frozen=True)
class Evaluation(Shown):
    """Scores, and of what.

    What needs probabilities is computed when it is asked for: they take longer than the tags.

    Attributes:
        scores: see `ner.evaluation.scores.Scores`.
        data: identity of the corpus: counts and checksum.
        model: path, and checksums of the weights and of the training's configuration.
        tokens, gold, predicted: of every sentence; the tags in the corpus's own scheme.
        open: the tokens of each sentence that count neither for nor against.
        tagger: what predicted them.
        beside: documents and columns of the sentences.
    """

    scores: Scores
    data: dict[str, Any]
    model: dict[str, Any]
    tokens: list[list[str]]
    gold: list[list[str]]
    predicted: list[list[str]]
    open: list[set[int]]
    tagger: Tagger = field(repr=False, compare=False)
    beside: Beside = ALONE

    def __repr__(self) -> str:
        return (
            f"<Evaluation of {len(self.tokens)} sentences, F1 {self.scores.micro.f1:.2%}, model {self.model['path']}>"
        )

    @cached_property
    def spans(self) -> list[list[ScoredSpan]]:
        """The predicted entities of every sentence with their scores."""
        return self._counted(self.tagger.predict(self.tokens, beside=self.beside).span_lists())

    @cached_property
    def candidates(self) -> list[list[ScoredSpan]]:
        """Entities with a score of at least 0.05 that do not overlap, chosen by their scores."""
        return self._counted(self.tagger.predict(self.tokens, threshold=LEAST_SCORE, beside=self.beside).span_lists())

    def reliability(self) -> Reliability:
        """Whether the entities' scores say how often they are right: calibration error and its diagram."""
        return reliability(*outcomes(self._gold_spans(), list(map(_scored, self.spans))))

    def thresholds(self) -> ThresholdCurve:
        """Precision and recall of the entities above every threshold on the score."""
        return curve(self._gold_spans(), list(map(_scored, self.candidates)))

    def _counted(self, spans: list[list[ScoredSpan]]) -> list[list[ScoredSpan]]:
        return [
            [span for span in found if places.isdisjoint(range(span.start, span.end))]
            for found, places in zip(spans, self.open, strict=True)
        ]

    def _gold_spans(self) -> list[list[Span]]:
        return [to_spans(tags) for tags in self.gold]

    def to_json(self) -> dict[str, Any]:
        """The scores as fractions, with the identity of data and model."""
        return {**self.scores.to_json(), "data": self.data, "model": self.model}

    def table(self) -> str:
        """The scores for people, with what was scored."""
        return text(self.parts())

    def parts(self) -> list[Part]:
        """What `table` shows."""
        of = {
            "data": self.data["sha256"],
            "model": self.model["sha256"],
            "configuration": self.model["configuration"],
        }
        known = ", ".join(f"{name} {checksum[:12]}" for name, checksum in of.items())
        return [*self.scores.parts(), f"sha256: {known} ({self.model['path']})"]

    def write_predictions(self, path: str | os.PathLike[str]) -> None:
        """A column file of token, gold tag, predicted tag: what conlleval reads."""
        write_predictions(self.tokens, self.gold, self.predicted, path)


def evaluate(
    model: str | os.PathLike[str] | Tagger,
    data: str | os.PathLike[str] | Dataset | DatasetDict,
    options: DataConfig | None = None,
    split: str = "test",
) -> Evaluation:
    """Score a model on a corpus.

    Args:
        model: a model folder, or a tagger.
        data: a file, a `datasets.Dataset` of tokens and tags, or a `DatasetDict` that has the split.
        options: how the file is read.
        split: of a `DatasetDict`.

    Raises:
        ModelError, DataError: the model or the corpus cannot be used, or the corpus has no tags.
        TypeError: the split was given without its name.
    """
    from ner.tagger import Tagger
    from ner.tagger import load as load_tagger

    if isinstance(options, str):
        raise TypeError(f'evaluate takes the split by name: split="{options}"')
    tagger = model if isinstance(model, Tagger) else load_tagger(model)
    columns = tagger.columns
    part = _split(data, options or DataConfig(), split, columns)
    beside = beside_of(part, columns)
    tokens, gold = part["tokens"][:], part["tags"][:]
    scheme = detect(gold) if options is None or options.scheme == "auto" else options.scheme
    decoded = tagger.predict(tokens, scores=False, beside=beside).tag_lists()
    illegal = count_illegal(decoded, tagger.predictor.tagset.scheme)
    predicted = [convert(tags, scheme) for tags in decoded]
    unknown = [open_places(tags) for tags in gold]
    gold, predicted = settle(gold, predicted, scheme)
    scores = score(gold, predicted, scheme, illegal)
    return Evaluation(scores, identity(part), tagger.identity(), tokens, gold, predicted, unknown, tagger, beside)


def _scored(spans: list[ScoredSpan]) -> list[tuple[Span, float]]:
    return [(Span(label, start, end), min(1.0, score)) for label, start, end, score in spans]


def _split(data: Any, options: DataConfig, split: str, columns: Sequence[str]) -> Dataset:
    if isinstance(data, (str, os.PathLike)):
        files = {"train": [], "dev": [], "test": [os.fspath(data)]}
        return load(options.model_copy(update=files), others=columns)["test"]
    if hasattr(data, "keys"):
        if split not in data:
            raise DataError(f"the data has no split {split!r}, but {', '.join(data)}.", remedy="Name one of them.")
        data = data[split]
    return load(options, {"test": data}, columns)["test"]
