"""Everything random in a training comes from its seed, the epoch and the process, and from nothing before."""

from __future__ import annotations

import numpy as np
import torch


def seed_epoch(seed: int, epoch: int, process: int = 0) -> np.random.Generator:
    """Set torch's generators for an epoch; the generator of the order of its batches.

    An epoch draws the same whatever came before it, so that a checkpoint need not hold the state of any generator.

    Args:
        seed: of the training.
        epoch: the number of epochs done.
        process: number of this process among several; dropout differs between processes, the order does not.
    """
    drawn = np.random.SeedSequence([seed, epoch, process]).generate_state(1, np.uint64)
    torch.manual_seed(int(drawn[0]))
    return np.random.default_rng([seed, epoch])


def make_deterministic() -> None:
    """Only algorithms that give the same bits every time, where there is a choice; slower on a GPU."""
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.backends.cudnn.benchmark = False
