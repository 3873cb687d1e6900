"""Forward-backward in logarithms: slow, exact whatever the scores, and made of differentiable operations."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from ner.modules.crf_chain import Chain

# Stands for minus infinity where a subtraction of two of them would be NaN: its exponential is exactly 0.
NEVER = -1e30


def log_forward_backward(chain: Chain) -> tuple[Tensor, Tensor, Tensor]:
    """Alpha [T, B, K], beta [T, B, K] and log Z [B], all logarithms; see `LogMessages`. Needs T > 0."""
    emissions, start, transitions, end, lengths = chain.change(lambda scores: scores.clamp(min=NEVER))
    T = emissions.shape[1]
    tokens = emissions.unbind(1)
    alpha = [start + tokens[0]]
    for t in range(1, T):
        arriving = torch.logsumexp(alpha[-1][:, :, None] + transitions, dim=1)
        alpha.append(torch.where((lengths > t)[:, None], arriving + tokens[t], alpha[-1]))
    beta = [end.expand_as(tokens[0])]
    for t in range(T - 1, 0, -1):
        leaving = torch.logsumexp(transitions + (tokens[t] + beta[-1])[:, None, :], dim=2)
        beta.append(torch.where((lengths > t)[:, None], leaving, end))
    log_z = torch.logsumexp(alpha[-1] + end, dim=1).masked_fill(lengths == 0, 0.0)
    return torch.stack(alpha), torch.stack(beta[::-1]), log_z


class LogMessages(NamedTuple):
    """Messages of a few sentences of a batch, in double precision on the CPU, and what follows from them."""

    sentences: Tensor  # [b] their places in the batch
    chain: Chain  # of these sentences alone
    alpha: Tensor  # [T, b, K] log of the sum over all beginnings that end in tag k at t, its emission included
    beta: Tensor  # [T, b, K] log of the sum over all endings after tag k at t
    log_z: Tensor  # [b]

    @classmethod
    def of(cls, chain: Chain, sentences: Tensor) -> LogMessages:
        """The messages of the sentences at these places."""
        few = chain.sentences(sentences)
        few = few._replace(lengths=few.lengths.cpu()).change(lambda scores: scores.double().cpu())
        return cls(sentences, few, *log_forward_backward(few))

    def marginals(self) -> Tensor:
        """The probability of every tag at every token, [T, b, K]; 0 at padding."""
        marginals = (self.alpha + self.beta - self.log_z[:, None]).exp()
        return marginals.masked_fill(self.chain.outside()[1:-1, :, None], 0.0)

    def transitions(self) -> Tensor:
        """How often each tag follows each in expectation, [b, K, K]."""
        emissions, _, transitions, _, lengths = self.chain
        ending = emissions.transpose(0, 1) + self.beta - self.log_z[:, None]  # [T, b, K]
        counts = emissions.new_zeros(len(lengths), *transitions.shape)
        for t in range(1, len(ending)):
            log_pairs = self.alpha[t - 1][:, :, None] + transitions + ending[t][:, None, :]
            counts += torch.where((lengths > t)[:, None, None], log_pairs.exp(), 0.0)
        return counts

    def edges(self) -> Tensor:
        """`transitions` with those from and to the outside, [b, K + 1, K + 1]."""
        inner, marginals = self.transitions(), self.marginals()
        size = inner.shape[1] + 1
        edges = inner.new_zeros(len(inner), size, size)
        edges[:, :-1, :-1] = inner
        edges[:, -1, :-1] = marginals[0]
        edges[:, :-1, -1] = marginals[self.chain.lengths - 1, torch.arange(len(inner))]
        return edges

    def entropy(self) -> Tensor:
        """[b], in nats."""
        emissions, start, transitions, end, _ = self.chain
        taken = self.edges()
        score = expected_score(self.marginals().transpose(0, 1), emissions).sum((1, 2))
        score += expected_score(taken[:, :-1, :-1], transitions).sum((1, 2))
        score += expected_score(taken[:, -1, :-1], start).sum(1) + expected_score(taken[:, :-1, -1], end).sum(1)
        return self.log_z - score


def expected_score(probabilities: Tensor, scores: Tensor) -> Tensor:
    """Probability times score; 0 where the probability is, also if the score is minus infinity."""
    return torch.where(probabilities > 0, probabilities * scores, 0.0)
