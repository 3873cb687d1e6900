"""Tagging token lists in bulk: batches of emissions decoded, spans found by array operations.

The answer for a sentence does not depend on its neighbours, and sentences go back into the order in which they came.
On what the network runs is not known here: `ner.torch_prediction` fills that in, `ner.integrations.onnx.prediction`
for exported models.
"""

from __future__ import annotations

import functools
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal, NamedTuple, Protocol, TypeVar

import numpy as np

from ner import schemes
from ner.batching import Emitted
from ner.corpus.beside import ALONE, Beside
from ner.document import ScoredSpan
from ner.features.encoder import FeatureEncoder
from ner.features.tags import TagSet
from ner.modules.crf_reading import SpanReading
from ner.modules.crf_single import SingleCRF

Precision = Literal["fp32", "bf16"]
"""Of the recurrent layers' arithmetic. bf16 keeps 8 bits of a number's 24, and tags about 1.5 times as fast where
the processor has instructions for it (AMX, AVX512-BF16); decoding and probabilities are computed in fp32 all the
same."""

_TAGS = 12  # that show themselves in a line
LONGEST = 10
"""Tokens of an entity where entities are decoded by their own probabilities."""

Places = tuple[np.ndarray, ...]
"""Rows and columns of a batch."""

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Prediction:
    """Tags and entities of S sentences with N tokens in all.

    Attributes:
        tagset: what the tag numbers mean.
        starts: the first token of each sentence, int64 [S + 1]; the last entry is N.
        tags: the number of each token's tag, int64 [N].
        spans: the entities in order, int64 [E, 3]: first token, last token + 1 (both counted over all N), and tag of
            the first token.
        scores: the probability of each entity, float64 [E]; NaN where not asked for.
    """

    tagset: TagSet
    starts: np.ndarray
    tags: np.ndarray
    spans: np.ndarray
    scores: np.ndarray

    def tag_lists(self) -> list[list[str]]:
        """The tags of each sentence as strings, in the model's scheme."""
        names = list(map(self.tagset.tags.__getitem__, self.tags.tolist()))
        bounds = self.starts.tolist()
        return [names[start:end] for start, end in pairwise(bounds)]

    def span_lists(self) -> list[list[ScoredSpan]]:
        """The entities of each sentence, over its own tokens."""
        found: list[list[ScoredSpan]] = [[] for _ in range(len(self.starts) - 1)]
        sentence = np.searchsorted(self.starts, self.spans[:, 0], side="right") - 1
        first = self.starts[sentence]
        labels = [schemes.split_tag(tag)[1] for tag in self.tagset.tags]
        rows = zip(
            sentence.tolist(),
            (self.spans[:, 0] - first).tolist(),
            (self.spans[:, 1] - first).tolist(),
            self.spans[:, 2].tolist(),
            self.scores.tolist(),
            strict=True,
        )
        for number, start, end, tag, score in rows:
            found[number].append(ScoredSpan(labels[tag], start, end, score))
        return found


class Explanation(NamedTuple):
    """How sure the model is of one sentence of T tokens.

    Attributes:
        probability: of the best tag sequence as a whole.
        entropy: of the distribution over all legal tag sequences, in nats; 0 where the model has no doubt.
        marginals: the probability of each tag at each token, float [T, K].
        n_best: the likeliest tag sequences with their probabilities, in order.
    """

    probability: float
    entropy: float
    marginals: np.ndarray
    n_best: list[tuple[list[str], float]]

    def __repr__(self) -> str:
        tags = self.n_best[0][0] if self.n_best else []
        shown = " ".join([*tags[:_TAGS], *["..."] * (len(tags) > _TAGS)])
        return f"<Explanation of {len(self.marginals)} tokens, probability {self.probability:.3f}: {shown}>"


class Source(Protocol):
    """Where emissions come from."""

    def start(
        self, sentences: Sequence[list[str]], work: Callable[[Emitted], R], beside: Beside = ALONE
    ) -> Iterator[R]:
        """Do some work on the emissions of all sentences that are not empty; see `ner.emission.Emitter.start`."""
        ...


class Distribution(NamedTuple):
    """What is likely in B sentences.

    Attributes:
        marginals: the probability of each tag at each token, [B, T, K].
        entropy: of all tag sequences, in nats, [B].
        paths: the n likeliest tag sequences, [B, n, T]; -1 at padding, and throughout those that do not exist.
        log_probabilities: of these, [B, n].
    """

    marginals: np.ndarray
    entropy: np.ndarray
    paths: np.ndarray
    log_probabilities: np.ndarray


