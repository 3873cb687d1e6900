"""What is trained on: differentiable functions of a `Chain`, one value a sentence.

The gradient of log Z with respect to a score is how often a path drawn from the distribution uses it. Forward-
backward counts that in the loop in which it sums, so that nothing has to be recorded for autograd.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, TypeAlias

import torch
from torch import Tensor
from torch.nn.functional import pad, softplus

from ner.modules.crf_chain import Chain, enclose, full_precision, join_edges
from ner.modules.crf_logarithms import log_forward_backward, never
from ner.modules.crf_messages import by_sentence, expected_counts, forward_backward
from ner.modules.once import once_differentiable

Reduction: TypeAlias = Literal["none", "sum", "mean", "token_mean"]


def reduce(losses: Tensor, lengths: Tensor, weights: Tensor | None, reduction: Reduction) -> Tensor:
    """The losses [B] of sentences times their weights, reduced as `CRF.loss` says.

    Raises:
        ValueError: an unknown reduction, or weights of another number of sentences.
    """
    if weights is not None:
        if weights.shape != losses.shape:  # broadcast, [B, 1] would weigh every sentence by all weights
            raise ValueError(f"expected weights {list(losses.shape)}, got {list(weights.shape)}")
        losses = losses * weights.to(losses)
    if reduction == "none":
        return losses
    if reduction == "sum":
        return losses.sum()
    if reduction == "mean":
        return losses.mean() if len(losses) else losses.sum()
    if reduction == "token_mean":
        return losses.sum() / lengths.sum().clamp(min=1)
    raise ValueError(f"expected reduction none, sum, mean or token_mean, got {reduction!r}")


class Scores(NamedTuple):
    """What a CRF knows of a batch, all scores of one dtype."""

    emissions: Tensor  # [B, T, K]
    start: Tensor  # [K]
    transitions: Tensor  # [K, K]
    end: Tensor  # [K]
    lengths: Tensor  # [B]

    def chain(self) -> Chain:
        """The same with all transitions joined."""
        emissions, start, transitions, end, lengths = self
        return Chain(emissions, join_edges(start, transitions, end), lengths)


def negative_log_likelihood(scores: Scores, tags: Tensor, forbidden: Tensor | None) -> Tensor:
    """log Z less the score of a path, [B].

    Args:
        scores: all of them, also those of what is forbidden.
        tags: [B, T] long, the path; anything at padding.
        forbidden: bool [K + 1, K + 1], edges left out of Z; but this path is always part of it.

    Raises:
        ValueError: a number that is no tag.
    """
    return _NegativeLogLikelihood.apply(*scores, tags, forbidden)


def log_partition(chain: Chain) -> Tensor:
    """log Z, [B]; of an empty sentence 0."""
    return _LogPartition.apply(*chain)


def partial_negative_log_likelihood(chain: Chain, allowed: Tensor, forbidden: Tensor | None) -> Tensor:
    """log Z less the log of the sum over the paths that keep to the allowed tags, [B].

    Args:
        chain: all scores, also those of what is forbidden.
        allowed: [B, T, K] bool, some tag at every token.
        forbidden: bool [K + 1, K + 1], edges left out of both sums. Where that leaves a sentence no allowed path, its
            allowed ones are summed as they are, and are part of Z.
    """
    # The difference stays when all emissions of a token are shifted; from small numbers it keeps more digits.
    free = chain._replace(emissions=chain.emissions - chain.emissions.detach().amax(2, keepdim=True))
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
    return torch.cat((shares, unions))[torch.cat((rows, others)).argsort()]


def divergence(chain: Chain, targets: Tensor) -> Tensor:
    """The Kullback-Leibler divergence of the token marginals from a teacher's, summed over the tokens, [B].

    Recorded by autograd, since the gradient of a marginal is no count but a covariance.

    Args:
        chain: the scores.
        targets: [B, T, K] the teacher's distributions. What it gives to a tag that is impossible here is left out.
    """
    outside = chain.outside()[1:-1].t()[:, :, None]
    emissions = chain.emissions.masked_fill(outside, 0.0)
    peak = emissions.detach().amax(2, keepdim=True)
    alpha, beta, log_z = log_forward_backward(chain._replace(emissions=emissions - peak))
    log_marginals = (alpha + beta - log_z)[1:-1, :-1].permute(2, 0, 1)
    lowest = never(log_marginals.dtype) / 2
    targets = targets.to(log_marginals).masked_fill(outside | (log_marginals < lowest), 0.0)
    log_marginals = torch.where(targets > 0, log_marginals, 0.0)
    return (torch.xlogy(targets, targets) - targets * log_marginals).sum((1, 2)).clamp(min=0.0)


class PathTargets(NamedTuple):
    """All that a teacher's distribution over paths has to say to a CRF."""

    tags: Tensor  # [B, T, K] its probability of each tag at each token; anything at padding
    edges: Tensor  # [B, K + 1, K + 1] how often it expects each transition, as of `CRF.expected_edges`
    entropy: Tensor  # [B] in nats


