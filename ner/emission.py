"""From token lists to emissions: every word type encoded once, batches of like length, each computed by one thread.

The answer for a sentence does not depend on what it is batched with: padding is masked everywhere. Where the model
reads the tokens around it, these are those of its document.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import TypeVar, get_args

import numpy as np
import torch

from ner.batching import Batching, Emitted
from ner.corpus.beside import ALONE, Beside
from ner.errors import ConfigError
from ner.exact import without_tf32
from ner.features.encoder import FeatureEncoder
from ner.model import SequenceTagger
from ner.modules.char_cnn import CharCNN
from ner.modules.crf_chain import full_precision
from ner.modules.recurrent import Recurrent
from ner.prediction import Precision
from ner.threads import in_order, single_threaded
from ner.word_types import WordTypeCache

_DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}
_BATCH_TOKENS, _ON_A_GPU = 4096, 16384  # which has time to spare while it is told what to do next

R = TypeVar("R")


class Emitter:
    """The network up to the emissions, at work on token lists. Threads may share it.

    Args:
        model: in evaluation mode; it is left so.
        encoder: that it was trained with.
        precision: of the recurrent layers; other than fp32 it changes the model for good.
        batch_tokens: tokens of a batch, padding included; by default what suits the model's device.

    Raises:
        ConfigError: an unknown precision.
    """

    def __init__(
        self,
        model: SequenceTagger,
        encoder: FeatureEncoder,
        precision: Precision = "fp32",
        batch_tokens: int | None = None,
    ) -> None:
        if precision not in _DTYPES:
            raise ConfigError(f"precision {precision!r}: expected one of {', '.join(get_args(Precision))}")
        self.model = model.eval()
        self.encoder = encoder
        on_cpu = model.project.weight.device.type == "cpu"
        self.batch_tokens = batch_tokens or (_BATCH_TOKENS if on_cpu else _ON_A_GPU)
        if precision != "fp32":
            for part in (model.encoder, model.project):
                part.to(_DTYPES[precision])
        with single_threaded():
            for module in model.modules():
                if isinstance(module, Recurrent):
                    module.pack()
                elif isinstance(module, CharCNN):
                    module.tabulate()
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
        batching = Batching(sentences, beside.documents, self.model.context)
        device = self.model.project.weight.device
        # Without autocast: a thread of the pool does not have it, and vectors of words are kept.
        with torch.inference_mode(), single_threaded(), full_precision(device):
            table, rows = self._cache.look_up(list(chain.from_iterable(sentences)))
        gazetteers = self.encoder.encode_sentences(sentences, beside.columns)

        def job(chosen: np.ndarray) -> R:
            with torch.inference_mode(), full_precision(device), without_tf32(device):
                place = batching.place(chosen)
                around = None if place.around is None else torch.from_numpy(place.around).to(device)
                index = torch.from_numpy(rows[place.read]).to(device)
                size = torch.from_numpy(place.lengths).to(device)
                matches = None if gazetteers is None else torch.from_numpy(gazetteers[place.read]).to(device)
                emissions = self.model.emissions(table, index, size, matches, around)
                return work(Emitted(chosen, place.position, place.mask, emissions, size))

        batches = list(batching.batches(self.batch_tokens))
        return in_order(job, batches) if device.type == "cpu" else map(job, batches)

    def emit(self, sentences: Sequence[list[str]], beside: Beside = ALONE) -> Iterator[Emitted]:
        """The emissions of all sentences that are not empty; see `start`."""
        return self.start(sentences, lambda batch: batch, beside)
