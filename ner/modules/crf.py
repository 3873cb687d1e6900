"""A linear-chain conditional random field (Lafferty, McCallum & Pereira 2001) that knows lengths and constraints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, TypeAlias

import torch
import torchcrf
from torch import Tensor
from torch.autograd.function import once_differentiable

from ner.modules.crf_messages import Chain, Messages, expected_counts, forward_backward, token_marginals
from ner.modules.crf_spans import SpanReading, span_probabilities
from ner.modules.crf_viterbi import best_paths

Reduction = Literal["none", "sum", "mean", "token_mean"]
Masks: TypeAlias = tuple[Tensor, Tensor, Tensor]  # forbidden at the start [K], from to [K, K], at the end [K]


class Constraints(NamedTuple):
    """Which tags may begin a sentence, follow one another ([from][to]) and end it, in the order of the tags."""

    start: Sequence[bool] | Tensor
    transitions: Sequence[Sequence[bool]] | Tensor
    end: Sequence[bool] | Tensor


class CRF(torchcrf.CRF):
    r"""A distribution over the tag paths of a sentence, given the emission scores of its tokens.

    .. math:: p(y \mid u) = \exp\Big(a_{y_1} + \sum_t u_t(y_t) + \sum_{t>1} A_{y_{t-1} y_t} + b_{y_n}\Big) \Big/ Z

    with the parameters of ``torchcrf.CRF``: ``start_transitions`` :math:`a`, ``transitions`` :math:`A` (from row to
    column) and ``end_transitions`` :math:`b`. What differs from the parent: sentences are told apart by ``lengths``
    instead of a mask, come first in every tensor, and may be empty; the loss has a backward pass of its own; and
    there are constraints and probabilities.

    All methods take ``emissions`` [B, T, K] of any floating dtype and compute in float32 (float64 if given it),
    autocast or not; and ``lengths`` [B] long, 0 to T, best on the CPU, where they are checked. Values at padding,
    NaN too, have no influence.

    Args:
        num_tags: number of tags, K.
        constraints: what may begin, follow and end, as of ``ner.schemes.legality``. Forbidden paths are never decoded
            and have probability 0. No parameter: absent from the state dict.
        constrained_training: also take the forbidden paths out of the normalization of the losses. A gold path is
            never forbidden: where the constraints do, it counts as permitted for its sentence.

    Raises:
        ValueError: constraints of another shape, or that leave sentences of some length without any path.
    """

    start_forbidden: Tensor
    transition_forbidden: Tensor
    end_forbidden: Tensor

    def __init__(
        self, num_tags: int, constraints: Constraints | None = None, constrained_training: bool = False
    ) -> None:
        super().__init__(num_tags, batch_first=True)
        self.is_constrained = constraints is not None
        self.constrained_training = constrained_training and self.is_constrained
        everything = (torch.ones(num_tags), torch.ones(num_tags, num_tags), torch.ones(num_tags))
        start, transitions, end = (
            torch.as_tensor(allowed, dtype=torch.bool) for allowed in constraints or everything
        )
        _check_constraints(start, transitions, end, num_tags)
        self.register_buffer("start_forbidden", ~start, persistent=False)
        self.register_buffer("transition_forbidden", ~transitions, persistent=False)
        self.register_buffer("end_forbidden", ~end, persistent=False)

    def forward(
        self,
        emissions: Tensor,
        tags: Tensor,
        lengths: Tensor,
        weights: Tensor | None = None,
        reduction: Reduction = "mean",
    ) -> Tensor:
        """The `loss`: unlike the parent's, with the sign to be minimized."""
        return self.loss(emissions, tags, lengths, weights, reduction)

    def loss(
        self,
        emissions: Tensor,
        tags: Tensor,
        lengths: Tensor,
        weights: Tensor | None = None,
        reduction: Reduction = "mean",
    ) -> Tensor:
        """The negative log-likelihood of the tags, never negative; 0 for an empty sentence.

        Under ``constrained_training`` the permitted paths are the legal ones and the given one.

        Args:
            emissions: [B, T, K].
            tags: [B, T] long; at padding any number.
            lengths: [B] long.
            weights: [B], what a sentence counts, 1 if not given.
            reduction: ``none`` [B]; ``sum``; ``mean``, the sum over the number of sentences; ``token_mean``, over the
                number of tokens. The weights do not enter the divisor.

        Raises:
            ValueError: shapes that do not fit, lengths beyond T, tags that do not exist.
        """
        with _full_precision(emissions):
            emissions, lengths = self._check(emissions, lengths)
            tags = self._check_tags(emissions, tags, lengths)
            chain = self._free_chain(emissions, lengths)
            if emissions.shape[1]:
                masks = self._masks() if self.constrained_training else None
                losses = _NegativeLogLikelihood.apply(*chain, tags, masks)
            else:
                losses = chain.emissions.sum((1, 2))
            return _reduce(losses, lengths, weights, reduction)

    @torch.no_grad()
    def decode(self, emissions: Tensor, lengths: Tensor) -> Tensor:
        """The best legal path of each sentence: [B, T] long on the CPU, -1 at padding.

        Without constraints the same paths as ``torchcrf.CRF.decode``, of those that tie too.

        Raises:
            ValueError: shapes that do not fit, lengths beyond T, emissions that are NaN.
        """
        with _full_precision(emissions):
            emissions, _ = self._check(emissions, lengths)
            return best_paths(self._chain(emissions, lengths))

    @torch.no_grad()
    def marginals(self, emissions: Tensor, lengths: Tensor, temperature: float = 1.0) -> Tensor:
        """The probability of each tag at each token over all legal paths, [B, T, K]; 0 at padding.

        Args:
            emissions: [B, T, K].
            lengths: [B] long.
            temperature: what all scores are divided by (Guo et al. 2017); above 1 the probabilities are less extreme.
        """
        with _full_precision(emissions):
            emissions, lengths = self._check(emissions, lengths)
            return token_marginals(self._messages(emissions, lengths, temperature))

    @torch.no_grad()
    def span_probability(
        self,
        emissions: Tensor,
        lengths: Tensor,
        spans: Tensor,
        reading: SpanReading,
        temperature: float = 1.0,
    ) -> Tensor:
        """The probability over all legal paths that a span is read: these tokens, no more, no fewer, this label.

        Args:
            emissions: [B, T, K]; sentences without a span in question are best left out.
            lengths: [B] long.
            spans: [N, 4] long: sentence, first token, token after the last, label.
            reading: how tags are read as spans.
            temperature: see `marginals`.

        Returns:
            [N] probabilities.
        """
        with _full_precision(emissions):
            emissions, lengths = self._check(emissions, lengths)
            return span_probabilities(self._messages(emissions, lengths, temperature), spans, reading)

    def _messages(self, emissions: Tensor, lengths: Tensor, temperature: float) -> Messages:
        chain = self._chain(emissions, lengths)
        return forward_backward(chain if temperature == 1.0 else chain.change(lambda scores: scores / temperature))

    def _chain(self, emissions: Tensor, lengths: Tensor) -> Chain:
        """The scores as they are for everything but training: those of what is forbidden ``-inf``."""
        chain = self._free_chain(emissions, lengths)
        return _forbid(chain, self._masks()) if self.is_constrained else chain

    def _free_chain(self, emissions: Tensor, lengths: Tensor) -> Chain:
        """All scores in the dtype to compute in."""
        dtype = torch.promote_types(torch.promote_types(emissions.dtype, self.transitions.dtype), torch.float32)
        chain = Chain(emissions, self.start_transitions, self.transitions, self.end_transitions, lengths)
        return chain.change(lambda scores: scores.to(dtype))

    def _masks(self) -> Masks:
        return self.start_forbidden, self.transition_forbidden, self.end_forbidden

    def _check(self, emissions: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Emissions and lengths, the latter on the device of the former."""
        if emissions.dim() != 3 or emissions.shape[2] != self.num_tags:
            raise ValueError(f"expected emissions [B, T, {self.num_tags}], got {list(emissions.shape)}")
        B, T, _ = emissions.shape
        if lengths.shape != (B,):
            raise ValueError(f"expected lengths [{B}], got {list(lengths.shape)}")
        if B and lengths.device.type == "cpu":
            low, high = (int(bound) for bound in torch.aminmax(lengths))
            if low < 0 or high > T:
                raise ValueError(f"expected lengths from 0 to {T}, got {low} to {high}")
        return emissions, lengths.to(emissions.device)

    def _check_tags(self, emissions: Tensor, tags: Tensor, lengths: Tensor) -> Tensor:
        """The tags, 0 at padding."""
        if tags.shape != emissions.shape[:2]:
            raise ValueError(f"expected tags {list(emissions.shape[:2])}, got {list(tags.shape)}")
        tags = tags.masked_fill(torch.arange(tags.shape[1], device=tags.device) >= lengths[:, None], 0)
        if tags.numel() and tags.device.type == "cpu":
            low, high = (int(bound) for bound in torch.aminmax(tags))
            if low < 0 or high >= self.num_tags:
                raise ValueError(f"expected tags from 0 to {self.num_tags - 1}, got {low} to {high}")
        return tags


class _NegativeLogLikelihood(torch.autograd.Function):
    """log Z less the score of the gold path, per sentence; the gradient is expected less observed counts."""

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
        messages = forward_backward(chain if forbidden is None else _forbid(chain, forbidden))
        K, last = emissions.shape[2], (lengths - 1).clamp(min=0)
        # The place of each transition in [K + 1, K], into the first token from the start scores in the last row.
        steps = torch.nn.functional.pad(tags[:, :-1], (1, 0), value=K) * K + tags
        final = tags.gather(1, last[:, None])[:, 0]
        # Less the same peaks as log Z: the difference of two large numbers would lose the digits that matter.
        tokens = emissions.gather(2, tags[:, :, None])[:, :, 0] - messages.emission_peak
        tokens += torch.cat((transitions, start[None])).take(steps) - messages.chain_peak
        inside = ~messages.outside.t()
        score = torch.where(inside, tokens, 0.0).sum(1) + (end[final] - messages.chain_peak)
        losses = messages.log_z - score
        ctx.share = None
        if forbidden is not None:
            no_start, no_transition, no_end = forbidden
            no_step = torch.cat((no_transition, no_start[None])).take(steps)
            illegal = no_end[final] | (no_step & inside).any(1)
            # With the gold path g beside the legal ones, log(Z + exp s(g)) - s(g).
            ctx.share = torch.where(illegal, losses.sigmoid(), 1.0)
            losses = torch.where(illegal, torch.nn.functional.softplus(losses), losses)
        ctx.messages, ctx.tags, ctx.steps, ctx.inside, ctx.last = messages, tags, steps, inside, last
        # Rounding may leave a path with all the mass just above the mass of all paths.
        return losses.masked_fill(lengths == 0, 0.0).clamp(min=0.0)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        factor = gradient if ctx.share is None else gradient * ctx.share
        surplus, transitions = expected_counts(ctx.messages, factor)
        counts = ctx.inside * factor[:, None]  # [B, T]
        surplus.scatter_add_(2, ctx.tags[:, :, None], -counts[:, :, None])
        K = surplus.shape[2]
        observed = surplus.new_zeros((K + 1) * K).index_add_(0, ctx.steps.reshape(-1), counts.reshape(-1))
        transitions -= observed.view(K + 1, K)[:K]
        rows = torch.arange(len(counts), device=counts.device)
        return surplus, surplus[:, 0].sum(0), transitions, surplus[rows, ctx.last].sum(0), None, None, None


def _reduce(losses: Tensor, lengths: Tensor, weights: Tensor | None, reduction: Reduction) -> Tensor:
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


def _forbid(chain: Chain, forbidden: Masks) -> Chain:
    """The chain with the scores of what is forbidden at minus infinity."""
    start, transitions, end = forbidden
    never = float("-inf")
    return chain._replace(
        start=chain.start.masked_fill(start, never),
        transitions=chain.transitions.masked_fill(transitions, never),
        end=chain.end.masked_fill(end, never),
    )


def _full_precision(emissions: Tensor) -> torch.autocast:
    return torch.autocast(emissions.device.type, enabled=False)


def _check_constraints(start: Tensor, transitions: Tensor, end: Tensor, num_tags: int) -> None:
    shapes = [list(mask.shape) for mask in (start, transitions, end)]
    expected = [[num_tags], [num_tags, num_tags], [num_tags]]
    if shapes != expected:
        raise ValueError(f"expected constraints of shapes {expected}, got {shapes}")
    # The tags that a legal beginning of each length can end with: a finite walk, since the sets must repeat.
    seen: set[tuple[bool, ...]] = set()
    reachable = start
    while (key := tuple(reachable.tolist())) not in seen:
        if not bool((reachable & end).any()):
            raise ValueError(
                f"expected constraints that leave a path for every length, got none for length {len(seen) + 1}"
            )
        seen.add(key)
        reachable = transitions[reachable].any(0)
