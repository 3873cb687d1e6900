"""Decoding for the score, over tensors: see ``crf_choice``. And the threshold that is best for it."""

from __future__ import annotations

import torch
from torch import Tensor

from ner.modules.crf_choice import chosen_spans


def best_spans(probabilities: Tensor, threshold: float) -> tuple[Tensor, Tensor]:
    """The spans that do not overlap and together have the greatest probability above the threshold each.

    Args:
        probabilities: [B, T, L, C] of ``all_span_probabilities``.
        threshold: from 0 to 1; lower finds more, higher errs less.

    Returns:
        On the CPU: spans [N, 4] long, sentence, first token, token after the last, label, in order; and their
        probabilities [N].
    """
    if not probabilities.numel():
        return torch.zeros(0, 4, dtype=torch.long), torch.zeros(0, dtype=probabilities.dtype)
    likeliest, label = probabilities.max(3)
    spans, chances = chosen_spans(likeliest.cpu().numpy(), label.cpu().numpy(), threshold)
    return torch.from_numpy(spans), torch.from_numpy(chances)


def f1_threshold(probabilities: Tensor) -> float:
    """The threshold of `best_spans` with the highest expected F1 over a corpus.

    Of the k likeliest spans, the expected F1 is about 2 (p1 + ... + pk) / (k + expected number of entities), the
    latter being the sum of all p. Spans that overlap are counted as if all could be taken.

    Args:
        probabilities: of all spans of the corpus, in any shape.
    """
    ordered = probabilities.flatten().double().sort(descending=True).values
    if not ordered.numel() or ordered[0] <= 0:
        return 0.5
    right = ordered.cumsum(0)
    ranks = torch.arange(1, len(ordered) + 1, device=ordered.device)
    return float((right / (ranks + right[-1])).amax())
