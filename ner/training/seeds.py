"""Everything random in a training: set from one seed, saved and put back."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor


class Randomness:
    """The generators that a training draws from: numpy's for the order of batches, torch's for weights and dropout.

    Args:
        seed: of all of them.
        process: number of this process among several; dropout differs between processes, the order does not.
    """

    def __init__(self, seed: int, process: int = 0) -> None:
        self.order = np.random.default_rng(seed)
        torch.manual_seed(seed + 1_000_003 * process)

    def tensors(self) -> dict[str, Tensor]:
        """State of torch's generators."""
        states = {"cpu": torch.get_rng_state()}
        if torch.cuda.is_available():
            states["cuda"] = torch.cuda.get_rng_state()
        return states

    def description(self) -> dict[str, Any]:
        """State of numpy's generator, as JSON holds it."""
        return dict(self.order.bit_generator.state)

    def restore(self, tensors: dict[str, Tensor], description: dict[str, Any]) -> None:
        """Go on from a saved state."""
        torch.set_rng_state(tensors["cpu"])
        if "cuda" in tensors and torch.cuda.is_available():
            torch.cuda.set_rng_state(tensors["cuda"])
        self.order.bit_generator.state = description


def make_deterministic() -> None:
    """Only algorithms that give the same bits every time, where there is a choice; slower on a GPU."""
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.backends.cudnn.benchmark = False
