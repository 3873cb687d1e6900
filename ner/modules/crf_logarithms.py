"""Forward-backward in logarithms: slow, exact whatever the scores, and made of differentiable operations."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from ner.modules.crf_chain import Chain, enclose


def never(dtype: torch.dtype) -> float:
    """Stands for minus infinity where a subtraction of two of them would be NaN: its exponential is exactly 0.

    In double precision it is below every score that single precision can hold.
    """
    return -1e300 if dtype == torch.float64 else -1e30


def log_forward_backward(chain: Chain) -> tuple[Tensor, Tensor, Tensor]:
    """Alpha and beta, both [T + 2, K + 1, B], and log Z [B], all logarithms; see `LogMessages`."""
    lowest = never(chain.emissions.dtype)
    emissions, edges, _ = chain.change(lambda scores: scores.clamp(min=lowest))
    positions = enclose(emissions.permute(1, 2, 0), chain.outside(), lowest).unbind(0)
    alpha, beta = [positions[0]], [torch.zeros_like(positions[0])]
    for position in positions[1:]:
        alpha.append(torch.logsumexp(alpha[-1][:, None] + edges[:, :, None], dim=0) + position)
    for position in reversed(positions[1:]):
        beta.append(torch.logsumexp(edges[:, :, None] + (position + beta[-1])[None], dim=1))
    return torch.stack(alpha), torch.stack(beta[::-1]), alpha[-1][-1]


class LogMessages(NamedTuple):
    """Messages of a few sentences of a batch, in double precision on the CPU, and what follows from them."""

    sentences: Tensor  # [b] their places in the batch
    chain: Chain  # of these sentences alone
    alpha: Tensor  # [T + 2, K + 1, b] log of the sum over all beginnings that end in tag k there, emission included
    beta: Tensor  # [T + 2, K + 1, b] log of the sum over all endings after tag k there
    log_z: Tensor  # [b]

    @classmethod
    def of(cls, chain: Chain, sentences: Tensor) -> LogMessages:
        """The messages of the sentences at these places."""
        few = chain.sentences(sentences)
        few = few._replace(lengths=few.lengths.cpu()).change(lambda scores: scores.double().cpu())
        return cls(sentences, few, *log_forward_backward(few))

    def emissions(self) -> Tensor:
        """[T + 2, K + 1, b]."""
        return enclose(self.chain.by_time(), self.chain.outside(), float("-inf"))

    def marginals(self) -> Tensor:
        """The probability of every tag at every position, [T + 2, K + 1, b]."""
        return (self.alpha + self.beta).softmax(1)  # over log Z, digits would be lost where that is large

    def expected_edges(self) -> Tensor:
        """How often each edge is taken in expectation, [b, K + 1, K + 1]."""
        edges = self.chain.edges[:, :, None]
        ending = self.emissions() + self.beta - self.log_z
        counts = torch.zeros_like(edges + self.log_z)
        for alpha, after in zip(self.alpha[:-1], ending[1:], strict=True):
            counts += (alpha[:, None] + edges + after[None]).exp()
        return counts.permute(2, 0, 1)

    def entropy(self) -> Tensor:
        """[b], in nats: what is open about the next tag given each tag, as often as that is there.

        Not log Z less the expected score, which is the difference of two numbers as large as the scores.
        """
        lowest = never(self.alpha.dtype)
        edges = self.chain.edges.clamp(min=lowest)[:, :, None]
        ending = (self.emissions() + self.beta).clamp(min=lowest)
        entropies = torch.zeros_like(self.log_z)
        for marginals, after in zip(self.marginals()[:-1], ending[1:], strict=True):
            steps = (edges + after).log_softmax(1)  # [from, to, b]
            entropies -= (marginals * (steps.exp() * steps).sum(1)).sum(0)
        return entropies