def path_divergence(chain: Chain, targets: PathTargets) -> Tensor:
    """The Kullback-Leibler divergence of the distribution over paths from a teacher's, [B].

    With q the teacher's probabilities of paths and s the scores here it is log Z - sum q(y) s(y) - H(q), and since a
    score is a sum over tags and transitions, so is its expectation: no path has to be listed (Wang et al. 2021,
    "Structural Knowledge Distillation"). The gradient is the counts expected here less those expected by the teacher.

    Args:
        chain: the scores.
        targets: of the teacher. What it gives to what is impossible here is left out.
    """
    outside = chain.outside()[1:-1].t()[:, :, None]
    peak = chain.emissions.detach().amax(2, keepdim=True)
    free = chain._replace(emissions=(chain.emissions - peak).masked_fill(outside, 0.0))
    tags = _expected(targets.tags.to(free.emissions).masked_fill(outside, 0.0), free.emissions).sum((1, 2))
    edges = _expected(targets.edges.to(free.edges), free.edges).sum((1, 2))
    return (log_partition(free) - tags - edges - targets.entropy.to(tags)).clamp(min=0.0)


def _expected(probabilities: Tensor, scores: Tensor) -> Tensor:
    """Their products; 0 where the probability is or the score is minus infinity, in the gradient too."""
    possible = (probabilities > 0) & (scores > float("-inf"))
    return probabilities.where(possible, 0.0) * scores.where(possible, 0.0)


class PathPlaces(NamedTuple):
    """Where the scores of a path stand."""

    tags: Tensor  # [T + 2, B] at positions -1 to T, outside of the sentence K
    steps: Tensor  # [T + 1, B] among the edges

    @classmethod
    def of(cls, tags: Tensor, outside: Tensor, num_tags: int) -> PathPlaces:
        """The places of a path [B, T], given `Chain.outside`.

        Raises:
            ValueError: a number that is no tag; checked on the CPU.
        """
        beyond = outside[1:-1]
        tags = tags.t().masked_fill(beyond, 0)
        if tags.numel() and tags.device.type == "cpu":
            low, high = (int(bound) for bound in torch.aminmax(tags))
            if low < 0 or high >= num_tags:
                raise ValueError(f"expected tags from 0 to {num_tags - 1}, got {low} to {high}")
        tags = pad(tags.masked_fill_(beyond, num_tags), (0, 0, 1, 1), value=num_tags)
        return cls(tags, tags[:-1] * (num_tags + 1) + tags[1:])

    def score(self, emissions: Tensor, edges: Tensor) -> Tensor:
        """[B] the score of the path, given emissions [T + 2, K + 1, B] and edges, both of them less their peaks.

        Less their peaks from the start, as log Z: the difference of two large sums would lose digits.
        """
        return emissions.gather(1, self.tags[:, None]).sum((0, 1)) + edges.take(self.steps).sum(0)


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
        forbidden: Tensor | None,
    ) -> Tensor:
        chain = Scores(emissions, start, transitions, end, lengths).chain()
        messages = forward_backward(chain if forbidden is None else chain.forbid(forbidden))
        gold = PathPlaces.of(tags, messages.outside, len(start))
        ctx.messages, ctx.gold, ctx.share = messages, gold, None
        if forbidden is None:
            losses = messages.log_z - gold.score(messages.emissions, messages.edges)
        else:
            chain.edges[:, :-1].sub_(messages.edge_peak)
            losses = messages.log_z - gold.score(messages.emissions, chain.edges)
            # With a gold path g that is not in Z: log(Z + exp s(g)) - s(g).
            outsider = forbidden.take(gold.steps).any(0)
            ctx.share = torch.where(outsider, losses.sigmoid(), 1.0)
            losses = torch.where(outsider, softplus(losses), losses)
        # Rounding may leave a path with all the mass just above the mass of all paths.
        return losses.clamp_(min=0.0)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        gold: PathPlaces = ctx.gold
        factor = gradient if ctx.share is None else gradient * ctx.share
        with full_precision(factor.device):
            surplus, taken = expected_counts(ctx.messages, factor)  # [T, K + 1, B], [K + 1, K + 1]
        tags, observed = gold.tags[1:-1, None], -factor
        surplus.scatter_add_(1, tags, observed.expand_as(tags))
        taken.view(-1).index_add_(0, gold.steps.reshape(-1), observed.expand_as(gold.steps).reshape(-1))
        return by_sentence(surplus), taken[-1, :-1], taken[:-1, :-1], taken[:-1, -1], None, None, None


class _LogPartition(torch.autograd.Function):
    """log Z; the gradient is the expected counts."""

    @staticmethod
    def forward(ctx: Any, emissions: Tensor, edges: Tensor, lengths: Tensor) -> Tensor:
        ctx.messages = forward_backward(Chain(emissions, edges, lengths))
        return ctx.messages.log_z + ctx.messages.offset()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        with full_precision(gradient.device):
            tags, taken = expected_counts(ctx.messages, gradient)
        return by_sentence(tags), taken, None


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
    edges = (chain.edges > float("-inf")).to(chain.emissions)
    tags = enclose(torch.where(allowed.permute(1, 2, 0), 0.0, -1.0), chain.outside(), -1.0) == 0.0
    reached = tags[0]  # [K + 1, B]
    for possible in tags[1:]:
        reached = (edges.t() @ reached.to(edges) > 0.0) & possible
    return reached[-1]
