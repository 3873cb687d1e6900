"""Tagging on torch: what a network that was trained here says and decides."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ner.batching import Emitted
from ner.emission import Emitter
from ner.features.encoder import FeatureEncoder
from ner.features.tags import TagSet
from ner.model import SequenceTagger
from ner.modules.crf_decoding import best_spans
from ner.prediction import LONGEST, Distribution, Precision, Predictor


class TorchPredictor(Predictor):
    """A trained network at work on token lists.

    Args:
        model: in evaluation mode; it is left so. What is computed from its weights is kept: once they have changed,
            make another.
        encoder, tagset: that it was trained with.
        temperature: divides all potentials where probabilities are computed.
        threshold: of the span decoding that is this model's own; None for the best path.
        precision: of the recurrent layers; other than fp32 it changes the model for good.

    Raises:
        ConfigError: an unknown precision.
    """

    emitter: Emitter

    def __init__(
        self,
        model: SequenceTagger,
        encoder: FeatureEncoder,
        tagset: TagSet,
        temperature: float = 1.0,
        threshold: float | None = None,
        precision: Precision = "fp32",
    ) -> None:
        super().__init__(Emitter(model, encoder, precision), encoder, tagset, temperature, threshold)
        self._model = model

    @property
    def model(self) -> SequenceTagger:
        """The network."""
        return self._model

    def edges(self) -> np.ndarray:
        """See `Predictor.edges`."""
        return self.model.crf.edges().float().cpu().numpy()

    def emissions_of_one(self, batch: Emitted) -> np.ndarray | None:
        """See `Predictor.emissions_of_one`; on other devices than the CPU there are none."""
        if len(batch.sentences) > 1 or batch.emissions.device.type != "cpu":
            return None
        return np.asarray(batch.emissions[0].float().numpy())

    def decode(self, batch: Emitted) -> np.ndarray:
        """See `Predictor.decode`."""
        return self.model.crf.decode(batch.emissions, batch.lengths).numpy()

    def probabilities(self, batch: Emitted, rows: np.ndarray, spans: np.ndarray) -> np.ndarray:
        """See `Predictor.probabilities`."""
        chosen = torch.from_numpy(rows).to(batch.emissions.device)
        found = self.model.crf.span_probability(
            batch.emissions[chosen], batch.lengths[chosen], torch.from_numpy(spans), self.reading, self.temperature
        )
        return found.double().cpu().numpy()

    def every_span(self, batch: Emitted) -> np.ndarray:
        """See `Predictor.every_span`."""
        return self.span_probabilities(batch).cpu().numpy()

    def span_probabilities(self, batch: Emitted) -> Tensor:
        """The probability of every span of up to `LONGEST` tokens, [B, T, LONGEST, labels]."""
        emissions = self.emissions_of_one(batch)
        if emissions is not None:
            chances = self.single.all_span_probabilities(emissions, LONGEST)
            if chances is not None:
                return torch.from_numpy(chances).float()[None]
        return self.model.crf.all_span_probabilities(
            batch.emissions, batch.lengths, self.reading, LONGEST, self.temperature
        )

    def best_spans(self, batch: Emitted, threshold: float) -> tuple[np.ndarray, np.ndarray]:
        """See `Predictor.best_spans`."""
        spans, chances = best_spans(self.span_probabilities(batch), threshold)
        return spans.numpy(), chances.numpy()

    def distribution(self, batch: Emitted, n_best: int) -> Distribution:
        """See `Predictor.distribution`."""
        crf, arguments, temperature = self.model.crf, (batch.emissions, batch.lengths), self.temperature
        found = (
            crf.marginals(*arguments, temperature=temperature),
            crf.entropy(*arguments, temperature=temperature),
            *crf.nbest(*arguments, n_best, temperature=temperature),
        )
        return Distribution(*(tensor.cpu().numpy() for tensor in found))