class Predictor(ABC):
    """A trained network at work on token lists: what there is to do once it has said its emissions.

    Args:
        emitter: gives the emissions.
        encoder, tagset: that the network was trained with.
        temperature: divides all potentials where probabilities are computed.
        threshold: of the span decoding that is this model's own; None for the best path.
    """

    def __init__(
        self,
        emitter: Source,
        encoder: FeatureEncoder,
        tagset: TagSet,
        temperature: float = 1.0,
        threshold: float | None = None,
    ) -> None:
        self.emitter = emitter
        self.encoder = encoder
        self.tagset = tagset
        self.temperature = temperature
        self.threshold = threshold
        tags = tagset.tags
        labels = [schemes.split_tag(tag)[1] for tag in tags]
        self._label = np.array([tagset.labels.index(label) if label else -1 for label in labels])
        self._goes_on = np.array([[schemes.goes_on(before, after) for after in tags] for before in tags])
        self.reading = SpanReading(self._label.tolist(), self._goes_on.tolist())
        self._of_one: SingleCRF | None = None

    @property
    @abstractmethod
    def model(self) -> Any:
        """The network, where it can be looked into and trained.

        Raises:
            ModelError: it cannot.
        """

    @abstractmethod
    def edges(self) -> np.ndarray:
        """The scores of all transitions, float32 [K + 1, K + 1] as of `CRF.edges`."""

    @abstractmethod
    def emissions_of_one(self, batch: Emitted) -> np.ndarray | None:
        """Those of a single sentence that is decoded the quicker way, float32 [T, K]; None for other batches."""

    @abstractmethod
    def decode(self, batch: Emitted) -> np.ndarray:
        """The best legal path of each sentence, int64 [B, T]; whatever at padding."""

    @abstractmethod
    def probabilities(self, batch: Emitted, rows: np.ndarray, spans: np.ndarray) -> np.ndarray:
        """The probability of each span, float64 [N].

        Args:
            batch: of which the sentences in ``rows`` have a span.
            spans: as of `label_spans`, the sentences counted among these.
        """

    @abstractmethod
    def every_span(self, batch: Emitted) -> np.ndarray:
        """The probability of every span of up to `LONGEST` tokens, [B, T, LONGEST, labels]."""

    @abstractmethod
    def best_spans(self, batch: Emitted, threshold: float) -> tuple[np.ndarray, np.ndarray]:
        """Spans that do not overlap and exceed the threshold the most, [N, 4]; and their probabilities [N]."""

    @abstractmethod
    def distribution(self, batch: Emitted, n_best: int) -> Distribution:
        """How sure the network is of the sentences of a batch, and their likeliest tags."""

    def predict(
        self,
        sentences: Sequence[list[str]],
        scores: bool = True,
        threshold: float | Literal["own"] | None = "own",
        beside: Beside = ALONE,
    ) -> Prediction:
        """The best legal tags of every sentence, and its entities.

        Args:
            sentences: their tokens; a sentence may be empty.
            scores: compute the entities' probabilities too.
            threshold: decode for the score: the entities of up to 10 tokens that do not overlap and whose
                probabilities exceed this the most; lower finds more, higher errs less. None decodes the best path,
                ``own`` what the model is set to.
            beside: the sentences' documents, where the model reads more than the sentence, and their columns.

        Raises:
            DataError: the model reads columns, and they are missing.
        """
        return self.start(sentences, scores, threshold, beside)()

    def start(
        self,
        sentences: Sequence[list[str]],
        scores: bool = True,
        threshold: float | Literal["own"] | None = "own",
        beside: Beside = ALONE,
    ) -> Callable[[], Prediction]:
        """As `predict`, without waiting: the answer is what the function that is returned returns."""
        least = self.threshold if threshold == "own" else threshold

        def decide(batch: Emitted) -> tuple[np.ndarray, ...]:
            """Positions of tokens, their tags, entities and their probabilities."""
            if least is None:
                tags, first, last = self.best_paths(batch)
                found = self._probabilities(batch, tags, first, last) if scores else np.full(len(first[0]), np.nan)
            else:
                tags, first, last, found = self._best_spans(batch, least)
            spans = np.stack([batch.position[first], batch.position[last] + 1, tags[first]], axis=1)
            return batch.position[batch.mask], tags[batch.mask], spans, found

        starts = np.cumsum([0, *map(len, sentences)])
        decided = self.emitter.start(sentences, decide, beside)

        def finish() -> Prediction:
            tags = np.zeros(starts[-1], dtype=np.int64)
            spans, probabilities = [np.zeros((0, 3), dtype=np.int64)], [np.zeros(0)]
            for positions, decoded, places, found in decided:
                tags[positions] = decoded
                spans.append(places)
                probabilities.append(found)
            found_spans, found_scores = np.concatenate(spans), np.concatenate(probabilities)
            order = np.argsort(found_spans[:, 0], kind="stable")
            return Prediction(self.tagset, starts, tags, found_spans[order], found_scores[order])

        return functools.cache(finish)  # the batches come once, the answer as often as it is asked for

    def explain(self, sentences: Sequence[list[str]], n_best: int = 1, beside: Beside = ALONE) -> list[Explanation]:
        """How sure the model is of every sentence, and what else it held possible.

        Args:
            sentences: their tokens.
            n_best: number of tag sequences; where fewer are legal, fewer come.
            beside: as for `predict`.
        """
        tags = self.tagset.tags

        def look(batch: Emitted) -> Iterator[tuple[int, Explanation]]:
            found = self.distribution(batch, n_best)
            entropy, paths, log_probs = (array.tolist() for array in found[1:])
            for row, (number, size) in enumerate(zip(batch.sentences, batch.mask.sum(1), strict=True)):
                ranked = [
                    ([tags[tag] for tag in path[:size]], math.exp(log_prob))
                    for path, log_prob in zip(paths[row], log_probs[row], strict=True)
                    if path[0] >= 0
                ]
                yield number, Explanation(ranked[0][1], max(entropy[row], 0.0), found.marginals[row, :size], ranked)

        empty = Explanation(1.0, 0.0, np.zeros((0, len(self.tagset))), [([], 1.0)])
        explanations = [empty] * len(sentences)
        for explained in self.emitter.start(sentences, lambda batch: list(look(batch)), beside):
            for number, explanation in explained:
                explanations[number] = explanation
        return explanations

    def candidates(
        self, sentences: Sequence[list[str]], least: float = 0.01, beside: Beside = ALONE
    ) -> list[list[ScoredSpan]]:
        """Every span of up to 10 tokens that is an entity with at least this probability; they may overlap."""
        labels = self.tagset.labels

        def look(batch: Emitted) -> list[tuple[int, ScoredSpan]]:
            chances = self.every_span(batch)
            places = np.argwhere(chances >= least)
            rows = zip(places.tolist(), chances[tuple(places.T)].tolist(), strict=True)
            return [
                (batch.sentences[row], ScoredSpan(labels[label], start, start + longer + 1, min(chance, 1.0)))
                for (row, start, longer, label), chance in rows
            ]

        found: list[list[ScoredSpan]] = [[] for _ in sentences]
        for batch in self.emitter.start(sentences, look, beside):
            for number, span in batch:
                found[number].append(span)
        return found

    def best_paths(self, batch: Emitted) -> tuple[np.ndarray, Places, Places]:
        """Tags [B, T], and the places of the first and of the last token of every entity."""
        emissions = self.emissions_of_one(batch)
        tags = self.decode(batch) if emissions is None else self.single.best_path(emissions)[None]
        inside = (self._label[tags] >= 0) & batch.mask
        linked = self._goes_on[tags[:, :-1], tags[:, 1:]] & batch.mask[:, 1:]
        border = np.zeros((len(tags), 1), dtype=bool)
        begins = inside & ~np.hstack([border, linked])
        ends = inside & ~np.hstack([linked, border])
        return tags, np.nonzero(begins), np.nonzero(ends)

    @property
    def single(self) -> SingleCRF:
        """The CRF at work on single sentences, at the temperature of this moment."""
        if self._of_one is None or self._of_one.temperature != self.temperature:
            self._of_one = SingleCRF(self.edges(), self.reading, self.temperature)
        return self._of_one

    def label_spans(self, tags: np.ndarray, first: Places, last: Places) -> np.ndarray:
        """Entities as the CRF names them, int64 [N, 4]: row, first token, token after the last, label."""
        return np.stack([first[0], first[1], last[1] + 1, self._label[tags[first]]], axis=1)

    def _probabilities(self, batch: Emitted, tags: np.ndarray, first: Places, last: Places) -> np.ndarray:
        """The probability of every entity; only the sentences that have one are looked at."""
        if not len(first[0]):
            return np.zeros(0)
        spans = self.label_spans(tags, first, last)
        emissions = self.emissions_of_one(batch)
        if emissions is not None:
            chances = self.single.span_probabilities(emissions, spans[:, 1:])
            if chances is not None:
                return chances
        rows, spans[:, 0] = np.unique(first[0], return_inverse=True)
        return self.probabilities(batch, rows, spans)

    def _best_spans(self, batch: Emitted, threshold: float) -> tuple[np.ndarray, Places, Places, np.ndarray]:
        """As `best_paths`, by the spans' own probabilities, which come with them."""
        spans, chances = self.best_spans(batch, threshold)
        tags = self.tagset.of_spans(spans, *batch.mask.shape)
        sentence, start, stop, _ = spans.T
        return tags, (sentence, start), (sentence, stop - 1), chances.astype(np.float64)
