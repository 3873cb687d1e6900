"""Label smoothing: teaching a classifier a little of every other class (Szegedy et al. 2016, section 7)."""

from __future__ import annotations

import torch
from torch import Tensor

from ner.modules.crf_chain import full_precision


def uniform_cross_entropy(emissions: Tensor, lengths: Tensor) -> Tensor:
    r"""Cross-entropy of the softmax of every token's emissions to the uniform distribution, summed over the tokens.

    With the share :math:`\epsilon` of it and :math:`1 - \epsilon` of the cross-entropy to the gold tags, the loss is
    the cross-entropy to gold tags of which :math:`\epsilon` is spread over all tags.

    Args:
        emissions: [B, T, K]; whatever at padding.
        lengths: int64 [B].

    Returns:
        [B], in nats, in float32 at least.
    """
    with full_precision(emissions.device):
        scores = emissions.to(torch.promote_types(emissions.dtype, torch.float32))
        inside = torch.arange(scores.shape[1], device=scores.device) < lengths.to(scores.device)[:, None]
        return (scores.logsumexp(2) - scores.mean(2)).masked_fill(~inside, 0).sum(1)
