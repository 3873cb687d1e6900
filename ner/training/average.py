"""An exponential moving average of the weights (Polyak & Juditsky 1992), to be evaluated in their place."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class MovingAverage:
    """Averages the trained parameters over the steps of a training.

    The decay starts low, min(decay, (1 + steps) / (10 + steps)), so that the random start is soon forgotten.

    Args:
        parameters: to be averaged.
        decay: weight of the old average in a step; 0 for no average.
    """

    def __init__(self, parameters: list[nn.Parameter], decay: float) -> None:
        self.parameters = parameters
        self.decay = decay
        self.steps = 0
        self.average: list[Tensor] = [parameter.detach().clone() for parameter in parameters] if decay else []

    @torch.no_grad()
    def update(self) -> None:
        """Take the present weights into the average."""
        if self.average:
            decay = min(self.decay, (1 + self.steps) / (10 + self.steps))
            torch._foreach_lerp_(self.average, [parameter.detach() for parameter in self.parameters], 1 - decay)
            self.steps += 1

    @contextmanager
    def applied(self) -> Iterator[None]:
        """The parameters hold their average while the context lasts."""
        self._exchange()
        try:
            yield
        finally:
            self._exchange()

    @torch.no_grad()
    def _exchange(self) -> None:
        for parameter, average in zip(self.parameters, self.average, strict=bool(self.average)):
            held = parameter.detach().clone()
            parameter.copy_(average)
            average.copy_(held)
