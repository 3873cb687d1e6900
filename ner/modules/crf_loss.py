"""What is trained on: differentiable functions of a `Chain`, one value a sentence.

The gradient of log Z with respect to a score is how often a path drawn from the distribution uses it. Forward-
backward counts that in the loop in which it sums, so that nothing has to be recorded for autograd.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, TypeAlias

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn.functional import pad, softplus

from ner.modules.crf_chain import Chain
from ner.modules.crf_constraints import Masks
from ner.modules.crf_logarithms import NEVER, log_forward_backward
from ner.modules.crf_messages import Messages, expected_counts, forward_backward

Reduction: TypeAlias = Literal["none", "sum", "mean", "token_mean"]


def reduce(losses: Tensor, lengths: Tensor, weights: Tensor | None, reduction: Reduction) -> Tensor:
    """The losses [B] of sentences times their weights, reduced as `CRF.loss` says.

    Raises:
        ValueError: an unknown reduction.
    """
    if weights is not None:
        losses = losses * weights.to(losses)
    if reduction == "none":
        return losses
    if reduction == "sum":
        return losses.sum()
    if reduction == "mean":
        return losses.sum() / max(len(losses), 1)
    if reduction == "token_mean":
        return losses.sum() / lengths.sum().clamp(min=1)
    raise ValueError(f"expected reduction none, sum, mean or token_mean, got {reduction!r}")


def negative_log_likelihood(chain: Chain, tags: Tensor, forbidden: Masks | None) -> Tensor:
    """log Z less the score of a path, [B].

    Args:
        chain: all scores, also those of what is forbidden.
        tags: [B, T] long, the path; some tag at padding too.
        forbidden: what is left out of Z, except in this path, which is always part of it.
    """
    if chain.emissions.shape[1] == 0:
        return chain.emissions.sum((1, 2))
    return _NegativeLogLikelihood.apply(*chain, tags, forbidden)


def log_partition(chain: Chain) -> Tensor:
    """log Z, [B]; of an empty sentence 0."""
    if chain.emissions.shape[1] == 0:
        return chain.emissions.sum((1, 2))
    return _LogPartition.apply(*chain)


def partial_negative_log_likelihood(chain: Chain, allowed: Tensor, forbidden: Masks | None) -> Tensor:
    """log Z less the log of the sum over the paths that keep to the allowed tags, [B].

    Args:
        chain: all scores, also those of what is forbidden.
        allowed: [B, T, K] bool, some tag at every token.
        forbidden: what is left out of both sums. Where that leaves a sentence no allowed path, its allowed ones are
            summed as they are, and are part of Z.
    """
    # The difference stays when all emissions of a token are shifted; from small numbers it keeps more digits.
    peak = chain.emissions.detach().amax(2, keepdim=True)
    free = chain._replace(emissions=chain.emissions - peak)
    if forbidden is None:
        return _log_share(free, allowed)
    legal = free.forbid(forbidden)
    possible = _has_path(legal, allowed)
    if bool(possible.all()):
        return _log_share(legal, allowed)
    rows, others = possible.nonzero()[:, 0], (~possible).nonzero()[:, 0]
    shares = _log_share(legal.sentences(rows), allowed[rows])
    gold = log_partition(free.sentences(others).allow(allowed[others]))
    unions = softplus(log_partition(legal.sentences(others)) - gold)
    return torch.zeros_like(peak[:, 0, 0]).index_copy(0, rows, shares).index_copy(0, others, unions)


def divergence(chain: Chain, targets: Tensor) -> Tensor:
    """The Kullback-Leibler divergence of the token marginals from a teacher's, summed over the tokens, [B].

    Recorded by autograd, since the gradient of a marginal is no count but a covariance.

    Args:
        chain: the scores.
        targets: [B, T, K] the teacher's distributions. What it gives to a tag that is impossible here is left out.
    """
    outside = chain.outside().t()[:, :, None]
    emissions = chain.emissions.masked_fill(outside, 0.0)
    peak = emissions.detach().amax(2, keepdim=True)
    alpha, beta, log_z = log_forward_backward(chain._replace(emissions=emissions - peak))
    log_marginals = (alpha + beta - log_z[:, None]).transpose(0, 1)
    targets = targets.to(log_marginals).masked_fill(outside | (log_marginals < NEVER / 2), 0.0)
    log_marginals = torch.where(targets > 0, log_marginals, 0.0)
    return (torch.xlogy(targets, targets) - targets * log_marginals).sum((1, 2)).clamp(min=0.0)


class PathPlaces(NamedTuple):
    """Where the scores of a path [B, T] stand."""

    tags: Tensor  # [B, T]
    steps: Tensor  # [B, T] in transitions and start scores [K + 1, K]: from the tag before, first from the last row
    inside: Tensor  # [B, T] bool: no padding
    last: Tensor  # [B] the last token
    final: Tensor  # [B] its tag

    @classmethod
    def of(cls, chain: Chain, tags: Tensor) -> PathPlaces:
        """The places of a path; T > 0."""
        K, last = chain.emissions.shape[2], (chain.lengths - 1).clamp(min=0)
        steps = pad(tags[:, :-1], (1, 0), value=K) * K + tags
        return cls(tags, steps, ~chain.outside().t(), last, tags.gather(1, last[:, None])[:, 0])

    def score(self, chain: Chain, messages: Messages) -> Tensor:
        """[B] the score of the path, less ``Messages.offset``.

        Taken off token by token, as in the sums: the difference of two large numbers would lose digits.
        """
        tokens = chain.emissions.gather(2, self.tags[:, :, None])[:, :, 0] - messages.emission_peak
        tokens += torch.cat((chain.transitions, chain.start[None])).take(self.steps) - messages.chain_peak
        return torch.where(self.inside, tokens, 0.0).sum(1) + (chain.end[self.final] - messages.chain_peak)

    def breaks(self, masks: Masks) -> Tensor:
        """[B] bool: the path has something that the masks forbid."""
        steps = torch.cat((masks.transitions, masks.start[None])).take(self.steps)
        return masks.end[self.final] | (steps & self.inside).any(1)


class _NegativeLogLikelihood(torch.autograd.Function):
    """log Z less the score of the gold path; the gradient is expected less observed counts."""

    @staticmethod
    def forward(
        ctx: Any,
        emissions: Tensor,
        start: Tensor,
        transitions: Tensor,
        end: Tensor,
        lengths: Tensor,
        tags: Tensor,
        forbidden: Masks | None,
    ) -> Tensor:
        chain = Chain(emissions, start, transitions, end, lengths)
        messages = forward_backward(chain if forbidden is None else chain.forbid(forbidden))
        gold = PathPlaces.of(chain, tags)
        losses = messages.log_z - gold.score(chain, messages)
        ctx.messages, ctx.gold, ctx.share = messages, gold, None
        if forbidden is not None:
            # With a gold path g that is not in Z: log(Z + exp s(g)) - s(g).
            outsider = gold.breaks(forbidden)
            ctx.share = torch.where(outsider, losses.sigmoid(), 1.0)
            losses = torch.where(outsider, softplus(losses), losses)
        # Rounding may leave a path with all the mass just above the mass of all paths.
        return losses.masked_fill(lengths == 0, 0.0).clamp(min=0.0)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        gold: PathPlaces = ctx.gold
        factor = gradient if ctx.share is None else gradient * ctx.share
        surplus, transitions = expected_counts(ctx.messages, factor)
        counts = gold.inside * factor[:, None]  # [B, T]
        surplus.scatter_add_(2, gold.tags[:, :, None], -counts[:, :, None])
        K = surplus.shape[2]
        observed = surplus.new_zeros((K + 1) * K).index_add_(0, gold.steps.reshape(-1), counts.reshape(-1))
        transitions -= observed.view(K + 1, K)[:K]
        rows = torch.arange(len(counts), device=counts.device)
        start, end = surplus[:, 0].sum(0), surplus[rows, gold.last].sum(0)
        return surplus, start, transitions, end, None, None, None


class _LogPartition(torch.autograd.Function):
    """log Z; the gradient is the expected counts."""

    @staticmethod
    def forward(
        ctx: Any, emissions: Tensor, start: Tensor, transitions: Tensor, end: Tensor, lengths: Tensor
    ) -> Tensor:
        ctx.messages = forward_backward(Chain(emissions, start, transitions, end, lengths))
        ctx.last = (lengths - 1).clamp(min=0)
        return ctx.messages.log_z + ctx.messages.offset()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        expected, transitions = expected_counts(ctx.messages, gradient)
        rows = torch.arange(len(expected), device=expected.device)
        return expected, expected[:, 0].sum(0), transitions, expected[rows, ctx.last].sum(0), None


def _log_share(chain: Chain, allowed: Tensor) -> Tensor:
    """log Z less its part that keeps to the allowed tags, [B], both in one run."""
    part = chain.allow(allowed)
    both = chain._replace(
        emissions=torch.cat((chain.emissions, part.emissions)), lengths=torch.cat((chain.lengths, chain.lengths))
    )
    whole, share = log_partition(both).chunk(2)
    return (whole - share).clamp(min=0.0)


def _has_path(chain: Chain, allowed: Tensor) -> Tensor:
    """[B] bool: some path through allowed tags has a score above minus infinity."""
    start, transitions, end = (scores > float("-inf") for scores in chain[1:4])
    steps = transitions.to(chain.emissions)
    reached = start & allowed[:, 0]  # [B, K]
    for t in range(1, allowed.shape[1]):
        further = (reached.to(steps) @ steps > 0) & allowed[:, t]
        reached = torch.where((chain.lengths > t)[:, None], further, reached)
    return (reached & end).any(1) | (chain.lengths == 0)
