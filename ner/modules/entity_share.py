"""How much of a text a model expects to be entities: what keeps training honest where only entities are annotated.

If no token is known to lie outside of an entity, calling everything an entity explains the annotation best. A penalty
on the expected share of entity tokens (Effland & Collins 2021, "expected entity ratio") takes that way out.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ner.modules.crf import CRF

_STEP = 0.05


def expected_share(crf: CRF, emissions: Tensor, lengths: Tensor, outside: int = 0) -> Tensor:
    """The expected share of a batch's tokens that lie in entities, a differentiable scalar.

    The expected number of tokens outside is the derivative of log Z with respect to a bonus on the tag ``O``; here it
    is a central difference, whose gradient costs no more than two losses.

    Args:
        crf: whose legal paths are summed over.
        emissions: [B, T, K].
        lengths: int64 [B], not all 0.
        outside: number of the tag ``O``.
    """
    bonus = torch.zeros(emissions.shape[2], dtype=torch.float32, device=emissions.device)
    bonus[outside] = _STEP
    emissions = emissions.float()
    above, below = crf.log_partition(emissions + bonus, lengths), crf.log_partition(emissions - bonus, lengths)
    return 1 - (above - below).sum() / (2 * _STEP * lengths.sum())


def share_penalty(crf: CRF, emissions: Tensor, lengths: Tensor, share: float) -> Tensor:
    """How far the expected share is from the one that is given, beyond a third of it either way; a scalar."""
    return ((expected_share(crf, emissions, lengths) - share).abs() - share / 3).clamp(min=0)
