"""Sentences as batches of tensors: encoded once, cut into batches of like length, each word type once a batch."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass, fields, replace
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from ner.corpus.beside import ALONE, Beside
from ner.features.encoder import FeatureEncoder, TypeFeatures
from ner.features.stretches import places, stretches
from ner.features.tags import TagSet, is_partial


class Targets(NamedTuple):
    """What a teacher says of the last sentences of a corpus, in order.

    Attributes:
        tags: its probability of each tag for all n tokens, float32 [n, K].
        edges: how often it expects each transition in each of S sentences, float32 [S, K + 1, K + 1], as of
            ``CRF.expected_edges``; None where only tags are taught.
        entropy: of its distribution over the paths of each sentence, float32 [S]; with ``edges``.
    """

    tags: np.ndarray
    edges: np.ndarray | None = None
    entropy: np.ndarray | None = None


@dataclass(slots=True)
class Batch:
    """B sentences of at most T tokens, made of W distinct words; R tokens are read, T unless there is more around.

    Attributes:
        words, chars, shapes, clusters: features of the W word types, int64 [W], [W, C], [W], [W, P].
        index: the word type of each token that is read, int64 [B, R]; 0 at padding.
        lengths: tokens of each sentence, int64 [B].
        gazetteers: matches and columns of each token that is read, int64 [B, R, G], or None.
        around: tokens that are read before the sentence, and in all, int64 [B, 2]; None where it is read alone.
        tags: gold tag numbers, int64 [B, T], 0 at padding; or None.
        allowed: where annotation is partial, the tags that each token may have, bool [B, T, K]; or None.
        targets: a teacher's probability of each tag, float [B, T, K]; or None.
        taught: which sentences are learnt from the targets instead of from tags, bool [B]; with ``targets``.
        edges, entropy: of the teacher's paths for the S taught sentences, float [S, K + 1, K + 1] and [S]; or None.
        weights: how much each sentence counts, float [B]; None where all count 1.
        auxiliary: what a second head learns, int64 [B, T], -1 at padding; or None.
    """

    words: Tensor
    chars: Tensor
    shapes: Tensor
    clusters: Tensor
    index: Tensor
    lengths: Tensor
    gazetteers: Tensor | None = None
    around: Tensor | None = None
    tags: Tensor | None = None
    allowed: Tensor | None = None
    targets: Tensor | None = None
    taught: Tensor | None = None
    edges: Tensor | None = None
    entropy: Tensor | None = None
    weights: Tensor | None = None
    auxiliary: Tensor | None = None

    def to(self, device: torch.device) -> Batch:
        """The same batch on a device."""
        if device.type == "cpu":
            return self
        moved: dict[str, Any] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            moved[field.name] = None if value is None else value.to(device, non_blocking=True)
        return replace(self, **moved)


class EncodedCorpus:
    """Sentences encoded once, as flat arrays from which a batch is cut without a step per token.

    Args:
        encoder: the model's features.
        sentences: their tokens.
        tagset, tags, scheme: with these, gold tags in the corpus's scheme are encoded too.
        unlabelled: ``O`` stands for "nobody looked".
        targets: what a teacher says of the last sentences.
        weights: how much each sentence counts; None where all count 1.
        beside: documents and columns of the sentences.
        reach: tokens around a sentence that are read with it.
        auxiliary: what a second head learns, a number a token, int64 [N]; None without such a head.
    """

    def __init__(
        self,
        encoder: FeatureEncoder,
        sentences: Sequence[list[str]],
        tagset: TagSet | None = None,
        tags: Sequence[Sequence[str]] | None = None,
        scheme: str = "",
        unlabelled: bool = False,
        targets: Targets | None = None,
        weights: Sequence[float] | None = None,
        beside: Beside = ALONE,
        reach: int = 0,
        auxiliary: np.ndarray | None = None,
    ) -> None:
        self.lengths = np.fromiter(map(len, sentences), dtype=np.int64, count=len(sentences))
        self.starts = np.concatenate([[0], np.cumsum(self.lengths)])
        number: dict[str, int] = {}
        self.token_types = np.fromiter(
            (number.setdefault(word, len(number)) for word in chain.from_iterable(sentences)),
            dtype=np.int64,
            count=int(self.starts[-1]),
        )
        self.types: TypeFeatures = encoder.encode(list(number))
        self.gazetteers = encoder.encode_sentences(sentences, beside.columns)
        self.read = stretches(self.lengths, beside.documents, reach) if reach else None
        self.auxiliary = auxiliary
        self.targets = targets
        self._untaught = int(self.starts[-1]) - (0 if targets is None else len(targets.tags))  # tokens before
        self.weights = None if weights is None else np.asarray(weights, dtype=np.float32)
        self.tags: np.ndarray | None = None
        self.allowed: np.ndarray | None = None
        if tagset is not None and tags is not None:
            if unlabelled or any(map(is_partial, tags)):
                rows = [tagset.allowed(sequence, scheme, unlabelled) for sequence in tags]
                self.allowed = np.concatenate(rows) if rows else np.zeros((0, len(tagset)), dtype=bool)
            else:
                encoded = chain.from_iterable(map(tagset.encode, tags))
                self.tags = np.fromiter(encoded, dtype=np.int64, count=len(self.token_types))

    def __len__(self) -> int:
        return len(self.lengths)

    def checksum(self) -> str:
        """SHA-256 of all numbers: what a training sees, whatever files it comes from."""
        learnt = (self.tags, self.allowed, *(self.targets or ()), self.weights)
        seen = (*astuple(self.types), self.gazetteers, *(self.read or ()), self.auxiliary)
        return _checksum((self.lengths, self.token_types, *seen, *learnt))

    def taught_checksum(self) -> str:
        """SHA-256 of what a teacher says."""
        return _checksum(self.targets or ())

    def batch(self, sentences: np.ndarray) -> Batch:
        """The batch of some sentences, by number, in the order given."""
        lengths = self.lengths[sentences]
        inside, position = places(self.starts[sentences], lengths)
        read, around = position, None
        if self.read is not None:
            first, sizes = self.read.first[sentences], self.read.sizes[sentences]
            _, read = places(first, sizes)
            around = torch.from_numpy(np.stack([self.starts[sentences] - first, sizes], axis=1))
        if read.shape[1]:
            distinct, index = np.unique(self.token_types[read], return_inverse=True)
        else:
            distinct, index = np.zeros(0, dtype=np.int64), read
        types = self.types.take(distinct)
        return Batch(
            words=torch.from_numpy(types.words),
            chars=torch.from_numpy(types.chars),
            shapes=torch.from_numpy(types.shapes),
            clusters=torch.from_numpy(types.clusters),
            index=torch.from_numpy(index.reshape(read.shape)),
            lengths=torch.from_numpy(lengths),
            gazetteers=None if self.gazetteers is None else torch.from_numpy(self.gazetteers[read]),
            around=around,
            tags=None if self.tags is None else torch.from_numpy(np.where(inside, self.tags[position], 0)),
            allowed=None if self.allowed is None else torch.from_numpy(self.allowed[position]),
            weights=None if self.weights is None else torch.from_numpy(self.weights[sentences]),
            auxiliary=None
            if self.auxiliary is None
            else torch.from_numpy(np.where(inside, self.auxiliary[position], -1)),
            **self._teaching(sentences, position),
        )

    def _teaching(self, sentences: np.ndarray, position: np.ndarray) -> dict[str, Tensor]:
        """What a batch has of a teacher's targets, if any of its sentences has."""
        taught = self.starts[sentences] >= self._untaught
        if self.targets is None or not taught.any():
            return {}
        tags, edges, entropy = self.targets
        rows = tags[np.where(taught[:, None], position - self._untaught, 0).clip(min=0)]
        found = {"targets": torch.from_numpy(rows), "taught": torch.from_numpy(taught)}
        if edges is not None and entropy is not None:
            numbers = sentences[taught] - (len(self) - len(edges))
            found |= {"edges": torch.from_numpy(edges[numbers]), "entropy": torch.from_numpy(entropy[numbers])}
        return found


def bucketed(lengths: np.ndarray, batch_size: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Random batches of sentences of like length: one pass over a corpus.

    Sentences are ordered by length with up to 20 % of noise, cut into batches, and the batches are shuffled: little
    padding, and other neighbours in every epoch.

    Args:
        lengths: tokens of each sentence, int [S].
        batch_size: sentences a batch; the last one may be smaller.
        rng: where the randomness comes from.
    """
    order = np.argsort(lengths * rng.uniform(0.9, 1.1, len(lengths)) + rng.uniform(0, 0.5, len(lengths)))
    order = order[lengths[order] > 0]
    batches = [order[start : start + batch_size] for start in range(0, len(order), batch_size)]
    for number in rng.permutation(len(batches)):
        yield batches[number]


def _checksum(arrays: Iterable[np.ndarray | None]) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        if array is not None:
            digest.update(f"{array.dtype} {array.shape} ".encode() + array.tobytes())
    return digest.hexdigest()
