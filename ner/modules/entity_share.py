"""How much of a text a model expects to be entities: what keeps training honest where only entities are annotated.

If no token is known to lie outside of an entity, calling everything an entity explains the annotation best. A penalty
on the expected share of entity tokens (Effland & Collins 2021, "expected entity ratio") takes that way out.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ner.modules.crf import CRF

_STEP = 0.05


def whole(own: Tensor) -> Tensor:
    """What a sum over a batch is where no other process has a share of it: complete."""
    return own


def expected_share(
    crf: CRF,
    emissions: Tensor,
    lengths: Tensor,
    outside: int = 0,
    completed: Callable[[Tensor], Tensor] = whole,
) -> Tensor:
    """The expected share of a batch's tokens that lie in entities, a differentiable scalar.

    The expected number of tokens outside is the derivative of log Z with respect to a bonus on the tag ``O``; here it
    is a central difference, whose gradient costs no more than two losses.

    Args:
        crf: whose legal paths are summed over.
        emissions: [B, T, K].
        lengths: int64 [B], not all 0 in all processes.
        outside: number of the tag ``O``.
        completed: makes of a sum over these sentences that over the whole batch, of which others may have a share.
    """
    bonus = torch.zeros(emissions.shape[2], dtype=torch.float32, device=emissions.device)
    bonus[outside] = _STEP
    emissions = emissions.float()
    above, below = crf.log_partition(emissions + bonus, lengths), crf.log_partition(emissions - bonus, lengths)
    tokens_outside = (above - below).sum() / (2 * _STEP)
    tokens_outside, tokens = completed(torch.stack([tokens_outside, lengths.sum().to(tokens_outside)])).unbind()
    return 1 - tokens_outside / tokens


def share_penalty(
    crf: CRF,
    emissions: Tensor,
    lengths: Tensor,
    share: float,
    completed: Callable[[Tensor], Tensor] = whole,
) -> Tensor:
    """How far the expected share is from the one that is given, beyond a third of it either way; a scalar."""
    expected = expected_share(crf, emissions, lengths, completed=completed)
    return ((expected - share).abs() - share / 3).clamp(min=0)
