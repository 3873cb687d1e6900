"""From token lists to emissions: every word type encoded once, batches of like length, each computed by one thread.

The answer for a sentence does not depend on what it is batched with: padding is masked everywhere. Where the model
reads the tokens around it, these are those of its document.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Literal, TypeVar, get_args

import numpy as np
import torch
from torch import Tensor

from ner.corpus.beside import ALONE, Beside
from ner.errors import ConfigError
from ner.features.batches import places
from ner.features.encoder import FeatureEncoder
from ner.features.stretches import stretches
from ner.model import SequenceTagger
from ner.modules.crf_chain import full_precision
from ner.modules.recurrent import Recurrent
from ner.threads import in_order, single_threaded
from ner.word_types import WordTypeCache

Precision = Literal["fp32", "bf16"]
"""Of the recurrent layers' arithmetic. bf16 keeps 8 bits of a number's 24, and tags about 1.5 times as fast where
the processor has instructions for it (AMX, AVX512-BF16); decoding and probabilities are computed in fp32 all the
same."""

_DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}

_ROWS = 16
"""Batches have a multiple of so many sentences, where they have more: oneDNN's bf16 LSTM cuts the batch into equal
blocks, and of 163 sentences, which is prime, it takes four times as long as of 160."""

R = TypeVar("R")


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


class Emitter:
    """The network up to the emissions, at work on token lists. Threads may share it.

    Args:
        model: in evaluation mode; it is left so.
        encoder: that it was trained with.
        precision: of the recurrent layers; other than fp32 it changes the model for good.
        batch_tokens: tokens of a batch, padding included.

    Raises:
        ConfigError: an unknown precision.
    """

    def __init__(
        self,
        model: SequenceTagger,
        encoder: FeatureEncoder,
        precision: Precision = "fp32",
        batch_tokens: int = 4096,
    ) -> None:
        if precision not in _DTYPES:
            raise ConfigError(f"precision {precision!r}: expected one of {', '.join(get_args(Precision))}")
        self.model = model.eval()
        self.encoder = encoder
        self.batch_tokens = batch_tokens
        if precision != "fp32":
            for part in (model.encoder, model.project):
                part.to(_DTYPES[precision])
        with single_threaded():
            for module in model.modules():
                if isinstance(module, Recurrent):
                    module.pack()
        self._cache = WordTypeCache(model, encoder)

    def start(
        self, sentences: Sequence[list[str]], work: Callable[[Emitted], R], beside: Beside = ALONE
    ) -> Iterator[R]:
        """Do some work on the emissions of all sentences that are not empty, batch by batch.

        On a CPU each batch is the job of one of several threads, and all are begun before this returns; on other
        devices, and where there is but one batch, the work is done as the results are asked for.

        Args:
            sentences: their tokens.
            work: what to do with a batch; without gradients.
            beside: documents, where the model reads more than the sentence, and columns.

        Returns:
            What the work gave, in the order of the batches: shortest sentences first.
        """
        lengths = np.fromiter(map(len, sentences), dtype=np.int64, count=len(sentences))
        starts = np.cumsum(lengths) - lengths
        read = stretches(lengths, beside.documents, self.model.context)
        alone = read.sizes is lengths
        device = self.model.project.weight.device
        # Without autocast: a thread of the pool does not have it, and vectors of words are kept.
        with torch.inference_mode(), single_threaded(), full_precision(device):
            table, rows = self._cache.look_up(list(chain.from_iterable(sentences)))
        gazetteers = self.encoder.encode_sentences(sentences, beside.columns)

        def job(chosen: np.ndarray) -> R:
            with torch.inference_mode(), full_precision(device):
                mask, position = places(starts[chosen], lengths[chosen])
                seen, around = position, None
                if not alone:
                    first, sizes = read.first[chosen], read.sizes[chosen]
                    _, seen = places(first, sizes)
                    around = torch.from_numpy(np.stack([starts[chosen] - first, sizes], axis=1)).to(device)
                index = torch.from_numpy(rows[seen]).to(device)
                size = torch.from_numpy(lengths[chosen]).to(device)
                matches = None if gazetteers is None else torch.from_numpy(gazetteers[seen]).to(device)
                emissions = self.model.emissions(table, index, size, matches, around)
                return work(Emitted(chosen, position, mask, emissions, size))

        batches = list(self._batches(read.sizes))
        return in_order(job, batches) if device.type == "cpu" else map(job, batches)

    def emit(self, sentences: Sequence[list[str]], beside: Beside = ALONE) -> Iterator[Emitted]:
        """The emissions of all sentences that are not empty; see `start`."""
        return self.start(sentences, lambda batch: batch, beside)

    def _batches(self, lengths: np.ndarray) -> Iterator[np.ndarray]:
        """Sentence numbers, shortest first, in groups whose padded size keeps to the budget."""
        order = np.argsort(lengths, kind="stable")
        first = int(np.searchsorted(lengths[order], 1))
        while first < len(order):
            ahead = lengths[order[first : first + self.batch_tokens]]
            size = max(1, int(np.searchsorted(ahead * np.arange(1, len(ahead) + 1), self.batch_tokens, side="right")))
            if size > _ROWS:
                size -= size % _ROWS
            yield order[first : first + size]
            first += size
