"""Tagging token lists in bulk: every word type encoded once, batches of like length, spans found by array operations.

The answer for a sentence does not depend on its neighbours: padding is masked everywhere, and sentences go back into
the order in which they came.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise

import numpy as np
import torch
from torch import Tensor

from ner import schemes
from ner.document import ScoredSpan
from ner.features.encoder import FeatureEncoder
from ner.features.tags import TagSet
from ner.model import SequenceTagger
from ner.modules.crf_spans import SpanReading


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


class WordTypeCache:
    """Vectors of word types, computed once and kept while there is room.

    Args:
        model, encoder: make the vectors.
        limit: word types kept; once there are more, the cache starts anew before the next look-up.
        characters: that all of them may have together.
    """

    def __init__(
        self, model: SequenceTagger, encoder: FeatureEncoder, limit: int = 100_000, characters: int = 4_000_000
    ) -> None:
        self._model, self._encoder = model, encoder
        self._limit, self._characters = limit, characters
        self._numbers = _Numbers()
        self._table = torch.empty(0)

    def look_up(self, words: list[str]) -> tuple[Tensor, np.ndarray]:
        """A table of vectors [W, D], and the row of each word in it, int64 [len(words)]."""
        if len(self._numbers) > self._limit or self._numbers.characters > self._characters:
            self._numbers = _Numbers()
        known = len(self._numbers)
        rows = np.fromiter(map(self._numbers.__getitem__, words), dtype=np.int64, count=len(words))
        if len(self._numbers) > known:
            self._extend(known)
        return self._table, rows

    def _extend(self, known: int) -> None:
        fresh = self._numbers.words[known:]
        device = self._model.project.weight.device
        parts = [] if not known else [self._table[:known]]
        for start in range(0, len(fresh), 4096):
            types = self._encoder.encode(fresh[start : start + 4096])
            arrays = (types.words, types.chars, types.shapes, types.clusters)
            parts.append(self._model.words(*(torch.from_numpy(array).to(device) for array in arrays)))
        self._table = torch.cat(parts)


class _Numbers(dict[str, int]):
    """Numbers words as they come."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.characters = 0

    def __missing__(self, word: str) -> int:
        number = self[word] = len(self.words)
        self.words.append(word)
        self.characters += len(word)
        return number


class Predictor:
    """A trained network at work on token lists.

    Args:
        model: in evaluation mode; it is left so.
        encoder, tagset: that it was trained with.
        batch_tokens: tokens of a batch, padding included.
        temperature: divides all potentials where probabilities are computed.
    """

    def __init__(
        self,
        model: SequenceTagger,
        encoder: FeatureEncoder,
        tagset: TagSet,
        batch_tokens: int = 4096,
        temperature: float = 1.0,
    ) -> None:
        self.model = model.eval()
        self.encoder = encoder
        self.tagset = tagset
        self.batch_tokens = batch_tokens
        self.temperature = temperature
        self._cache = WordTypeCache(model, encoder)
        tags = tagset.tags
        labels = [schemes.split_tag(tag)[1] for tag in tags]
        self._label = np.array([tagset.labels.index(label) if label else -1 for label in labels])
        self._goes_on = np.array([[schemes.goes_on(before, after) for after in tags] for before in tags])
        self._reading = SpanReading(self._label.tolist(), self._goes_on.tolist())

    @torch.inference_mode()
    def predict(self, sentences: Sequence[list[str]], scores: bool = True) -> Prediction:
        """The best legal tags of every sentence, and its entities.

        Args:
            sentences: their tokens; a sentence may be empty.
            scores: compute the entities' probabilities too.
        """
        lengths = np.fromiter(map(len, sentences), dtype=np.int64, count=len(sentences))
        starts = np.concatenate([[0], np.cumsum(lengths)])
        table, rows = self._cache.look_up(list(chain.from_iterable(sentences)))
        gazetteers = self.encoder.encode_sentences(sentences)
        tags = np.zeros(len(rows), dtype=np.int64)
        spans, probabilities = [np.zeros((0, 3), dtype=np.int64)], [np.zeros(0)]
        for chosen in self._batches(lengths):
            decoded = self._decode(table, rows, starts, lengths, chosen, gazetteers, scores)
            inside, batch_tags, batch_spans, batch_scores = decoded
            tags[inside] = batch_tags
            spans.append(batch_spans)
            probabilities.append(batch_scores)
        found, score = np.concatenate(spans), np.concatenate(probabilities)
        order = np.argsort(found[:, 0], kind="stable")
        return Prediction(self.tagset, starts, tags, found[order], score[order])

    def _batches(self, lengths: np.ndarray) -> Iterator[np.ndarray]:
        """Sentence numbers, shortest first, in groups whose padded size keeps to the budget."""
        order = np.argsort(lengths, kind="stable")
        first = int(np.searchsorted(lengths[order], 1))
        while first < len(order):
            ahead = lengths[order[first : first + self.batch_tokens]]
            size = max(1, int(np.searchsorted(ahead * np.arange(1, len(ahead) + 1), self.batch_tokens, side="right")))
            yield order[first : first + size]
            first += size

    def _decode(
        self,
        table: Tensor,
        rows: np.ndarray,
        starts: np.ndarray,
        lengths: np.ndarray,
        chosen: np.ndarray,
        gazetteers: np.ndarray | None,
        scores: bool,
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Token numbers of one batch, their tags, and its entities with their scores."""
        columns = np.arange(lengths[chosen].max())
        mask = columns < lengths[chosen][:, None]
        position = np.where(mask, starts[chosen][:, None] + columns, 0)
        device = table.device
        size = torch.from_numpy(lengths[chosen]).to(device)
        matches = None if gazetteers is None else torch.from_numpy(gazetteers[position]).to(device)
        emissions = self.model.emissions(table, torch.from_numpy(rows[position]).to(device), size, matches)
        best = self.model.crf.decode(emissions, size)
        tags = best.numpy()
        first, last = self._spans(tags, mask)
        spans = np.stack([position[first], position[last] + 1, tags[first]], axis=1)
        probabilities = np.full(len(spans), np.nan)
        if scores and len(spans):
            probabilities = self._probabilities(emissions, size, first, last, tags)
        return position[mask], tags[mask], spans, probabilities

    def _spans(self, tags: np.ndarray, mask: np.ndarray) -> tuple[tuple[np.ndarray, ...], tuple[np.ndarray, ...]]:
        """Places (row, column) of the first and of the last token of every entity."""
        inside = (self._label[tags] >= 0) & mask
        linked = self._goes_on[tags[:, :-1], tags[:, 1:]] & mask[:, 1:]
        border = np.zeros((len(tags), 1), dtype=bool)
        begins = inside & ~np.hstack([border, linked])
        ends = inside & ~np.hstack([linked, border])
        return np.nonzero(begins), np.nonzero(ends)

    def _probabilities(
        self,
        emissions: Tensor,
        lengths: Tensor,
        first: tuple[np.ndarray, ...],
        last: tuple[np.ndarray, ...],
        tags: np.ndarray,
    ) -> np.ndarray:
        """The probability of every entity; only the sentences that have one are looked at."""
        rows, sentence = np.unique(first[0], return_inverse=True)
        spans = np.stack([sentence, first[1], last[1] + 1, self._label[tags[first]]], axis=1)
        chosen = torch.from_numpy(rows).to(emissions.device)
        found = self.model.crf.span_probability(
            emissions[chosen], lengths[chosen], torch.from_numpy(spans), self._reading, self.temperature
        )
        return found.double().cpu().numpy()
