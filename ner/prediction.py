"""Tagging token lists in bulk: every word type encoded once, batches of like length, spans found by array operations.

The answer for a sentence does not depend on its neighbours: padding is masked everywhere, and sentences go back into
the order in which they came.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor

from ner import schemes
from ner.document import ScoredSpan
from ner.features.encoder import FeatureEncoder
from ner.features.tags import TagSet
from ner.model import SequenceTagger
from ner.modules.crf_spans import SpanReading
from ner.word_types import WordTypeCache

LONGEST = 10
"""Tokens of an entity where entities are decoded by their own probabilities."""

Places = tuple[np.ndarray, ...]
"""Rows and columns of a batch."""


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


@dataclass(frozen=True, slots=True)
class Emitted:
    """What the network says of B sentences, before anything is decided.

    Attributes:
        sentences: their numbers, int64 [B].
        position: of each token among all tokens, int64 [B, T]; 0 at padding.
        mask: where there is a token, bool [B, T].
        emissions: [B, T, K].
        lengths: int64 [B], on the device of the emissions.
    """

    sentences: np.ndarray
    position: np.ndarray
    mask: np.ndarray
    emissions: Tensor
    lengths: Tensor


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


class Predictor:
    """A trained network at work on token lists.

    Args:
        model: in evaluation mode; it is left so.
        encoder, tagset: that it was trained with.
        batch_tokens: tokens of a batch, padding included.
        temperature: divides all potentials where probabilities are computed.
        threshold: of the span decoding that is this model's own; None for the best path.
    """

    def __init__(
        self,
        model: SequenceTagger,
        encoder: FeatureEncoder,
        tagset: TagSet,
        batch_tokens: int = 4096,
        temperature: float = 1.0,
        threshold: float | None = None,
    ) -> None:
        self.model = model.eval()
        self.encoder = encoder
        self.tagset = tagset
        self.batch_tokens = batch_tokens
        self.temperature = temperature
        self.threshold = threshold
        self._cache = WordTypeCache(model, encoder)
        tags = tagset.tags
        labels = [schemes.split_tag(tag)[1] for tag in tags]
        self._label = np.array([tagset.labels.index(label) if label else -1 for label in labels])
        self._goes_on = np.array([[schemes.goes_on(before, after) for after in tags] for before in tags])
        self.reading = SpanReading(self._label.tolist(), self._goes_on.tolist())

    @torch.inference_mode()
    def predict(
        self, sentences: Sequence[list[str]], scores: bool = True, threshold: float | Literal["own"] | None = "own"
    ) -> Prediction:
        """The best legal tags of every sentence, and its entities.

        Args:
            sentences: their tokens; a sentence may be empty.
            scores: compute the entities' probabilities too.
            threshold: decode for the score: the entities of up to 10 tokens that do not overlap and whose
                probabilities exceed this the most; lower finds more, higher errs less. None decodes the best path,
                ``own`` what the model is set to.
        """
        threshold = self.threshold if threshold == "own" else threshold
        lengths = _lengths(sentences)
        starts = np.concatenate([[0], np.cumsum(lengths)])
        tags = np.zeros(starts[-1], dtype=np.int64)
        spans, probabilities = [np.zeros((0, 3), dtype=np.int64)], [np.zeros(0)]
        for batch in self.emit(sentences):
            if threshold is None:
                decoded, first, last = self.best_paths(batch)
                found = self._probabilities(batch, decoded, first, last) if scores else np.full(len(first[0]), np.nan)
            else:
                decoded, first, last, found = self._best_spans(batch, threshold)
            tags[batch.position[batch.mask]] = decoded[batch.mask]
            spans.append(np.stack([batch.position[first], batch.position[last] + 1, decoded[first]], axis=1))
            probabilities.append(found)
        found_spans, found_scores = np.concatenate(spans), np.concatenate(probabilities)
        order = np.argsort(found_spans[:, 0], kind="stable")
        return Prediction(self.tagset, starts, tags, found_spans[order], found_scores[order])

    @torch.inference_mode()
    def explain(self, sentences: Sequence[list[str]], n_best: int = 1) -> list[Explanation]:
        """How sure the model is of every sentence, and what else it held possible.

        Args:
            sentences: their tokens.
            n_best: number of tag sequences; where fewer are legal, fewer come.
        """
        empty = Explanation(1.0, 0.0, np.zeros((0, len(self.tagset))), [([], 1.0)])
        found = [empty] * len(sentences)
        crf, tags = self.model.crf, self.tagset.tags
        for batch in self.emit(sentences):
            arguments = batch.emissions, batch.lengths
            marginals = crf.marginals(*arguments, temperature=self.temperature).cpu().numpy()
            entropy = crf.entropy(*arguments, temperature=self.temperature).tolist()
            paths, log_probs = crf.nbest(*arguments, n_best, temperature=self.temperature)
            chances = log_probs.exp().tolist()
            for row, (number, size) in enumerate(zip(batch.sentences, batch.mask.sum(1), strict=True)):
                ranked = [
                    ([tags[tag] for tag in path[:size]], chance)
                    for path, chance in zip(paths[row].tolist(), chances[row], strict=True)
                    if path[0] >= 0
                ]
                found[number] = Explanation(ranked[0][1], max(entropy[row], 0.0), marginals[row, :size], ranked)
        return found

    @torch.inference_mode()
    def candidates(self, sentences: Sequence[list[str]], least: float = 0.01) -> list[list[ScoredSpan]]:
        """Every span of up to 10 tokens that is an entity with at least this probability; they may overlap."""
        found: list[list[ScoredSpan]] = [[] for _ in sentences]
        labels = self.tagset.labels
        for batch in self.emit(sentences):
            crf = self.model.crf
            chances = crf.all_span_probabilities(
                batch.emissions, batch.lengths, self.reading, LONGEST, self.temperature
            )
            places = (chances >= least).nonzero()
            rows = zip(places.tolist(), chances[tuple(places.t())].tolist(), strict=True)
            for (row, start, longer, label), chance in rows:
                span = ScoredSpan(labels[label], start, start + longer + 1, min(chance, 1.0))
                found[batch.sentences[row]].append(span)
        return found

    @torch.inference_mode()
    def emit(self, sentences: Sequence[list[str]]) -> Iterator[Emitted]:
        """The network's scores of all sentences that are not empty, in batches of like length."""
        lengths = _lengths(sentences)
        starts = np.cumsum(lengths) - lengths
        table, rows = self._cache.look_up(list(chain.from_iterable(sentences)))
        gazetteers = self.encoder.encode_sentences(sentences)
        device = table.device
        for chosen in self._batches(lengths):
            columns = np.arange(lengths[chosen].max())
            mask = columns < lengths[chosen][:, None]
            position = np.where(mask, starts[chosen][:, None] + columns, 0)
            size = torch.from_numpy(lengths[chosen]).to(device)
            matches = None if gazetteers is None else torch.from_numpy(gazetteers[position]).to(device)
            emissions = self.model.emissions(table, torch.from_numpy(rows[position]).to(device), size, matches)
            yield Emitted(chosen, position, mask, emissions, size)

    def _batches(self, lengths: np.ndarray) -> Iterator[np.ndarray]:
        """Sentence numbers, shortest first, in groups whose padded size keeps to the budget."""
        order = np.argsort(lengths, kind="stable")
        first = int(np.searchsorted(lengths[order], 1))
        while first < len(order):
            ahead = lengths[order[first : first + self.batch_tokens]]
            size = max(1, int(np.searchsorted(ahead * np.arange(1, len(ahead) + 1), self.batch_tokens, side="right")))
            yield order[first : first + size]
            first += size

    def best_paths(self, batch: Emitted) -> tuple[np.ndarray, Places, Places]:
        """Tags [B, T], and the places of the first and of the last token of every entity."""
        tags = self.model.crf.decode(batch.emissions, batch.lengths).numpy()
        inside = (self._label[tags] >= 0) & batch.mask
        linked = self._goes_on[tags[:, :-1], tags[:, 1:]] & batch.mask[:, 1:]
        border = np.zeros((len(tags), 1), dtype=bool)
        begins = inside & ~np.hstack([border, linked])
        ends = inside & ~np.hstack([linked, border])
        return tags, np.nonzero(begins), np.nonzero(ends)

    def label_spans(self, tags: np.ndarray, first: Places, last: Places) -> np.ndarray:
        """Entities as the CRF names them, int64 [N, 4]: row, first token, token after the last, label."""
        return np.stack([first[0], first[1], last[1] + 1, self._label[tags[first]]], axis=1)

    def _probabilities(self, batch: Emitted, tags: np.ndarray, first: Places, last: Places) -> np.ndarray:
        """The probability of every entity; only the sentences that have one are looked at."""
        if not len(first[0]):
            return np.zeros(0)
        rows, sentence = np.unique(first[0], return_inverse=True)
        spans = self.label_spans(tags, first, last)
        spans[:, 0] = sentence
        chosen = torch.from_numpy(rows).to(batch.emissions.device)
        found = self.model.crf.span_probability(
            batch.emissions[chosen], batch.lengths[chosen], torch.from_numpy(spans), self.reading, self.temperature
        )
        return found.double().cpu().numpy()

    def _best_spans(self, batch: Emitted, threshold: float) -> tuple[np.ndarray, Places, Places, np.ndarray]:
        """As `best_paths`, by the spans' own probabilities, which come with them."""
        spans, chances = self.model.crf.decode_spans(
            batch.emissions, batch.lengths, self.reading, threshold, LONGEST, self.temperature
        )
        tags = np.zeros(batch.mask.shape, dtype=np.int64)
        of_row: list[list[schemes.Span]] = [[] for _ in tags]
        for row, start, stop, label in spans.tolist():
            of_row[row].append(schemes.Span(self.tagset.labels[label], start, stop))
        for row, found in enumerate(of_row):
            if found:
                size = int(batch.mask[row].sum())
                written = schemes.to_tags(found, size, self.tagset.scheme)
                tags[row, :size] = [self.tagset.number(tag) for tag in written]
        sentence, start, stop, _ = spans.numpy().T
        return tags, (sentence, start), (sentence, stop - 1), chances.double().numpy()


def _lengths(sentences: Sequence[list[str]]) -> np.ndarray:
    return np.fromiter(map(len, sentences), dtype=np.int64, count=len(sentences))
