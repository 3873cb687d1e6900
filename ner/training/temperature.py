"""Confidence that is honest: one temperature for all potentials, fitted on held-out data (Guo et al. 2017).

A model that is trained to the end is too sure of itself. Dividing every score of the CRF by a temperature leaves the
best paths as they are and makes the probabilities of entities agree with how often they are right.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import torch

from ner.corpus.beside import ALONE, Beside
from ner.emission import Emitted
from ner.features.tags import is_partial
from ner.schemes import to_spans
from ner.torch_prediction import TorchPredictor

_GOLDEN = (math.sqrt(5) - 1) / 2
_RANGE = (math.log(0.2), math.log(10.0))


@torch.inference_mode()
def fit_temperature(
    predictor: TorchPredictor, sentences: Sequence[list[str]], gold: Sequence[Sequence[str]], beside: Beside = ALONE
) -> float:
    """The temperature at which the entities of the best paths have the least log loss; 1 if there are none.

    Args:
        predictor: with temperature 1.
        sentences: held-out tokens.
        gold: their tags, in any scheme; sentences that are annotated in part are passed over.
        beside: the sentences' documents and columns.
    """
    known = {number: set(to_spans(tags)) for number, tags in enumerate(gold) if not is_partial(tags)}
    labels = predictor.tagset.labels

    def judge(batch: Emitted) -> tuple[Emitted, np.ndarray, np.ndarray]:
        """The batch, its entities, and which of them are right."""
        spans = predictor.label_spans(*predictor.best_paths(batch))
        spans = spans[[batch.sentences[row] in known for row in spans[:, 0].tolist()]]
        right = [
            (labels[label], start, end) in known[batch.sentences[row]] for row, start, end, label in spans.tolist()
        ]
        return batch, spans, np.array(right, dtype=bool)

    judged = predictor.emitter.start(sentences, judge, beside)
    held = [(batch, torch.from_numpy(spans), right) for batch, spans, right in judged if len(spans)]
    if not held:
        return 1.0

    def log_loss(log_temperature: float) -> float:
        total = 0.0
        for batch, spans, right in held:
            chances = predictor.model.crf.span_probability(
                batch.emissions, batch.lengths, spans, predictor.reading, math.exp(log_temperature)
            )
            chance = np.clip(chances.double().cpu().numpy(), 1e-6, 1 - 1e-6)
            total -= float(np.log(np.where(right, chance, 1 - chance)).sum())
        return total

    return math.exp(_minimum(log_loss, *_RANGE))


def _minimum(function: Callable[[float], float], low: float, high: float, precision: float = 0.01) -> float:
    """Golden-section search for the least value of a function that falls and then rises."""
    left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    at_left, at_right = function(left), function(right)
    while high - low > precision:
        if at_left < at_right:
            high, right, at_right = right, left, at_left
            left = high - _GOLDEN * (high - low)
            at_left = function(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + _GOLDEN * (high - low)
            at_right = function(right)
    return (low + high) / 2
