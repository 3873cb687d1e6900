"""Forward-backward in logarithms: slow, exact whatever the scores, and made of differentiable operations."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from ner.modules.crf_chain import Chain, enclose

# Stands for minus infinity where a subtraction of two of them would be NaN: its exponential is exactly 0.
NEVER = -1e30


def log_forward_backward(chain: Chain) -> tuple[Tensor, Tensor, Tensor]:
    """Alpha and beta, both [T + 2, K + 1, B], and log Z [B], all logarithms; see `LogMessages`."""
    emissions, edges, _ = chain.change(lambda scores: scores.clamp(min=NEVER))
    positions = enclose(emissions.permute(1, 2, 0), chain.outside(), NEVER).unbind(0)
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
        return (self.alpha + self.beta - self.log_z).exp()

    def expected_edges(self) -> Tensor:
        """How often each edge is taken in expectation, [b, K + 1, K + 1]."""
        edges = self.chain.edges[:, :, None]
        ending = self.emissions() + self.beta - self.log_z
        counts = torch.zeros_like(edges + self.log_z)
        for alpha, after in zip(self.alpha[:-1], ending[1:], strict=True):
            counts += (alpha[:, None] + edges + after[None]).exp()
        return counts.permute(2, 0, 1)

    def entropy(self) -> Tensor:
        """[b], in nats."""
        score = expected_score(self.marginals(), self.emissions()).sum((0, 1))
        return self.log_z - score - expected_score(self.expected_edges(), self.chain.edges).sum((1, 2))


def expected_score(probabilities: Tensor, scores: Tensor) -> Tensor:
    """Probability times score; 0 where the probability is, also if the score is minus infinity."""
    return torch.where(probabilities > 0, probabilities * scores, 0.0)
