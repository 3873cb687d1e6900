"""A second head on the encoder, for training alone: what it learns of another task serves the first one, too."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from ner.modules.crf_chain import full_precision


class AuxiliaryHead(nn.Module):
    """A softmax over the values of a token in another task, such as its part of speech (Caruana 1997).

    Args:
        size: of the encoder's output, H.
        classes: number of values.
        weight: of the loss.
    """

    def __init__(self, size: int, classes: int, weight: float) -> None:
        super().__init__()
        self.project = nn.Linear(size, classes)
        self.weight = weight

    def forward(self, hidden: Tensor, values: Tensor) -> Tensor:
        """The weighted negative log-likelihood of the values, summed over the tokens of each sentence, [B].

        Args:
            hidden: what the encoder makes of the tokens, [B, T, H].
            values: int64 [B, T]; -1 where there is none.
        """
        scores = self.project(hidden)
        with full_precision(scores.device):
            scores = scores.to(torch.promote_types(scores.dtype, torch.float32))
            losses = functional.cross_entropy(
                scores.flatten(0, 1), values.flatten(), ignore_index=-1, reduction="none"
            )
        return self.weight * losses.view(values.shape).sum(1)
